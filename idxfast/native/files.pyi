import io
from typing import Final

AVAILABLE: Final[bool]

def open_file(path: str, limit: int) -> bytes | io.FileIO: ...
def sync_folder(path: str) -> None: ...
