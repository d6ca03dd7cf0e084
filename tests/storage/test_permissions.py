"""What may be taken over of the permissions of a file or folder that is replaced."""

import os
import stat

import pytest

from idxfast.storage.permissions import allowed

USER, GROUP, ANOTHER = 1000, 2000, 3000


def status(mode, user=USER, group=GROUP):
    return os.stat_result((stat.S_IFDIR | mode, 1, 1, 1, user, group, 0, 0, 0, 0))


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs users")
@pytest.mark.parametrize(
    ("old", "access_list", "new", "expected"),
    [
        (status(0o3775), None, status(0o700), (0o3775, None)),
        (status(0o3775), b"list", status(0o700), (0o3775, b"list")),
        (status(0o3775), None, status(0o700, group=ANOTHER), (0o1705, None)),
        (status(0o3705), None, status(0o700, group=ANOTHER), (0o1700, None)),
        (status(0o775), b"list", status(0o700, group=ANOTHER), (0o705, None)),
        (status(0o777, ANOTHER), None, status(0o700), (0o775, None)),
        # In a list, the bits of the group are the most that anybody in the list has.
        (status(0o777, ANOTHER), b"list", status(0o700), (0o705, None)),
        (status(0o777, 0), b"list", status(0o700), (0o777, b"list")),
    ],
)
def test_what_is_allowed(old, access_list, new, expected, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: USER)
    assert allowed(old, access_list, new, 0o755) == expected
