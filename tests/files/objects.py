"""Objects that can be read, but are no files."""

import io


class Reads:
    """An object with read alone, which returns as many bytes as it likes."""

    def __init__(self, data, sizes):
        self.file = io.BytesIO(data)
        self.sizes = sizes

    def read(self, size):
        return self.file.read(min(size, self.sizes()))


class ReadsInto(Reads):
    def readinto(self, buffer):
        return self.file.readinto(memoryview(buffer)[: self.sizes()])


def from_middle(data, start):
    file = io.BytesIO(data)
    file.seek(start)
    return file
