"""Another user replaces names in the folder while files are saved there."""

import os
import shutil
import stat
import subprocess
import sys

import pytest

import idxfast
from files.saves import ANOTHER, is_root, owner_and_mode

# Saves again and again, and counts what came of that.
SAVER = """
import os, sys
import numpy, numpy.ma, idxfast
idxfast.save  # imported while this user may still read the library

folder, user, rounds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
if user:
    os.setgid(user)
    os.setuid(user)
whole = errors = 0
for i in range(rounds):
    try:
        idxfast.save(os.path.join(folder, "file"), numpy.full(2000, i % 256, numpy.uint8))
        whole += 1
    except OSError:
        errors += 1
print(whole, errors)
"""

# Replaces what has the names in the folder, again and again. What belongs to others is moved away,
# because not all of it can be removed. Its own is removed soon, so that saves are possible.
REPLACER = """
import contextlib, os, random, shutil, sys

folder, user, victim = sys.argv[1], int(sys.argv[2]), sys.argv[3]
os.setgid(user)
os.setuid(user)
dice, parent = random.Random(1), os.getppid()
others = [os.path.join(victim, name) for name in os.listdir(victim)]
away, own, trusted = (os.path.join(folder, name) for name in ("away", "own", "trusted"))
os.mkdir(away)


def remove(path):
    with contextlib.suppress(OSError):
        shutil.rmtree(path) if os.path.isdir(path) and not os.path.islink(path) else os.unlink(path)


count = 0
while os.getppid() == parent:
    for name in ["file", *(name for name in os.listdir(folder) if name.endswith(".tmp"))]:
        path = os.path.join(folder, name)
        kind = dice.choice(["nothing", "link", "file", "folder", "pipe", "trusted", "trusted"])
        with contextlib.suppress(OSError):
            if kind == "link":
                os.symlink(dice.choice(others), own)
            elif kind == "file":
                open(own, "wb").close()
                os.chmod(own, 0o666)
            elif kind == "folder":
                os.mkdir(own)
                os.chmod(own, 0o777)
            elif kind == "pipe":
                os.mkfifo(own, 0o666)
            elif kind == "trusted":
                os.symlink(dice.choice(others), own)
                # The saver's own link, and at once another in its place.
                os.rename(trusted, path)
                os.rename(path, trusted)
        with contextlib.suppress(OSError):
            count += 1
            os.rename(path, os.path.join(away, str(count)))
        with contextlib.suppress(OSError):
            os.rename(own, path)
        remove(own)
        if name == "file" or dice.random() < 0.5:
            remove(path)
"""


@is_root
@pytest.mark.parametrize("saver", [0, 1234])
def test_nothing_of_others_changes_while_names_are_replaced(saver, shared, tmp_path, rounds):
    """Another user replaces the target, and what is beside it, at random."""
    victim = shared.with_name(shared.name + " victim")
    victim.mkdir(0o755)
    try:
        for name, mode in (("closed", 0o600), ("open", 0o644), ("executable", 0o755)):
            (victim / name).write_bytes(name.encode())
            (victim / name).chmod(mode)
            os.chown(victim / name, saver, saver)
        (victim / "folder").mkdir(0o755)
        os.chown(victim / "folder", saver, saver)
        (shared / "trusted").symlink_to(shared / "ours")
        os.lchown(shared / "trusted", saver, saver)
        files = [path for path in victim.iterdir() if path.is_file()]
        before = {path: owner_and_mode(path) for path in files}
        replacer = subprocess.Popen(
            [sys.executable, "-P", "-c", REPLACER, shared, str(ANOTHER), victim]
        )
        try:
            child = subprocess.run(
                [sys.executable, "-P", "-c", SAVER, shared, str(saver), str(50 * rounds)],
                capture_output=True, text=True, timeout=600,
            )  # fmt: skip
        finally:
            replacer.kill()
            replacer.wait()
        assert child.returncode == 0, child.stderr
        whole, errors = map(int, child.stdout.split())
        assert whole and whole + errors == 50 * rounds
        assert {path: owner_and_mode(path) for path in files} == before
        assert os.listdir(victim / "folder") == []
        # What had the target's name, for however long.
        for path in [shared / "file", *(shared / "away").iterdir()]:
            status = path.lstat() if os.path.lexists(path) else None
            if status and stat.S_ISREG(status.st_mode) and status.st_uid == saver:
                assert len(set(idxfast.load(path).tolist())) == 1
    finally:
        shutil.rmtree(victim)
