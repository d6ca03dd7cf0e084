"""Where torchvision's files come from, and scripts that name other places."""

import hashlib
import os

import pytest

from idxfast.compat import torchvision as ours
from idxfast.compat.torchvision.published import qmnist_resources, resources


@pytest.fixture(scope="module")
def theirs():
    return pytest.importorskip("torchvision.datasets", reason="torchvision is not installed")


@pytest.mark.parametrize("name", ["MNIST", "FashionMNIST", "KMNIST"])
def test_lists_are_those_of_torchvision(theirs, name):
    for attribute in ("resources", "mirrors", "training_file", "test_file"):
        assert getattr(getattr(ours, name), attribute) == getattr(getattr(theirs, name), attribute)


def test_lists_of_the_larger_sets_are_those_of_torchvision(theirs):
    assert ours.QMNIST.resources == theirs.QMNIST.resources
    assert (ours.EMNIST.url, ours.EMNIST.md5) == (theirs.EMNIST.url, theirs.EMNIST.md5)


def test_each_class_has_lists_of_its_own():
    assert ours.MNIST.resources is not ours.FashionMNIST.resources
    assert ours.MNIST.mirrors is not ours.KMNIST.mirrors
    assert resources("mnist") == ours.MNIST.resources
    assert [name for name, _ in resources("kmnist")] == [name for name, _ in resources("mnist")]
    assert set(qmnist_resources()) == {"train", "test", "nist"}


def test_published_files_have_these_hashes(published):
    """Where the published files are: those of Fashion-MNIST."""
    for name, md5 in ours.FashionMNIST.resources:
        if (published / name).exists():
            assert hashlib.md5((published / name).read_bytes()).hexdigest() == md5


def test_files_that_are_named_with_a_url_are_known(torch_stub, tmp_path, no_download, monkeypatch):
    """As scripts for old versions of torchvision name them."""
    known = [(f"https://example.org/{name}", md5) for name, md5 in ours.MNIST.resources]
    monkeypatch.setattr(ours.MNIST, "resources", known)
    with pytest.raises(RuntimeError, match="not found"):
        ours.MNIST(tmp_path, download=True)
    assert no_download == [("mnist", os.path.join(tmp_path, "MNIST", "raw"))]


@pytest.fixture
def own(theirs, family, mirror, no_download):
    """A class with four files of its own on a server."""
    files = {path.name: path.read_bytes() for path in family.packed.iterdir()}
    mirror.files = {f"own/{name}": content for name, content in files.items()}

    class Own(ours.MNIST):
        resources = tuple((name, hashlib.md5(files[name]).hexdigest()) for name in sorted(files))
        mirrors = (f"{mirror.url}own/",)

    return Own


def test_files_of_another_server_come_from_there(own, mirror, family, tmp_path, no_download):
    dataset = own(tmp_path, train=False, download=True)
    assert dataset.data.tolist() == family.t10k[0].tolist()
    assert dataset.targets.tolist() == family.t10k[1].tolist()
    assert {path for path, _ in mirror.requests} == set(mirror.files)
    assert no_download == []


def test_files_of_another_server_are_verified(own, mirror, tmp_path, no_download):
    own.resources = ours.MNIST.resources
    with pytest.raises(RuntimeError):
        own(tmp_path, download=True)
    assert no_download == [] and mirror.requests


def test_other_files_of_the_usual_servers(theirs, tmp_path, no_download, monkeypatch):
    asked = []
    monkeypatch.setattr(theirs.MNIST, "download", lambda self: asked.append(self.mirrors))

    class Own(ours.KMNIST):
        resources = tuple((name, "0" * 32) for name, _ in ours.KMNIST.resources)

    with pytest.raises(RuntimeError, match="not found"):
        Own(tmp_path, download=True)
    assert asked == [ours.KMNIST.mirrors] and no_download == []
