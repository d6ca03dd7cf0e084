from typing import Final

from typing_extensions import Buffer

HEADER_SPACE: Final[int]

def find_block(data: Buffer, start: int, stop: int) -> int: ...
