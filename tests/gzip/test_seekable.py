"""gzip/seekable: the form of the files, and every reader of gzip that is installed."""

import contextlib
import gzip
import io
import shutil
import subprocess
import zlib
from pathlib import Path

import numpy as np
import pytest

import idxfast
from files import tables
from files.handmade import idx
from idxfast.datasets.synthetic import digits
from idxfast.gzip import seekable

JAVA = """
import java.io.*;
import java.util.zip.*;

class Unpack {
    public static void main(String[] arguments) throws IOException {
        new GZIPInputStream(new FileInputStream(arguments[0])).transferTo(System.out);
        System.out.flush();
    }
}
"""
NODE = (
    "process.stdout.write(require('zlib').gunzipSync(require('fs').readFileSync(process.argv[1])))"
)
PERL = "use IO::Uncompress::Gunzip '$GunzipError'; my $all; binmode STDOUT;"
PERL += "IO::Uncompress::Gunzip::gunzip($ARGV[0] => \\$all, MultiStream => 1) or die; print $all"
PROGRAMS = {
    "gzip": ["gzip", "-dc"],
    "zcat": ["zcat"],
    "pigz": ["pigz", "-dc"],
    "bgzip": ["bgzip", "-dc"],
    "zstd": ["zstd", "-qdc"],
    "node": ["node", "-e", NODE],
    "java": ["java", "Unpack.java"],
    "perl": ["perl", "-e", PERL],
}
OPENERS = {
    "isal.igzip": lambda module, path: module.open(path),
    "zlib_ng.gzip_ng": lambda module, path: module.open(path),
    "rapidgzip": lambda module, path: module.open(path, parallelization=2),
    "indexed_gzip": lambda module, path: module.IndexedGzipFile(path),
    "Bio.bgzf": lambda module, path: module.open(path, "rb"),
    "pysam": lambda module, path: module.BGZFile(path),
}


@pytest.fixture(scope="session")
def files(tmp_path_factory):
    """Two files and their content: images, and enough blocks to fill more than one table."""
    folder = tmp_path_factory.mktemp("seekable")
    images, _ = digits(2_000)
    idxfast.save(folder / "images.gz", images, seekable=True)
    small = np.random.default_rng(1).integers(0, 9, (tables.FULL + 10, 28), np.uint8)
    pieces = map(bytes, small)
    (folder / "small.gz").write_bytes(tables.seekable(8, small.shape, pieces, 1))
    return [
        (str(folder / "images.gz"), idxfast.dumps(images)),
        (str(folder / "small.gz"), idxfast.dumps(small)),
    ]


@pytest.mark.parametrize("program", PROGRAMS)
def test_programs(program, files, tmp_path):
    command = PROGRAMS[program]
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    (tmp_path / "Unpack.java").write_text(JAVA)
    for path, content in files:
        done = subprocess.run([*command, path], cwd=tmp_path, capture_output=True)
        assert (done.returncode, done.stderr) == (0, b"")
        assert done.stdout == content


@pytest.mark.parametrize("library", OPENERS)
def test_libraries(library, files):
    module = pytest.importorskip(library)
    for path, content in files:
        with contextlib.closing(OPENERS[library](module, path)) as file:
            assert b"".join(iter(lambda file=file: file.read(100_000), b"")) == content


def test_the_standard_library(files):
    for path, content in files:
        assert gzip.decompress(Path(path).read_bytes()) == content


def parts(data):
    """Each member of a file, and its content."""
    while data:
        decompressor = zlib.decompressobj(31)
        content = decompressor.decompress(data)
        assert decompressor.eof
        yield data[: len(data) - len(decompressor.unused_data)], content
        data = decompressor.unused_data


SHAPES = {
    (): [4],
    (0,): [],
    (0, 28, 28): [],
    (5, 0): [],
    (3,): [12],
    (16_320,): [65_280],
    (16_321,): [65_280, 4],
    (41, 28, 28): [62_720, 62_720, 3_136],
    (2, 3, 4_000): [48_000, 48_000],
    (3, 16_320): [65_280] * 3,
    (3, 16_321): [65_280, 65_280, 65_280, 12],
    (2, 40_000): [65_280] * 4 + [58_880],
}


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("level", [0, 1, 6, 9])
def test_the_form(shape, threads, level):
    array = np.random.default_rng(1).integers(0, 9, shape, np.int32)
    file = io.BytesIO()
    idxfast.save(file, array, seekable=True, threads=threads, compresslevel=level)
    header, *blocks, table, end = parts(file.getvalue())
    content = idxfast.dumps(array)
    assert header == (tables.block(idx(0x0C, *shape), 0), content[: 4 + 4 * array.ndim])
    assert [len(data) for _, data in blocks] == SHAPES[shape]
    assert b"".join(data for _, data in blocks) == content[len(header[1]) :]
    pairs = [(len(packed), len(data)) for packed, data in [header, *blocks]]
    assert table == (tables.tables(pairs), b"")
    assert end == (tables.END, b"")
    item_size = np.prod(shape[1:], dtype=int) * 4
    assert seekable.count_blocks(array.nbytes, item_size) == len(pairs)
    assert np.array_equal(idxfast.loads(file.getvalue()), array)


def test_any_layout_gives_the_same_file():
    array = np.random.default_rng(1).integers(0, 9, (300, 30, 50), np.int32)
    files = set()
    for same in (array, array.astype(">i4"), np.asfortranarray(array), array[::-1][::-1]):
        file = io.BytesIO()
        idxfast.save(file, same, seekable=True)
        files.add(file.getvalue())
    assert len(files) == 1


@pytest.mark.parametrize("ndim", [0, 1, 3, 64])
def test_the_block_of_the_header(ndim):
    for shape in ([1] * ndim, [0xFFFFFFFF] * ndim):
        header = idx(8, *shape)
        packed = seekable.pack_header_block(header)
        assert packed == tables.block(header, 0)
        assert len(packed) == 35 + 4 * ndim
        assert seekable.unpack_header_block(packed) == header
        assert seekable.unpack_header_block(packed + b"more") == header


def test_what_is_no_block_of_a_header():
    header = idx(8, 5, 6)
    packed = seekable.pack_header_block(header)
    for size in range(len(packed)):
        assert seekable.unpack_header_block(packed[:size]) is None
    for bit in range(8 * len(packed)):
        changed = bytearray(packed)
        changed[bit >> 3] ^= 1 << (bit & 7)
        assert seekable.unpack_header_block(bytes(changed)) is None
    for other in (tables.block(header), gzip.compress(header), tables.END, header):
        assert seekable.unpack_header_block(other) is None


@pytest.mark.parametrize(
    ("item", "size"),
    [(0, 65_280), (1, 65_280), (784, 65_072), (65_280, 65_280), (65_281, 65_280), (40_000, 40_000)],
)
def test_blocks_hold_whole_items_if_they_can(item, size):
    assert seekable.choose_block_size(item) == size
