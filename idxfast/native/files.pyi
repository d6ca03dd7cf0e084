import io
from typing import Final, NoReturn, Self, final

AVAILABLE: Final[bool]
HOLDS_ENTRIES: Final[bool]

def open_file(path: str, limit: int) -> bytes | io.FileIO: ...

@final
class Held:
    def __new__(
        cls,
        path: str,
        within: Held | None = None,
        is_followed: bool = True,
        is_entry: bool = False,
    ) -> Self: ...
    def __reduce__(self) -> NoReturn: ...
    def fileno(self) -> int: ...
    def sync(self) -> None: ...
    def close(self) -> None: ...
