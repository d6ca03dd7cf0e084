"""The four files of MNIST in a folder."""

import pytest

from idxfast.compat._shared import four_files


@pytest.mark.parametrize("folder", ["raw", "packed"])
def test_load_four(family, same, folder):
    same(four_files.load_four(str(getattr(family, folder))), (family.train, family.t10k))


def test_a_file_that_is_missing_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="train-images-idx3-ubyte"):
        four_files.load_four(str(tmp_path))
