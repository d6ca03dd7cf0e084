from typing import Final, NoReturn, final

from typing_extensions import Buffer

END: Final[int]
BLOCK: Final[int]
PAUSE: Final[int]
INPUT: Final[int]
SPACE: Final[int]
BAD: Final[int]

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
        stop_at_block: bool = False,
        max_bits: int = 0xFFFFFFFFFFFFFFFF,
        max_bytes: int = 0x7FFFFFFF,
    ) -> tuple[int, int, int, str | None]: ...
