"""What the drop-in modules download, if it is not there."""

from idxfast.compat import downloads


def test_a_folder_that_holds_the_files_is_taken(family, no_download):
    assert downloads.find_or_fetch("mnist", family.packed) == str(family.packed)
    assert no_download == []


def test_what_a_folder_lacks_is_downloaded_into_it(tmp_path, family, no_download):
    (tmp_path / "train-images-idx3-ubyte").touch()
    assert downloads.find_or_fetch("mnist", tmp_path) == str(tmp_path)
    assert no_download == [("mnist", tmp_path)]
