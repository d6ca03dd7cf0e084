"""idxfast verify: read IDX files whole, and verify their checksums."""

from __future__ import annotations

import argparse

from .info import add_files, describe_all


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_files(parser)
    parser.epilog = (
        "A raw file has no checksum: only its size is checked. The exit status is 1 if a file is "
        "not whole."
    )


def run(options: argparse.Namespace) -> int:
    return describe_all(options, verify=True)
