"""What numpy's arrays say of their shape, an IdxFile says, too."""

import numpy as np
import pytest

import idxfast


@pytest.mark.parametrize("shape", [(), (0,), (7,), (3, 0, 2), (5, 3, 4)], ids=str)
@pytest.mark.parametrize("dtype", ["u1", ">i4", "<f8"])
def test_as_an_array(shape, dtype, tmp_path):
    array = np.zeros(shape, dtype)
    path = tmp_path / "file"
    path.write_bytes(array.tobytes())
    with idxfast.open(path, header=idxfast.Header(dtype, shape), offset=0) as file:
        for name in ("shape", "ndim", "size", "nbytes"):
            assert getattr(file, name) == getattr(array, name)
        assert file.dtype == array.dtype.newbyteorder("=")
        if shape:
            assert len(file) == len(array)
        else:
            with pytest.raises(TypeError, match="unsized"):
                len(file)
