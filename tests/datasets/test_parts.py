"""The part of a file that is fetched: what it may be, and how it is continued."""

import errno
import gzip
import os

import pytest

from idxfast.datasets import fetch, fetching
from mirrors.sets import IMAGES, LABELS, PRIVATE, cut, private, whole


@pytest.mark.skipif(not hasattr(os, "O_NOFOLLOW"), reason="needs O_NOFOLLOW")
@pytest.mark.parametrize("ending", ["part", "lock"])
@pytest.mark.parametrize(("name", "file"), [("tiny", IMAGES), ("one", "one.gz")])
def test_a_symbolic_link_is_not_followed(name, file, ending, tiny, split, tmp_path):
    (tmp_path / "mine").write_bytes(b"mine")
    (private(tmp_path) / f"{file}.{ending}").symlink_to(tmp_path / "mine")
    with pytest.raises(OSError, match="another directory can be given") as caught:
        fetch(name, tmp_path)
    assert caught.value.errno == errno.ELOOP
    assert (tmp_path / "mine").read_bytes() == b"mine"
    assert not (tmp_path / file).exists()


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs descriptors of folders")
@pytest.mark.parametrize(("name", "file"), [("tiny", IMAGES), ("one", "one.gz")])
def test_what_was_verified_takes_the_place(name, file, tiny, split, tmp_path, monkeypatch):
    """Whoever may write to the directory exchanges the part just before it moves."""
    private(tmp_path)
    content = {**tiny.packed, **split}[file]
    real, swapped = fetching.move_out, []

    def swap_and_move(inside, part, opened, folder, target):
        if target == file:
            (tmp_path / PRIVATE).rename(tmp_path / "away")
            (private(tmp_path) / part).write_bytes(b"planted")
            swapped.append(target)
        real(inside, part, opened, folder, target)

    monkeypatch.setattr(fetching, "move_out", swap_and_move)
    fetch(name, tmp_path)
    assert swapped == [file]
    assert (tmp_path / file).read_bytes() == content
    assert not (tmp_path / "away" / f"{file}.part").exists()


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs to be root, for another user"
)
def test_a_private_folder_of_another_user_is_refused(tiny, mirror, tmp_path):
    os.chown(private(tmp_path), 65534, 65534)
    with pytest.raises(
        PermissionError, match=r"\.idxfast\.0 is not a folder of this user"
    ) as caught:
        fetch("tiny", tmp_path)
    assert caught.value.filename == str(tmp_path / IMAGES)
    assert mirror.requests == []
    assert list(private(tmp_path).iterdir()) == []


@pytest.mark.parametrize("ending", ["part", "lock"])
@pytest.mark.parametrize("mode", [0o755, 0o777])
def test_a_hard_link_is_not_written_to(mode, ending, tiny, tmp_path):
    (tmp_path / "mine").write_bytes(b"mine")
    folder = tmp_path / "folder"
    folder.mkdir()
    folder.chmod(mode)
    (private(folder) / f"{IMAGES}.{ending}").hardlink_to(tmp_path / "mine")
    with pytest.raises(OSError, match="hard link"):
        fetch("tiny", folder)
    assert (tmp_path / "mine").read_bytes() == b"mine"
    assert not (folder / IMAGES).exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs FIFOs")
@pytest.mark.parametrize("ending", ["part", "lock"])
@pytest.mark.parametrize(("name", "file"), [("tiny", IMAGES), ("one", "one.gz")])
def test_a_fifo_is_refused_at_once(name, file, ending, tiny, split, tmp_path):
    """Who opens one waits for somebody else to do so, or reads what he writes."""
    os.mkfifo(private(tmp_path) / f"{file}.{ending}")
    reason = rf"{file}\.{ending} is a FIFO, not a regular file \(another directory can be given"
    with pytest.raises(OSError, match=reason) as caught:
        fetch(name, tmp_path)
    assert caught.value.errno == errno.EINVAL
    assert caught.value.filename == str(tmp_path / file)
    assert not (tmp_path / file).exists()


def test_a_cut_transfer_is_continued(tiny, mirror, tmp_path):
    tiny.publish(mirrors="a")
    mirror.faults[f"a/{IMAGES}"] = [cut]
    fetch("tiny", tmp_path)
    assert whole(tmp_path, tiny.packed)
    assert mirror.requests[0][1] is None
    assert mirror.requests[1][1].startswith("bytes=")


def test_a_mirror_that_always_breaks_off_does_not_spoil_another(tiny, mirror, tmp_path):
    """The second packs the same content in another way: what the first began does not fit."""
    other = gzip.compress(tiny.content[IMAGES], 1, mtime=0)
    mirror.files[f"b/{IMAGES}"] = other
    mirror.faults[f"a/{IMAGES}"] = [cut] * 3
    fetch("tiny", tmp_path)
    assert (tmp_path / IMAGES).read_bytes() == other


def test_what_does_not_fit_together_is_fetched_again(tiny, mirror, tmp_path):
    """The file on the mirror changes between the first half and the second."""
    old = bytes(reversed(tiny.packed[IMAGES]))
    (private(tmp_path) / f"{IMAGES}.part").write_bytes(tiny.packed[IMAGES][:5] + old[5:1000])
    fetch("tiny", tmp_path)
    assert whole(tmp_path, tiny.packed)
    assert mirror.requests[:2] == [(f"a/{IMAGES}", "bytes=1000-"), (f"a/{IMAGES}", None)]


def test_a_part_that_is_whole_is_not_fetched_again(tiny, mirror, tmp_path):
    """Its process was killed before it could give it its name."""
    (private(tmp_path) / f"{IMAGES}.part").write_bytes(tiny.packed[IMAGES])
    fetch("tiny", tmp_path)
    assert whole(tmp_path, tiny.packed)
    size = len(tiny.packed[IMAGES])
    assert mirror.requests == [(f"a/{IMAGES}", f"bytes={size}-"), (f"a/{LABELS}", None)]


def test_a_part_that_is_too_long_is_fetched_again(tiny, mirror, tmp_path):
    (private(tmp_path) / f"{IMAGES}.part").write_bytes(tiny.packed[IMAGES] + b"more")
    fetch("tiny", tmp_path)
    assert whole(tmp_path, tiny.packed)
