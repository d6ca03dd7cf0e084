"""Raw files on several threads."""

import os

import pytest

import idxfast


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    """Let a file of a MB be read in many parts, on several threads."""
    monkeypatch.setattr("idxfast.containers.raw.CHUNK", 100_000)
    monkeypatch.setattr("idxfast.containers.raw.SWAPPED", 8_000)
    monkeypatch.setattr("idxfast.containers.raw.MIN_SIZE", 1)


def test_raw_files(tmp_path, oracle):
    for code, shape in [(8, (1_000_003,)), (0x0C, (250_001, 3)), (0x0E, (7, 13_003))]:
        content = oracle.pack(code, shape)
        path = tmp_path / "raw"
        path.write_bytes(content)
        for threads in (1, 2, 8):
            oracle.check(idxfast.load(path, threads=threads), content)
            calls = []
            progress = lambda *call, calls=calls: calls.append(call)  # noqa: E731
            idxfast.load(path, threads=threads, progress=progress)
            assert calls == sorted(calls)
            assert calls[-1] == (len(content), len(content))


def test_a_raw_file_that_shrinks(tmp_path, monkeypatch):
    path = tmp_path / "raw"
    path.write_bytes(b"\0\0\x08\x01" + (1_000_000).to_bytes(4) + bytes(1_000_000))
    read = idxfast.storage.source.FileSource.read_into

    def read_into(self, buffer, offset):
        os.truncate(path, 500_000)
        return read(self, buffer, offset)

    monkeypatch.setattr(idxfast.storage.source.FileSource, "read_into", read_into)
    for threads in (1, 3):
        with open(path, "r+b") as file:
            file.truncate(1_000_008)
        with pytest.raises(idxfast.TruncatedError) as error:
            idxfast.load(path, threads=threads)
        assert error.value.found == 500_000
