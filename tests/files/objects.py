"""Objects that can be read, but are no files."""

import io


class Reads:
    """An object with read alone, which returns as many bytes as it likes."""

    def __init__(self, data, sizes):
        self.file = io.BytesIO(data)
        self.sizes = sizes

    def read(self, size):
        return self.file.read(min(size, self.sizes()))


class Pieces:
    """Each piece is read by itself, like a line of a terminal. An empty one is an end."""

    def __init__(self, *pieces):
        self.left = list(pieces)

    def read(self, size):
        piece, self.left[0] = self.left[0][:size], self.left[0][size:]
        if not self.left[0]:
            del self.left[0]
        return piece


class ReadsInto(Reads):
    def readinto(self, buffer):
        return self.file.readinto(memoryview(buffer)[: self.sizes()])


def from_middle(data, start):
    file = io.BytesIO(data)
    file.seek(start)
    return file
