"""IDX files in archives."""

import gzip
import io
import lzma
import struct
import tarfile
import tracemalloc
import zipfile

import pytest

from idxfast import IdxError, SizeError, TrailingDataError, TruncatedError
from idxfast.containers import packed
from idxfast.datasets import archives, finding
from idxfast.datasets.archives import Looked, load_member, members
from idxfast.datasets.looking import look


def entry_of(path):
    return look(str(path), (path.name,), None)


def make(path, files, compression=zipfile.ZIP_STORED):
    """An archive of the kind that the path's ending says."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", compression) as archive:
            for name, data in files:
                archive.writestr(name, data)
    else:
        mode = {".tar": "w", ".gz": "w:gz", ".xz": "w:xz", ".bz2": "w:bz2"}[path.suffix]
        with tarfile.open(path, mode) as archive:
            for name, data in files:
                info = tarfile.TarInfo(name)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
    return path


@pytest.fixture(params=["a.zip", "a.tar", "a.tar.gz", "a.tar.xz", "a.tar.bz2"])
def path(request, tmp_path):
    return tmp_path / request.param


def test_members(path, oracle):
    raw = oracle.pack(8, (3, 4, 5))
    files = [
        ("set/train-images-idx3-ubyte", raw),
        ("set/train-labels-idx1-ubyte.gz", gzip.compress(oracle.pack(8, (3,)))),
        ("set/x.xz", lzma.compress(oracle.pack(0x0C, (3, 8)))),
        ("set/README.md", b"text"),
        ("set/notes", b"text"),
        ("__MACOSX/set/train-images-idx3-ubyte", raw),
    ]
    archive = entry_of(make(path, files))
    found = members(archive, None, Looked())
    kind = archive.archive
    assert [entry.path for entry in found] == [f"{kind}://{n}::{path}" for n, _ in files[:3]]
    assert [entry.parts for entry in found] == [
        (path.name, *name.split("/")) for name, _ in files[:3]
    ]
    assert [entry.header.shape for entry in found] == [(3, 4, 5), (3,), (3, 8)]
    assert len({entry.identity for entry in found}) == 3
    for entry, data in zip(
        found, (raw, oracle.pack(8, (3,)), oracle.pack(0x0C, (3, 8))), strict=True
    ):
        oracle.check(load_member(entry), data)


def test_of_two_members_of_one_name_the_last_counts(path, oracle):
    first, last = oracle.pack(8, (3,)), oracle.pack(8, (4,))
    with pytest.warns(UserWarning) if path.suffix == ".zip" else pytest.MonkeyPatch.context():
        make(path, [("labels", first), ("labels", last)])
    (entry,) = members(entry_of(path), None, Looked())
    assert entry.header.shape == (4,)
    oracle.check(load_member(entry), last)


def test_members_that_are_damaged(path, oracle):
    whole = oracle.pack(8, (3, 4, 5))
    make(path, [("train-images-idx3-ubyte", whole[:-1]), ("train-labels-idx1-ubyte", b"<html>")])
    images, labels = members(entry_of(path), None, Looked())
    with pytest.raises(IdxError, match=r"train-images-idx3-ubyte: .* ends at byte 59 of 60"):
        load_member(images)
    assert labels.header is None and "HTML" in str(labels.error)


def test_every_cut_archive_is_an_error_or_has_whole_members(path, oracle):
    data = oracle.pack(8, (300,), bytes(range(150)) * 2)
    make(path, [("labels", data)])
    whole = path.read_bytes()
    for size in range(0, len(whole), max(1, len(whole) // 100)):
        path.write_bytes(whole[:size])
        entry = entry_of(path)
        for member in members(entry, None, Looked()) if entry is not None and entry.archive else ():
            try:
                oracle.check(load_member(member), data)
            except IdxError as error:
                assert str(path) in str(error)


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lzma.compress])
def test_a_member_with_a_wrong_header_is_explained(pack, path):
    """Images of three colours under a header of grey ones."""
    content = struct.pack(">HBB3I", 0, 8, 3, 5, 4, 6) + bytes(range(90)) * 4
    (entry,) = members(entry_of(make(path, [("train-images", pack(content))])), None, Looked())
    with pytest.raises(TrailingDataError) as caught:
        load_member(entry)
    header = "header=idxfast.Header('u1', (5, 4, 6, 3)), offset=16)"
    assert caught.value.hint.endswith(f"idxfast.load({entry.path!r}, {header}")


def test_a_member_whose_header_announces_too_much(path):
    content = struct.pack(">HBB3I", 0, 8, 3, 5, 4, 6) + bytes(96)
    (entry,) = members(entry_of(make(path, [("train-images", content)])), None, Looked())
    with pytest.raises(TruncatedError, match=f"the {entry.archive} container is whole") as caught:
        load_member(entry)
    assert "the first 4 of 5 items are whole" in caught.value.hint


def test_names_that_lead_out_of_the_archive_stay_in_it(path, oracle):
    make(
        path,
        [
            ("../../etc/labels", oracle.pack(8, (3,))),
            ("/labels", oracle.pack(8, (4,))),
            ("..", oracle.pack(8, (5,))),
        ],
    )
    entries = members(entry_of(path), None, Looked())
    assert [entry.parts[1:] for entry in entries] == [("etc", "labels"), ("labels",)]
    assert [len(load_member(entry)) for entry in entries] == [3, 4]


def test_links_devices_and_sparse_files_in_a_tar_are_left_out(tmp_path, oracle):
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as archive:
        for number, kind in enumerate(
            (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE)
        ):
            info = tarfile.TarInfo(f"train-labels-{number}")
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
        info = tarfile.TarInfo("train-images-idx1-ubyte")
        data = oracle.pack(8, (3,))
        info.size = len(data)
        info.pax_headers = {"GNU.sparse.map": f"0,{len(data)}", "GNU.sparse.size": str(1 << 50)}
        archive.addfile(info, io.BytesIO(data))
    assert members(entry_of(path), None, Looked()) == []


def test_encrypted_members_of_a_zip(tmp_path, oracle):
    path = make(tmp_path / "a.zip", [("train-labels-idx1-ubyte", oracle.pack(8, (3,)))])
    data = bytearray(path.read_bytes())
    for magic, offset in ((b"PK\1\2", 8), (b"PK\3\4", 6)):
        data[data.index(magic) + offset] |= 1
    path.write_bytes(data)
    (entry,) = members(entry_of(path), None, Looked())
    assert entry.header is None and "encrypted" in str(entry.error)


def test_the_number_of_members_is_bounded(path, oracle, monkeypatch):
    make(path, [(f"labels-{number}", oracle.pack(8, (3,))) for number in range(5)])
    monkeypatch.setattr(archives, "MAX_MEMBERS", 3)
    assert len(members(entry_of(path), None, Looked())) == 3


def test_how_far_a_tar_is_looked_at(tmp_path, oracle, monkeypatch):
    path = make(tmp_path / "a.tar.gz", [(f"labels-{n}", oracle.pack(8, (600,))) for n in range(4)])
    monkeypatch.setattr(archives, "MAX_UNPACKED", 512 + 608)  # just the first
    (first, second) = members(entry_of(path), None, Looked())
    assert (first.member, second.member) == ("labels-0", "labels-1")
    oracle.check(load_member(second), oracle.pack(8, (600,)))


def test_each_member_is_told_from_others(path, oracle):
    """Of a file that is in the archive twice, the second one is not taken for the next file."""
    data = oracle.pack(8, (3,))
    names = ["a/labels", "a/labels", "b/labels", "c/labels"]
    with pytest.warns(UserWarning) if path.suffix == ".zip" else pytest.MonkeyPatch.context():
        make(path, [(name, data) for name in names])
    assert len({entry.identity for entry in members(entry_of(path), None, Looked())}) == 3


def test_long_names_and_deep_folders_are_left_out(path, oracle):
    """Reading a name of 64 KB as words would take minutes."""
    names = [
        "labels",
        "a/" * 8 + "labels",
        " " * 249 + "labels",
        "a/" * 9 + "labels",
        " " * 250 + "labels",
        "a-" * 30_000,
    ]
    make(path, [(name, oracle.pack(8, (3,))) for name in names])
    assert [entry.member for entry in members(entry_of(path), None, Looked())] == names[:3]


def test_an_archive_that_is_exchanged_meanwhile(path, oracle):
    make(path, [("labels", oracle.pack(8, (3,)))])
    (entry,) = members(entry_of(path), None, Looked())
    make(path, [("others", oracle.pack(8, (3,)))])
    with pytest.raises(IdxError, match="the archive has no member 'labels'") as caught:
        load_member(entry)
    assert (caught.value.filename, caught.value.found) == (str(path), "others")


@pytest.mark.parametrize("name", ["a.tar", "a.tar.gz"])
def test_a_tar_that_is_exchanged_while_a_member_is_loaded(tmp_path, oracle, monkeypatch, name):
    """The file that was opened is read to the end."""
    data = oracle.pack(8, (3,))
    path = make(tmp_path / name, [("labels", data)])
    (entry,) = members(entry_of(path), None, Looked())
    open_regular = archives.open_regular

    def exchange(*arguments):
        file = open_regular(*arguments)
        path.unlink()
        make(path, [])
        return file

    monkeypatch.setattr(archives, "open_regular", exchange)
    oracle.check(load_member(entry), data)
    with tarfile.open(path) as exchanged:
        assert exchanged.getnames() == []


@pytest.mark.parametrize(
    ("field", "limit"),
    [("names", "MAX_ENTRIES"), ("opened", "MAX_OPENED"), ("unpacked", "MAX_UNPACKED_OF_ALL")],
)
def test_just_as_much_as_all_archives_may_hold(field, limit):
    most = getattr(archives, limit)
    Looked(**{field: most}).check("root")
    with pytest.raises(ValueError, match=r"^root: the archives hold more"):
        Looked(**{field: most + 1}).check("root")


def test_an_archive_that_is_not_compressed_unpacks_to_nothing(tmp_path, oracle):
    path = make(tmp_path / "a.tar", [("labels", oracle.pack(8, (3,)))])
    packed = make(tmp_path / "a.tar.gz", [("labels", oracle.pack(8, (3,)))])
    for archive, is_counted in ((path, False), (packed, True)):
        looked = Looked()
        assert len(members(entry_of(archive), None, looked)) == 1
        assert bool(looked.unpacked) is is_counted


@pytest.mark.parametrize("limit", ["MAX_ENTRIES", "MAX_OPENED", "MAX_UNPACKED_OF_ALL"])
def test_what_all_archives_may_hold(limit, tmp_path, oracle, monkeypatch):
    """Many links may lead to one archive of many members."""
    make(tmp_path / "a.tar.gz", [(f"{number}-labels", oracle.pack(8, (3,))) for number in range(4)])
    for number in range(3):
        (tmp_path / f"{number}.tar.gz").symlink_to("a.tar.gz")
    entries = finding.entries_of(str(tmp_path))
    bounds = {"MAX_ENTRIES": 16, "MAX_OPENED": 16, "MAX_UNPACKED_OF_ALL": 24 << 10}
    monkeypatch.setattr(archives, limit, bounds[limit])
    assert len(finding.with_members(entries, str(tmp_path))) == 16
    monkeypatch.setattr(archives, limit, bounds[limit] // 2)
    with pytest.raises(ValueError, match="hold more than can be searched: name the folder"):
        finding.with_members(entries, str(tmp_path))


def test_members_of_a_method_that_asks_for_much_memory(tmp_path, oracle):
    path = make(tmp_path / "a.zip", [("labels", oracle.pack(8, (3,)))], zipfile.ZIP_LZMA)
    (entry,) = members(entry_of(path), None, Looked())
    assert "compression method is not supported" in str(entry.error)


def memory_of(function):
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_huge_directory_is_not_read(tmp_path):
    """A zip file whose end announces a directory of many MB."""
    size = 4 * packed.MAX_PIECE
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 9, 9, size, 4, 0)
    path = tmp_path / "a.zip"
    path.write_bytes(b"PK\3\4" + bytes(size) + end)
    assert memory_of(lambda: members(entry_of(path), None, Looked())) < packed.MAX_PIECE + (2 << 20)
    assert members(entry_of(path), None, Looked()) == []


def test_a_huge_header_in_a_tar_is_not_read(tmp_path):
    """A compressed tar with an extended header of many MB, which compresses to little."""
    size = 64 << 20
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, size
    path = tmp_path / "a.tar.gz"
    with gzip.open(path, "wb", 1) as file:
        file.write(info.tobuf(tarfile.USTAR_FORMAT))
        for _ in range(size >> 20):
            file.write(bytes(1 << 20))
    assert memory_of(lambda: members(entry_of(path), None, Looked())) < 4 * packed.MAX_PIECE
    assert members(entry_of(path), None, Looked()) == []


def test_a_tar_with_a_huge_but_sound_header_is_refused(tmp_path, oracle):
    path = tmp_path / "a.tar.gz"
    data = oracle.pack(8, (3,))
    for size, count in ((packed.MAX_PIECE // 2, 1), (packed.MAX_PIECE, 0)):
        with tarfile.open(path, "w:gz", format=tarfile.PAX_FORMAT) as archive:
            info = tarfile.TarInfo("labels")
            info.size, info.pax_headers = len(data), {"comment": "x" * size}
            archive.addfile(info, io.BytesIO(data))
        assert len(members(entry_of(path), None, Looked())) == count


def test_the_largest_piece_is_read(tmp_path, oracle, monkeypatch):
    """A header of a tar archive has 512 bytes."""
    path = make(tmp_path / "a.tar", [("labels", oracle.pack(8, (3,)))])
    entry = entry_of(path)
    for size, count in ((512, 1), (511, 0)):
        monkeypatch.setattr(packed, "MAX_PIECE", size)
        assert len(members(entry, None, Looked())) == count


def test_a_member_unpacks_to_no_more_than_its_archive_can_hold(tmp_path, oracle):
    """gzip files of zeros, in an archive that compresses them once more."""
    for count, is_refused in ((32 << 20, False), (80 << 20, True)):
        packed = gzip.compress(struct.pack(">HBBI", 0, 8, 1, count) + bytes(count), 9)
        (entry,) = members(
            entry_of(make(tmp_path / "a.tar.gz", [("labels.gz", packed)])), None, Looked()
        )
        if is_refused:
            with pytest.raises(SizeError, match="more than 65,536 compressed bytes can hold"):
                load_member(entry)
        else:
            assert load_member(entry).shape == (count,)


def test_a_compressed_member_is_not_much_larger_than_its_archive(tmp_path, oracle):
    packed = gzip.compress(oracle.pack(8, (3,))) + bytes(2 << 20)
    (entry,) = members(
        entry_of(make(tmp_path / "a.tar.gz", [("labels.gz", packed)])), None, Looked()
    )
    with pytest.raises(
        SizeError,
        match=r"larger than its compressed size in the tar file allows .*at most 1,048,576",
    ):
        load_member(entry)
    (entry,) = members(entry_of(make(tmp_path / "a.tar", [("labels.gz", packed)])), None, Looked())
    oracle.check(load_member(entry), oracle.pack(8, (3,)))


def test_only_the_start_of_a_member_is_read_for_its_header(path):
    """A gzip member of empty blocks, in an archive that compresses it to little."""
    blocks = b"\0\0\0\xff\xff" * (4 << 20)
    packed = b"\x1f\x8b\x08" + bytes(7) + blocks + b"\1\0\0\xff\xff" + bytes(8)
    make(path, [("train-labels-idx1-ubyte.gz", packed)], compression=zipfile.ZIP_DEFLATED)
    assert memory_of(lambda: members(entry_of(path), None, Looked())) < 24 << 20
    (entry,) = members(entry_of(path), None, Looked())
    assert entry.header is None and isinstance(entry.error, TruncatedError)


def test_long_names_in_a_tar_take_little_memory(tmp_path):
    """tarfile would keep all of them."""
    path = tmp_path / "a.tar.gz"
    with tarfile.open(path, "w:gz", format=tarfile.GNU_FORMAT) as archive:
        for number in range(24):
            archive.addfile(tarfile.TarInfo(f"{number}" + "x" * (3 << 20)))
    found = []
    assert memory_of(lambda: found.extend(members(entry_of(path), None, Looked()))) < 64 << 20
    assert not found
