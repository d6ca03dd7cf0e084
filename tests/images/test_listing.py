"""Which pictures are packed, under which labels."""

import os

import pytest

from idxfast.errors import IdxError
from idxfast.images.listing import list_csv, list_folder


def touch(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def listed(listing):
    return [(listing.name(i), int(listing.labels[i])) for i in range(len(listing))]


def test_a_folder_for_each_class(tmp_path):
    touch(tmp_path, "b/2.png", "b/10.JPG", "a/x.jpeg", ".git/x.png", "a/.x.png", "__MACOSX/x.png")
    touch(tmp_path, "a/notes.txt", "README")
    (tmp_path / "c").mkdir()
    listing = list_folder(str(tmp_path))
    assert listed(listing) == [
        (os.path.join("a", "x.jpeg"), 0),
        (os.path.join("b", "10.JPG"), 1),
        (os.path.join("b", "2.png"), 1),
    ]
    assert listing.classes == {"a": 0, "b": 1, "c": 2}
    assert (listing.others, listing.example) == (2, "README")


def test_labels_that_are_numbers(tmp_path):
    touch(tmp_path, "10/a.png", "9/a.png")
    assert listed(list_folder(str(tmp_path))) == [
        (os.path.join("9", "a.png"), 9),
        (os.path.join("10", "a.png"), 10),
    ]


def test_links_are_followed(tmp_path):
    touch(tmp_path, "elsewhere/x.png")
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "a").symlink_to(tmp_path / "elsewhere")
    assert listed(list_folder(str(tmp_path / "set"))) == [(os.path.join("a", "x.png"), 0)]


@pytest.mark.skipif(os.name != "posix", reason="needs names of any bytes")
def test_names_of_any_bytes(tmp_path):
    name = os.fsdecode(b"a/\xff\xfe\xe2\x98\x83 \n.png")
    touch(tmp_path, name)
    assert listed(list_folder(str(tmp_path))) == [(name, 0)]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([], "the folder holds no folders"),
        (["a/notes.txt"], "no pictures"),
        (["a/x.png", "out/classes.txt", "z/x.png"], "out: no pictures in the folder of a class"),
        (["a/x.png", "y.png"], r"y\.png: a picture is in no folder of a class"),
        (["a/x.png", "a/b/y.png"], "b: a folder within the folder of a class"),
        ([f"{i}/x.png" for i in range(1, 258)], "more than 256"),
    ],
)
def test_folders_that_are_refused(tmp_path, names, message):
    touch(tmp_path, *names)
    with pytest.raises(IdxError, match=message):
        list_folder(str(tmp_path))


@pytest.mark.parametrize(
    ("text", "expected", "classes"),
    [
        ("b.png,dog\na.png,cat\n", [("b.png", 1), ("a.png", 0)], {"cat": 0, "dog": 1}),
        ("name,label\nx/b.png,7\n\nc.png,3", [("x/b.png", 7), ("c.png", 3)], {"3": 3, "7": 7}),
        ('\ufeff"a, ""b"".png","x y"\r\n', [('a, "b".png', 0)], {"x y": 0}),
        ("...png,a\n..a/b.png,a", [("...png", 0), ("..a/b.png", 0)], {"a": 0}),
    ],
)
def test_a_csv(tmp_path, text, expected, classes):
    path = tmp_path / "labels.csv"
    path.write_bytes(text.encode())
    listing = list_csv(str(tmp_path), str(path))
    assert listed(listing) == expected
    assert listing.classes == classes


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no pictures"),
        (b"name,label\n", "no pictures"),
        (b"a.png,1\nb.png\n", "line 2 has another number of columns .*found 1"),
        (b"a.png,1,2\n", "line 1 has another number of columns .*found 3"),
        (b"../a.png,1\n", "line 1 names nothing below the folder: ../a.png"),
        (b"x/../../a.png,1\n", "line 1 names nothing below"),
        (b"x\\..\\a.png,1\n", "line 1 names nothing below"),
        (b"/etc/a.png,1\n", "line 1 names nothing below"),
        (b"\\a.png,1\n", "line 1 names nothing below"),
        (b"a.png,1\nb.png,2\na.png,1\n", "a picture is named twice: a.png"),
        (b"a.png,1\nb.png,2\n./a.png,2\n", "a picture is named twice: a.png"),
        (b"a\0b.png,1\n", "line 1 names nothing below"),
        (b"a" * 4093 + b".png,1\n", "line 1 names nothing below the folder: a{200}$"),
        (b"C:\\a.png,1\n", "line 1 names nothing below"),
        (b"\\\\server\\share\\a.png,1\n", "line 1 names nothing below"),
        (b"a.png,\n", "not one line"),
        (b'a.png,"x\ny"\n', "not one line"),
        (b"a.png,\xff\n", r"line 1 is not UTF-8 \(expected UTF-8, found ff\)"),
        (b"a.png,1\r\nb.png,2\nc\xe9.png,3\n", "line 3 is not UTF-8 .*found e9"),
        (b"a.png,1\rb.png,2\rc\xe9.png,3\r", "line 3 is not UTF-8 .*found e9"),
        (b"".join(b"%05d.png,1\n" % i for i in range(5000)) + b"\xff", "line 5,001 is not UTF-8"),
        (b"\xef\xbb\xbfa.png,1\n\xc3", "line 2 is not UTF-8 .*found c3"),
        (b'a.png,"x"y\n', "line 2: |line 1: "),
        (b"".join(b"a.png,%d\n" % i for i in range(257)), "more than 256"),
        (b"a.png," + b"x" * 200_000, "line . ?.*field larger"),
    ],
)
def test_a_csv_that_is_refused(tmp_path, content, message):
    path = tmp_path / "labels.csv"
    path.write_bytes(content)
    with pytest.raises(IdxError, match=message) as caught:
        list_csv(str(tmp_path), str(path))
    assert caught.value.filename == str(path)
