"""What other users may have put into a folder to deceive this process.

Linux guards symbolic links and pipes in folders like /tmp by similar rules (``protected_symlinks``
and ``protected_fifos`` in its administrator's guide), but no other folders that users share.
"""

from __future__ import annotations

import contextlib
import os
import stat

from .folders import Folder


def may_be_planted(status: os.stat_result, folder: Folder) -> bool:
    """Whether another user may have put something into a folder.

    That may be if it belongs to neither this process's user nor root, and others than these two may
    write to the folder. Only root makes devices.

    Parameters
    ----------
    status : os.stat_result
        What the system says of it.
    folder : Folder
    """
    if not hasattr(os, "geteuid") or stat.S_ISCHR(status.st_mode) or stat.S_ISBLK(status.st_mode):
        return False
    place, trusted = folder.own_status(), {os.geteuid(), 0}
    if status.st_uid in trusted:
        return False
    if place.st_mode & 0o022:
        return True
    return place.st_uid not in trusted and not _are_both_roots(status, place)


def are_permissions_trusted(old: os.stat_result, folder: Folder) -> bool:
    """Whether a new file may get all the permissions of the one whose place it takes.

    Not if another user may have put the old one there. So anybody may in a folder that all may
    write to, unless its sticky bit is set, even if the file is not theirs: they can move it.
    """
    if not hasattr(os, "geteuid"):
        return True
    place = folder.own_status()
    if place.st_mode & 0o002 and not place.st_mode & stat.S_ISVTX:
        return False
    return not place.st_mode & 0o022 or old.st_uid in {os.geteuid(), 0, place.st_uid}


def _are_both_roots(status: os.stat_result, place: os.stat_result) -> bool:
    """Whether something and its folder belong to the root outside of a user namespace.

    There that root has the number of all users that have none inside (``user_namespaces(7)``).
    """
    with contextlib.suppress(OSError, ValueError):
        with open("/proc/self/uid_map") as file:
            is_whole = file.read().split() == ["0", "0", "4294967295"]
        with open("/proc/sys/kernel/overflowuid") as file:
            return not is_whole and {status.st_uid, place.st_uid} == {int(file.read())}
    return False
