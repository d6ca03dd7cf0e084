from typing import final

from typing_extensions import Buffer

@final
class Resampling:
    def __init__(
        self, weights: Buffer, spans: Buffer, longest: int, old_count: int, new_count: int
    ) -> None: ...

def find_edges(
    picture: Buffer, itemsize: int, height: int, width: int, limit: float
) -> tuple[int, int, int, int]: ...
def resample(
    target: Buffer, source: Buffer, itemsize: int, down: Resampling, across: Resampling
) -> None: ...
def sharpen(
    target: Buffer, source: Buffer, height: int, width: int, parameters: Buffer
) -> None: ...
def round_to_bytes(target: Buffer, source: Buffer, count: int) -> None: ...
def grey(target: Buffer, source: Buffer, count: int) -> None: ...
