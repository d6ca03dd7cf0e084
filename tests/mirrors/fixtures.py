"""A running mirror, and data sets on it; a running server of objects."""

import contextlib
import gc
import gzip
import hashlib
import threading

import numpy as np
import pytest

from mirrors.objects import Objects
from mirrors.server import Mirror


@contextlib.contextmanager
def running(server):
    with server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.stopping.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def objects(monkeypatch):
    """A server of objects, for what needs fsspec and aiohttp."""
    pytest.importorskip("aiohttp")
    http = pytest.importorskip("fsspec.implementations.http")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with running(Objects()) as server:
        yield server
        # Close the client's connections, too: other tests count descriptors.
        http.HTTPFileSystem.clear_instance_cache()
        gc.collect()


@contextlib.contextmanager
def mirroring(patch):
    """A mirror of data sets, which fetching takes for one that speaks https."""
    from idxfast.datasets import transfer

    check_url = transfer.check_url
    with running(Mirror()) as server:
        secure = f"https://{server.address}/"
        patch.setattr(
            transfer, "check_url", lambda url, by: check_url(url.replace(server.url, secure), by)
        )
        patch.setattr("idxfast.datasets.parts.PAUSE", 0.0)
        patch.setenv("NO_PROXY", "127.0.0.1")
        patch.delenv("IDXFAST_OFFLINE", raising=False)
        yield server


@pytest.fixture
def mirror(monkeypatch):
    with mirroring(monkeypatch) as server:
        yield server


@pytest.fixture
def publish(mirror, oracle, monkeypatch):
    return publishing(mirror, oracle, monkeypatch)


def publishing(mirror, oracle, patch):
    """Put files of uint8, by name, on the mirror, as a set of the catalogue or in EMNIST's way."""
    from idxfast.datasets import catalogue
    from idxfast.format import Header

    def sha256(data):
        return "sha256:" + hashlib.sha256(data).hexdigest()

    def publish(name, packed, archive=None):
        files = []
        for filename, data in packed.items():
            raw = gzip.decompress(data)
            header = Header(np.dtype("u1"), oracle.read(raw)[1])
            files.append(catalogue.File(filename, header, len(data), sha256(data), sha256(raw)))
        mirrors = (f"{mirror.url}{name}/",)
        if archive is None:
            mirror.files |= {f"{name}/{filename}": data for filename, data in packed.items()}
        else:
            mirror.files[f"{name}/gzip.zip"] = archive
            file = catalogue.File("gzip.zip", None, len(archive), sha256(archive))
            names = "emnist-{split}-{kind}-{content}-ubyte.gz"
            archive, mirrors = catalogue.Archive("archive", file, mirrors, "gzip", names), ()
        known = catalogue.datasets().get(name)
        classes = known.classes if known else {}
        dataset = catalogue.Dataset(name, "", tuple(files), mirrors, archive, classes, None)
        patch.setitem(catalogue.datasets(), name, dataset)

    return publish
