"""Text in the place of an IDX file."""

import ast
import base64
import codecs
import gzip
import struct

import pytest

from idxfast.diagnosis.text import MAX_PATH, looks_like_path, recognise_text

LABELS = struct.pack(">HBBI", 0, 8, 1, 300) + bytes(i % 10 for i in range(300))
PACKED = gzip.compress(LABELS, mtime=0)


def xxd(data):
    """As `xxd` writes it."""
    lines = []
    for at in range(0, len(data), 16):
        row = data[at : at + 16]
        pairs = " ".join(row[i : i + 2].hex() for i in range(0, len(row), 2))
        shown = "".join(chr(c) if 32 <= c < 127 else "." for c in row)
        lines.append(f"{at:08x}: {pairs:39}  {shown}\n")
    return "".join(lines).encode()


def hexdump(data):
    """As `hexdump -C` writes it."""
    lines = []
    for at in range(0, len(data), 16):
        row = data[at : at + 16]
        lines.append(f"{at:08x}  {row[:8].hex(' ')}  {row[8:].hex(' ')}  |................|\n")
    return "".join(lines).encode()


DUMPS = [
    LABELS.hex().encode(),
    LABELS.hex(" ", 2).encode(),
    LABELS.hex(" ").upper().encode(),
    b"\n".join(LABELS[i : i + 30].hex().encode() for i in range(0, len(LABELS), 30)),
    PACKED.hex().encode(),
    xxd(LABELS),
    hexdump(LABELS),
    b"unsigned char labels[] = {\n  " + ", ".join(f"0x{c:02x}" for c in LABELS).encode() + b"};",
    b"{" + ", ".join(f"0x{c:x}" for c in LABELS).encode() + b"}",
]


@pytest.mark.parametrize("text", DUMPS)
def test_hex_dumps(text):
    for start in (text, text[:1024], codecs.BOM_UTF8 + text):
        found = recognise_text(start)
        assert found.what == "a hex dump, as text, of an IDX file"
    if found.undo is not None:
        expected = PACKED if text.startswith(b"1f8b") else LABELS
        assert eval(found.undo.replace("{}", "text")) == expected


@pytest.mark.parametrize(
    "text", [b"1234 5678 9abc", xxd(bytes(range(1, 40))), b"0000000 0010", b"00 00 07 01", b"0000"]
)
def test_hex_dumps_of_something_else(text):
    found = recognise_text(text)
    assert found is None or "dump" not in found.what


@pytest.mark.parametrize("data", [LABELS, PACKED], ids=["raw", "gzip"])
def test_base64(data):
    for text in (base64.b64encode(data), base64.encodebytes(data)):
        found = recognise_text(text)
        assert found.what == "base64 text of an IDX file"
        assert eval(found.undo.replace("{}", "text")) == data
    found = recognise_text(b"data:application/octet-stream;base64," + base64.b64encode(data))
    assert found.what == "base64 text of an IDX file"
    assert recognise_text(base64.b64encode(b"abcdefghijkl")) is None


