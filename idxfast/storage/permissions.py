"""What a new file or folder takes over from the one that it replaces: permissions, group and owner.

Everything is done by descriptors. If it were done by paths, others who may write to the folder
around could have it done to another file.
"""

from __future__ import annotations

import contextlib
import os
import stat

from .folders import ACCESS_LIST


def take_group(descriptor: int, old: os.stat_result) -> os.stat_result:
    """Give what is new the old group if that is allowed; return its status."""
    with contextlib.suppress(OSError):
        os.fchown(descriptor, -1, old.st_gid)
    return os.fstat(descriptor)


def allowed(
    old: os.stat_result, access_list: bytes | None, new: os.stat_result, made: int
) -> tuple[int, bytes | None]:
    """The permissions and the access control list that what is new may have.

    Parameters
    ----------
    old : os.stat_result
    access_list : bytes or None
        The old one's.
    new : os.stat_result
        With the group that `take_group` has given it.
    made : int
        The permissions with which it was made.
    """
    mode, kept = stat.S_IMODE(old.st_mode), access_list
    if new.st_gid != old.st_gid:
        # The old group's rights are not for another group, and its members now count as others.
        mode = mode & 0o1700 | mode & mode >> 3 & 0o007
        kept = None
    if old.st_uid not in (new.st_uid, 0) and os.geteuid() != 0:
        # It becomes this user's, and the old owner may not decide what others may do with it.
        mode = mode & 0o7770 | mode & made & 0o007
        kept = None
    if kept is None and access_list is not None:
        # The bits of the group are those of everybody in the list, and say nothing of the group.
        mode &= 0o7707
    return mode, kept


def give(descriptor: int, mode: int, access_list: bytes | None) -> None:
    """Set permissions and the access control list."""
    # It may have got a list from the folder. File systems without such lists refuse the call.
    with contextlib.suppress(OSError, AttributeError):
        if access_list is None:
            os.removexattr(descriptor, ACCESS_LIST)
    with contextlib.suppress(PermissionError):
        os.fchmod(descriptor, mode)
    with contextlib.suppress(OSError):
        if access_list is not None:
            os.setxattr(descriptor, ACCESS_LIST, access_list)


def take_owner(descriptor: int, old: os.stat_result) -> None:
    """Give what is new the old owner, if that is allowed.

    This comes last: afterwards this process may have no right to change anything.
    """
    with contextlib.suppress(OSError):
        os.fchown(descriptor, old.st_uid, -1)
