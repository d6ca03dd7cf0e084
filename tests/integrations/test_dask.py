"""integrations/dask: one file or several, on threads of this process."""

import gzip

import numpy as np
import pytest

import idxfast

da = pytest.importorskip("dask.array", reason="needs dask[array]")
from_idx = pytest.importorskip("idxfast.integrations.dask").from_idx


@pytest.fixture
def put(pack, tmp_path):
    def put(name, array):
        (tmp_path / name).write_bytes(pack(array))
        return str(tmp_path / name)

    return put


def test_one_file(put, images):
    array = from_idx(put("a", images))
    assert (array.shape, array.dtype) == (images.shape, np.uint8)
    assert array.numblocks == (1, 1, 1)
    assert (array.compute() == images).all()
    assert float(array.mean()) == pytest.approx(images.mean())
    assert float(array.std()) == pytest.approx(images.std())


def test_several_files(put, images, tmp_path):
    paths = [tmp_path / "a", put("b", images[7:])]
    put("a", images[:7])
    array = from_idx(paths, chunks=100)
    assert array.chunks[0] == (7, *[100] * 3, len(images) - 307)
    assert (array.compute() == images).all()
    for key in (slice(3, 9), slice(None, None, -7), [390, 2, 2], (slice(5, 300), 14, [3, 4])):
        assert (array[key].compute() == images[key]).all()


@pytest.mark.parametrize("chunks", [(50, 28, 28), {0: 50}, {0: "39 KiB"}, (50, 10, 28), "auto", -1])
def test_chunks_as_dask_takes_them(chunks, put, images):
    array = from_idx(put("a", images), chunks=chunks)
    assert (array.compute() == images).all()
    assert array.chunks == da.from_array(images, chunks=chunks).chunks


def test_chunks_as_a_number_of_numpy(put, images):
    path = put("a", images)
    assert from_idx(path, chunks=np.int64(20)).chunks == from_idx(path, chunks=20).chunks


@pytest.mark.parametrize("chunks", [0, -2, (50, 28), "many", (1, 1, 1, 1)])
def test_wrong_chunks(chunks, put, images):
    with pytest.raises(ValueError):
        from_idx(put("a", images), chunks=chunks)


def test_default_chunks(tmp_path, monkeypatch):
    monkeypatch.setattr("idxfast.integrations.shared_file.CHUNK_BYTES", 200_000)
    monkeypatch.setattr("idxfast.integrations.shared_file.UNPACKED_BYTES", 300_000)
    rows = np.zeros((600, 28, 28), np.uint8)
    for name, options, chunks in (
        ("raw", {}, (255, 255, 90)),
        ("seekable.gz", {"seekable": True}, (249, 249, 102)),  # blocks of 83 images
        ("ordinary.gz", {}, (382, 218)),
    ):
        idxfast.save(tmp_path / name, rows, **options)
        assert from_idx(tmp_path / name).chunks == (chunks, (28,), (28,))
    monkeypatch.setattr("idxfast.integrations.shared_file.REMOTE_CHUNK_BYTES", 400_000)
    for name, chunks in (
        ("raw", (510, 90)),
        ("seekable.gz", (498, 102)),
        ("ordinary.gz", (382, 218)),
    ):
        assert from_idx((tmp_path / name).as_uri()).chunks[0] == chunks


@pytest.mark.parametrize("code", [0x08, 0x09, 0x0B, 0x0C, 0x0D, 0x0E])
@pytest.mark.parametrize("shape", [(), (0,), (5,), (0, 3), (4, 0), (2, 3, 4, 5)])
def test_types_and_shapes(code, shape, oracle, tmp_path):
    data = oracle.pack(code, shape)
    (tmp_path / "a").write_bytes(data)
    array = from_idx(tmp_path / "a")
    name, _, payload = oracle.read(data)
    assert (array.dtype, array.shape) == (name, shape)
    assert array.compute().tobytes() == payload
    if shape:
        assert from_idx([tmp_path / "a"] * 2).compute().tobytes() == 2 * payload


def test_tokens_follow_the_identity_of_the_file(put, images):
    path = put("a", images)
    name = from_idx(path).name
    assert from_idx(path).name == name != from_idx(path, chunks=7).name
    put("a", images[::-1].copy())
    assert from_idx(path).name != name


def test_a_graph_holds_no_data(put, images):
    cloudpickle = pytest.importorskip("cloudpickle")
    assert len(cloudpickle.dumps(from_idx(put("a", images), chunks=100))) < 5000


def test_no_files():
    with pytest.raises(ValueError, match="urls is empty"):
        from_idx([])


@pytest.mark.parametrize(
    ("code", "shape", "part", "expected", "found"),
    [
        (0x08, (5, 3, 4), "dimensions", "3 x 5", "3 x 4"),
        (0x08, (5,), "dimensions", "3 x 5", "one element"),
        (0x08, (), "dimensions", "3 x 5", "an array without axes"),
        (0x09, (5, 3, 5), "type", "uint8", "int8"),
    ],
)
def test_files_that_differ(code, shape, part, expected, found, oracle, tmp_path):
    (tmp_path / "a").write_bytes(oracle.pack(0x08, (2, 3, 5)))
    (tmp_path / "b").write_bytes(oracle.pack(code, shape))
    with pytest.raises(idxfast.IdxError, match=r"as those of .*a ") as caught:
        from_idx([tmp_path / "a", tmp_path / "a", tmp_path / "b"])
    error = caught.value
    assert (error.filename, error.part) == (str(tmp_path / "b"), part)
    assert (error.expected, error.found) == (expected, found)


def test_a_file_that_is_missing_among_others(put, images, tmp_path, no_thread_is_left):
    paths = [put("a", images), tmp_path / "none", tmp_path / "a"]
    with pytest.raises(FileNotFoundError) as caught:
        from_idx(paths)
    assert caught.value.filename == str(tmp_path / "none")
    no_thread_is_left()


def test_damage_and_changes_reach_the_caller(put, images, tmp_path):
    path = put("a", images)
    array = from_idx(path)
    with open(path, "ab") as file:
        file.write(b"x")
    with pytest.raises(idxfast.IdxError):
        array.compute()
    (tmp_path / "b.gz").write_bytes(gzip.compress(bytes(100)))
    with pytest.raises(idxfast.FormatError):
        from_idx(tmp_path / "b.gz")


def test_urls(objects, pack, images):
    objects.files["a"] = pack(images)
    array = from_idx([f"{objects.url}a"] * 2, chunks=150)
    assert (array.compute() == np.concatenate([images, images])).all()