@pytest.mark.parametrize("data", [LABELS, PACKED, b"\0\0\x0d\1\0\0\0\1abcd"])
def test_bytes_of_python(data):
    found = recognise_text(repr(data).encode())
    assert found.what == "Python's bytes of an IDX file, as text"
    assert (
        ast.literal_eval(repr(data))
        == eval(found.undo.replace("{}", "repr(data).encode()"))
        == data
    )


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_of_an_idx_file(codec):
    text = LABELS.decode("latin-1").encode(codec)
    found = recognise_text(text)
    assert "UTF-16" in found.what
    assert eval(found.undo.replace("{}", "text")) == LABELS


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (LABELS.hex(" ", 2), "UTF-16 text: a hex dump"),
        ("<!DOCTYPE html>", "UTF-16 text: an HTML page"),
        ("version https://git-lfs.github.com/spec/v1", "UTF-16 text: a Git LFS pointer"),
        ("nothing that is known", "UTF-16 text"),
    ],
)
@pytest.mark.parametrize("mark", [codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE], ids=["le", "be"])
def test_utf_16_of_text(text, words, mark):
    codec = "utf-16-le" if mark == codecs.BOM_UTF16_LE else "utf-16-be"
    encoded = mark + text.encode(codec)
    found = recognise_text(encoded)
    assert found.what.startswith(words)
    if "hex" in words:
        assert eval(found.undo.replace("{}", "encoded")) == LABELS


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"../../.git/annex/objects/Xk/9F/MD5E-s28881--9f.gz/MD5E-s28881--9f.gz", "git annex get"),
        (b"/annex/objects/SHA256E-s28881--ab12.gz\n", "git annex get"),
        (rb"..\.git\annex\objects\Xk\9F\MD5E-s1--9f\MD5E-s1--9f", "git annex get"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "git lfs pull"),
        (b"outs:\n- md5: 0123\n  path: train.gz\n", "dvc pull"),
        (b"../data/train-images-idx3-ubyte", "the data are in '../data/train-images-idx3-ubyte'"),
        (b"train-images-idx3-ubyte\n", "the target of a symbolic link"),
        (b"/srv/mnist/t10k.gz", "the target of a symbolic link"),
        (b"label,pixel0,pixel1,pixel2\n5,0,0,0\n", "CSV"),
        (b"5,0,0,0,0,0,0\n", "CSV"),
        (b"0.5 0.25 1e-3 0.125\n", "CSV"),
        (b"@RELATION mnist\n", "ARFF"),
        (b"% comment\n@relation", "ARFF"),
        (b"[[0, 0], [1, 1]]", "a list as text"),
        (b'{"error": 1}', "JSON"),
        (b"{0, 0, 8, 3}", "an array in C's notation"),
        (b"\n <html>", "an HTML page"),
    ],
)
def test_pointers_tables_and_pages(text, words):
    assert words in recognise_text(text).what


@pytest.mark.parametrize(
    "text",
    [b"", b"  ", b"images", b"hello world", b"a/b c", b"\xff\xfe"[:1], b"\0\0\x07\1", b"a\0b/c"],
)
def test_what_is_not_recognised(text):
    assert recognise_text(text) is None


@pytest.mark.parametrize("ending", ["-ubyte", ".idx", ".gz", ".xz", ".bz2", ".BZ2"])
def test_endings_of_paths(ending):
    assert looks_like_path(f"images{ending}".encode())
    assert not looks_like_path(f"images{ending} ".encode())


def test_the_longest_path():
    assert looks_like_path(b"/" * MAX_PATH)
    assert not looks_like_path(b"/" * (MAX_PATH + 1))


@pytest.mark.parametrize(
    ("text", "words", "can_be_undone"),
    [
        ("\0\0\x08\1", "an IDX file that a text tool", True),
        ("\0\0\x08\1\u0142", "an IDX file that a text tool", False),
        ("\0\0", "UTF-16 text", False),
        ("\0\0\x07\1", "UTF-16 text", False),
        ("ab\tcdefgh", "UTF-16 text", False),
        ("<!DOCTYPE html>\0", "UTF-16 text", False),
    ],
)
def test_the_start_of_utf_16(text, words, can_be_undone):
    found = recognise_text(codecs.BOM_UTF16_LE + text.encode("utf-16-le"))
    assert found.what.startswith(words)
    assert ":" not in found.what
    assert (found.undo is not None) == can_be_undone


@pytest.mark.parametrize(("size", "is_found"), [(6, False), (8, True)])
def test_utf_16_without_a_mark_needs_four_characters(size, is_found):
    found = recognise_text("\0\0\x08\1".encode("utf-16-le")[:size])
    assert (found is not None) == is_found


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        (b"H4sI", False),
        (base64.b64encode(PACKED[:6]), True),
        (base64.b64encode(LABELS[:6]), True),
        (b"00000801", True),
        (b"000008", False),
    ],
)
def test_how_much_has_to_be_there(text, is_found):
    found = recognise_text(text)
    assert ("of an IDX file" in found.what if found else False) == is_found


def test_a_path_of_several_lines_is_no_pointer():
    assert recognise_text(b"../data/images-idx3-ubyte\n../data/labels-idx1-ubyte") is None
