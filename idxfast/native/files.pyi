from typing import Final

AVAILABLE: Final[bool]

def open_file(path: str, limit: int) -> tuple[bytes | None, int, int]: ...
