"""What other users may have put into a folder to deceive this process.

Linux has similar rules for symbolic links and pipes in sticky folders like /tmp
(``protected_symlinks`` and ``protected_fifos`` in its administrator's guide), but not for other
folders that users share.
"""

from __future__ import annotations

import contextlib
import os
import stat

from .folders import Folder


def may_be_planted(status: os.stat_result, folder: Folder) -> bool:
    """Whether another user may have put something into a folder.

    This is possible for what belongs to neither this process's user nor root, in a folder that
    anyone but these two may write to. Devices are exempt, because only root can make them.

    Parameters
    ----------
    status : os.stat_result
        Of what is in the folder.
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
    """Whether a new file may take over all permissions of the file that it replaces.

    The new file may not if another user may have put the old one there. In a folder that all may
    write to, without the sticky bit, anybody may have moved the file there, whoever owns it.
    """
    if not hasattr(os, "geteuid"):
        return True
    place = folder.own_status()
    if place.st_mode & 0o002 and not place.st_mode & stat.S_ISVTX:
        return False
    return not place.st_mode & 0o022 or old.st_uid in {os.geteuid(), 0, place.st_uid}


def may_others_write(status: os.stat_result) -> bool:
    """Whether anyone but this process's user and root may write to a file.

    Parameters
    ----------
    status : os.stat_result
        Of the file. If it has an access control list, the bits of the group show the most that the
        list allows.
    """
    if not hasattr(os, "geteuid"):
        return False  # as far as can be known
    return status.st_uid not in {os.geteuid(), 0} or bool(status.st_mode & 0o022)


def _are_both_roots(status: os.stat_result, place: os.stat_result) -> bool:
    """Whether something and its folder both belong to the root outside of a user namespace.

    Inside, that root appears as the overflow user, like every user who is not mapped
    (``user_namespaces(7)``).
    """
    with contextlib.suppress(OSError, ValueError):
        with open("/proc/self/uid_map") as file:
            is_whole = file.read().split() == ["0", "0", "4294967295"]
        with open("/proc/sys/kernel/overflowuid") as file:
            return not is_whole and {status.st_uid, place.st_uid} == {int(file.read())}
    return False
