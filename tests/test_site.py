"""The site builds without a warning, holds every public name, and depends on nobody else."""

import ast
import importlib
import inspect
import re
import subprocess
import sys
import types
import urllib.parse
from html.parser import HTMLParser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / ".docs"
MODULES = [
    "idxfast", "idxfast.errors", "idxfast.datasets", "idxfast.datasets.synthetic", "idxfast.images",
    "idxfast.integrations.torch", "idxfast.integrations.dask", "idxfast.integrations.xarray",
    "idxfast.compat", "idxfast.compat.idx2numpy", "idxfast.compat.mnist",
    "idxfast.compat.python_mnist", "idxfast.compat.mnist_reader", "idxfast.compat.mlxtend",
    "idxfast.compat.torchvision", "idxfast.compat.torchvision.datasets",
    "idxfast.compat.keras.mnist", "idxfast.compat.keras.fashion_mnist", "idxfast.compat.mnists",
    "idxfast.compat.emnist", "idxfast.compat.tensorflow", "idxfast.compat.pylearn2",
    "idxfast.compat.sklearn",
]  # fmt: skip
# What a browser requests without being asked to.
REQUESTS = {
    "audio": ["src"], "embed": ["src"], "iframe": ["src"], "img": ["src", "srcset"],
    "input": ["src"], "link": ["href"], "object": ["data"], "script": ["src"],
    "source": ["src", "srcset"], "video": ["src", "poster"],
}  # fmt: skip


class Page(HTMLParser):
    """What a page links to and requests, and its anchors."""

    def __init__(self, path):
        super().__init__()
        self.links, self.requests, self.anchors = [], [], set()
        self.feed(path.read_text())

    def handle_starttag(self, tag, pairs):
        attributes = dict(pairs)
        self.anchors.add(attributes.get("id"))
        if tag == "a" and "href" in attributes:
            self.links.append(attributes["href"])
        # <link rel="next"> and its like are followed by nobody.
        if tag != "link" or attributes.get("rel") in ("stylesheet", "icon", "preload"):
            self.requests += [
                attributes[name] for name in REQUESTS.get(tag, ()) if name in attributes
            ]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site, built from this folder."""
    for name in ("sphinx", "myst_parser", "furo", "numpydoc"):
        pytest.importorskip(name)
    if not (SOURCE.is_dir() and (ROOT / ".github").is_dir()):
        pytest.skip("there are no pages beside the tests, or not all that they include")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--keep-going", "--quiet"]
    command += ["--doctree-dir", folder / "trees", SOURCE, folder / "site"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return folder / "site"


@pytest.fixture(scope="module")
def pages(site):
    return {path: Page(path) for path in site.rglob("*.html")}


def test_every_page_of_the_source_is_there(site):
    sources = [path for path in SOURCE.rglob("*") if path.suffix in (".md", ".rst")]
    built = {path.relative_to(site).with_suffix("") for path in site.rglob("*.html")}
    assert len(sources) > 30
    assert {path.relative_to(SOURCE).with_suffix("") for path in sources} < built


def test_links_lead_to_pages_and_anchors(site, pages):
    checked = 0
    for path, page in pages.items():
        for link in page.links:
            url = urllib.parse.urlsplit(link)
            if url.scheme or link == "#":
                assert url.scheme in ("", "https", "mailto"), f"{path}: {link}"
                continue
            target = (path.parent / urllib.parse.unquote(url.path)).resolve() if url.path else path
            assert target.is_relative_to(site.resolve()) and target.is_file(), f"{path}: {link}"
            if url.fragment and target in pages:
                anchor = urllib.parse.unquote(url.fragment)
                assert anchor in pages[target].anchors, f"{path}: {link}"
                checked += 1
    assert checked > 200


def test_a_page_requests_nothing_of_other_hosts(site, pages):
    requests = [request for page in pages.values() for request in page.requests]
    assert len(requests) > 100
    assert not [request for request in requests if urllib.parse.urlsplit(request).netloc]
    for style in site.rglob("*.css"):
        for url in re.findall(r"url\(([^)]*)\)|@import\s+([^;]*)", style.read_text()):
            assert not re.match("['\"]?(https?:)?//", "".join(url)), f"{style}: {url}"


def public_names(module):
    """The names of `__all__` or, without one, what the module itself defines."""
    if hasattr(module, "__all__"):
        return module.__all__
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", None) == module.__name__
    ]


def stated_names(name):
    """What the source says of `__all__`, for a module that cannot be imported here."""
    path = ROOT.joinpath(*name.split("."))
    source = (path / "__init__.py" if path.is_dir() else path.with_suffix(".py")).read_text()
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return ast.literal_eval(node.value)
    return None


@pytest.mark.parametrize("name", MODULES)
def test_the_reference_has_every_public_name(site, name):
    """Of a public module, whether the name is documented there or where it is defined."""
    from sphinx.util.inventory import InventoryFile

    documented = InventoryFile.loads((site / "objects.inv").read_bytes(), uri="").data
    known = {name for kind, names in documented.items() if kind.startswith("py:") for name in names}
    assert name in known
    try:
        module = importlib.import_module(name)
    except ImportError as error:
        names = stated_names(name)
        if names is None:
            pytest.skip(f"{error.name} is not installed")
        assert names and {f"{name}.{public}" for public in names} <= known
        return
    names = public_names(module)
    assert names
    objects = [resolve(place) for place in known]
    for public in names:
        value = getattr(module, public)
        if not isinstance(value, types.ModuleType) and f"{name}.{public}" not in known:
            assert inspect.isroutine(value) or inspect.isclass(value), public
            assert any(value is found for found in objects), public


def resolve(place):
    """The object of this dotted name, if its module can be imported."""
    parts = place.split(".")
    value = importlib.import_module(parts[0])
    for number, part in enumerate(parts[1:], 2):
        try:
            value = getattr(value, part)
        except AttributeError:
            try:
                value = importlib.import_module(".".join(parts[:number]))
            except ImportError:
                return None
    return value
