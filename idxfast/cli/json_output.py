"""The option `--json`: one JSON object a line on standard output."""

from __future__ import annotations

import argparse
import math
from typing import Any


def add_json(parser: argparse.ArgumentParser, what: str) -> None:
    """Add the option; `what` says what an object is for, like "file"."""
    parser.add_argument("--json", action="store_true", help=f"print a JSON object for each {what}")


def print_json(value: dict[str, Any]) -> None:
    """Print an object on one line, in ASCII. Numbers that JSON does not have become null."""
    import json  # needed for this option alone

    print(json.dumps(_finite(value), allow_nan=False))


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
