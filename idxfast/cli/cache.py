"""idxfast cache: show or clear the cache of unpacked files."""

from __future__ import annotations

import argparse
import os
import time

from ..errors import printable
from ..storage.cache_folder import cache_folder
from ..storage.unpacked import FOLDER, Entry, open_unpacked_files


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "action",
        choices=["list", "clear"],
        metavar="{list,clear}",
        help="show each file, or remove them all; fetched data sets are left as they are",
    )


def run(options: argparse.Namespace) -> int:
    path = os.path.join(cache_folder(), FOLDER)
    if not os.path.lexists(path):
        print(f"there are no unpacked files in {printable(path)}")
        return 0
    with open_unpacked_files() as cache:
        if options.action == "list":
            entries = cache.entries()
            for entry in entries:
                print(_line(entry))
            print(f"{_total(entries)} in {printable(path)}")
        else:
            print(f"removed {_total(cache.clear())} from {printable(path)}")
            left = cache.entries()
            if left:
                print(f"{_total(left)} could not be removed, because programs have them mapped")
    return 0


def _line(entry: Entry) -> str:
    name = entry.sources[0] if entry.sources else "unknown file"
    others = len(entry.sources) - 1
    more = f" and {others:,} more" if others > 0 else ""
    used = time.strftime("%Y-%m-%d %H:%M", time.localtime(entry.used / 1e9))
    return f"{printable(name)}{more}: {entry.size:,} bytes, last used {used}"


def _total(entries: list[Entry]) -> str:
    number = "1 file" if len(entries) == 1 else f"{len(entries):,} files"
    return f"{number} of {sum(entry.size for entry in entries):,} bytes"
