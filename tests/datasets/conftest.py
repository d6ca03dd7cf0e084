"""Small sets in the catalogue and on mirrors."""

import gzip
import io
import random
import zipfile
from types import SimpleNamespace

import pytest

from idxfast.datasets import catalogue
from mirrors.sets import IMAGES, LABELS, entry, sha256


@pytest.fixture(scope="module")
def content(oracle):
    """Two files, unpacked; the images do not compress, so that they come in several pieces."""
    noise = random.Random(5).randbytes(500 * 28 * 28)
    return {IMAGES: oracle.pack(8, (500, 28, 28), noise), LABELS: oracle.pack(8, (500,))}


@pytest.fixture
def tiny(mirror, content, monkeypatch):
    """A set of two files, `tiny`, in the catalogue and on two mirrors, a and b."""
    packed = {name: gzip.compress(raw, mtime=0) for name, raw in content.items()}
    for name, data in packed.items():
        mirror.files |= {f"a/{name}": data, f"b/{name}": data}

    def publish(mirrors="ab", **changes):
        dataset = catalogue.Dataset(
            name="tiny",
            title="Tiny",
            files=tuple(entry(n, raw, packed[n], **changes) for n, raw in content.items()),
            mirrors=tuple(f"{mirror.url}{name}/" for name in mirrors),
            archive=None,
            classes={},
            licence=None,
        )
        monkeypatch.setitem(catalogue.datasets(), "tiny", dataset)

    publish()
    return SimpleNamespace(content=content, packed=packed, publish=publish)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """The user's cache; where a set called tiny goes by default."""
    monkeypatch.setenv("IDXFAST_CACHE", str(tmp_path / "idxfast"))
    return tmp_path / "idxfast" / "tiny"


@pytest.fixture
def split(mirror, oracle, monkeypatch):
    """Two sets of one file in one archive, like EMNIST's splits, and worse things beside them."""
    raw = {name: oracle.pack(8, (n, 4, 4)) for name, n in (("one.gz", 5), ("two.gz", 6))}
    packed = {name: gzip.compress(data, mtime=0) for name, data in raw.items()}
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as members:
        for name in packed:
            members.writestr(f"gzip/{name}", packed[name])
        for name in ("../one.gz", "/tmp/one.gz", "gzip/../../evil", "one.gz"):
            members.writestr(name, b"evil")
    mirror.files["gzip.zip"] = data.getvalue()
    file = catalogue.File("gzip.zip", None, len(data.getvalue()), sha256(data.getvalue()))
    archive = catalogue.Archive("split", file, (mirror.url,), "gzip", "{split}.gz")
    for name in packed:
        files = (entry(name, raw[name], packed[name]),)
        dataset = catalogue.Dataset(name[:3], "", files, (), archive, {}, None)
        monkeypatch.setitem(catalogue.datasets(), name[:3], dataset)
    return packed
