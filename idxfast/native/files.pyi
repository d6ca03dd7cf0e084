import io
from typing import Final, final

AVAILABLE: Final[bool]
HOLDS_ENTRIES: Final[bool]

def open_file(path: str, limit: int) -> bytes | io.FileIO: ...

@final
class Held:
    def __init__(
        self,
        path: str,
        within: Held | None = None,
        is_followed: bool = True,
        is_entry: bool = False,
    ) -> None: ...
    def fileno(self) -> int: ...
    def sync(self) -> None: ...
    def close(self) -> None: ...
