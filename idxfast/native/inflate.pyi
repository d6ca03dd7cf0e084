from typing import Final, NoReturn, Self, final

from typing_extensions import Buffer

END: Final[int]
BLOCK: Final[int]
PAUSE: Final[int]
INPUT: Final[int]
SPACE: Final[int]
BAD: Final[int]
HEADER_SPACE: Final[int]
NONE: Final[int]
NEEDS_MORE: Final[int]
NOT_GZIP: Final[int]
METHOD: Final[int]
FLAGS: Final[int]
CHECKSUM: Final[int]

def find_block(data: Buffer, start: int, stop: int) -> int: ...

@final
class Symbols:
    def __new__(cls, literals: int, matches: int) -> Self: ...
    def __reduce__(self) -> NoReturn: ...
    @property
    def size(self) -> int: ...
    def clear(self) -> None: ...
    def used_window(self) -> bytes: ...
    def copy(self, out: Buffer, position: int, *, start: int = 0, history: Buffer = b"") -> int: ...

@final
class Inflater:
    def __reduce__(self) -> NoReturn: ...
    def reset(self) -> None: ...
    def decode(
        self,
        data: Buffer,
        bit: int,
        out: Buffer,
        position: int,
        *,
        start: int = 0,
        history: Buffer = b"",
        block_stop: int = 0xFFFFFFFFFFFFFFFF,
        max_bits: int = 0xFFFFFFFFFFFFFFFF,
        max_bytes: int = 0x7FFFFFFF,
    ) -> tuple[int, int, int, str | None]: ...
    def decode_symbols(
        self,
        data: Buffer,
        bit: int,
        symbols: Symbols,
        *,
        block_stop: int = 0xFFFFFFFFFFFFFFFF,
        max_bits: int = 0xFFFFFFFFFFFFFFFF,
    ) -> tuple[int, int, str | None]: ...

def read_header(data: Buffer, start: int) -> tuple[int, int]: ...
def decode_member(data: Buffer, limit: int) -> bytes | None: ...
def find_bgzf_blocks(
    data: Buffer, start: int, stop: int, step: int, unpacked_step: int
) -> list[tuple[int, int]]: ...
def decode_members(
    data: Buffer, start: int, stop: int, out: Buffer, position: int
) -> tuple[int, int, int]: ...
