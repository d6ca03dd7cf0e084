from typing import Final

from typing_extensions import Buffer

NONE: Final[int]
NEEDS_MORE: Final[int]
NOT_GZIP: Final[int]
METHOD: Final[int]
FLAGS: Final[int]
CHECKSUM: Final[int]

def read_header(data: Buffer, start: int) -> tuple[int, int]: ...
def decode_member(data: Buffer, limit: int) -> bytes | None: ...
def find_bgzf_blocks(
    data: Buffer, start: int, stop: int, step: int, unpacked_step: int
) -> list[tuple[int, int]]: ...
def decode_members(
    data: Buffer, start: int, stop: int, out: Buffer, position: int
) -> tuple[int, int, int]: ...
