from typing import Final

from typing_extensions import Buffer

WINDOW: Final[int]
PREFIX_SPACE: Final[int]
CLOSING_SPACE: Final[int]
COMPLETE: Final[int]
CUT: Final[int]
BAD_DATA: Final[int]
NO_SPACE: Final[int]

def make_closing() -> tuple[str, bytes]: ...
def decode_segment(
    stream: Buffer,
    start: int,
    stop: int,
    cut: bool,
    out: Buffer,
    position: int,
    window: int,
) -> tuple[int, int, int]: ...
