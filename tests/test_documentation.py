"""Each Python snippet of README.md and of the pages in .docs runs, in the order of its page.

A snippet that needs a network, or a package that is not installed, is skipped, and so are those that
use what it would have made.
"""

import ast
import builtins
import contextlib
import doctest
import os
import re
import socket
import struct
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import idxfast

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / ".docs").glob("*.md"))]
NEEDS_NETWORK = ("https://", "s3://", "datasets.load(")
COUNT = 13_000


def snippets_of(page):
    """The line where each snippet starts, and its code."""
    text = page.read_text() if page.exists() else ""
    for match in re.finditer(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        yield text.count("\n", 0, match.start()) + 2, match[1]


SNIPPETS = [
    pytest.param((page, line), id=f"{page.name}:{line}")
    for page in PAGES
    for line, _ in snippets_of(page)
]


def names_in(code):
    """The names that a snippet assigns or imports, and those that it uses."""
    made, used = set(), set()
    if ">>>" in code:
        code = "".join(example.source for example in doctest.DocTestParser().get_examples(code))
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Name):
            (used if isinstance(node.ctx, ast.Load) else made).add(node.id)
        elif isinstance(node, ast.alias):
            made.add((node.asname or node.name).partition(".")[0])
    return made, used


def run(page, line, code, names):
    if ">>>" not in code:
        exec(compile("\n" * (line - 1) + code, page, "exec", dont_inherit=True), names)
        return
    test = doctest.DocTestParser().get_doctest(code, names, page.name, str(page), line - 1)
    doctest.DebugRunner(optionflags=doctest.ELLIPSIS).run(test, clear_globs=False)
    names.update(test.globs)


def missing_package(error):
    """The package whose import failed; a package may raise an error of its own for another one."""
    while error.name is None and isinstance(error.__cause__, ImportError):
        error = error.__cause__
    return (error.name or "idxfast").partition(".")[0]


def run_page(page):
    """What became of each snippet, by its line, and the names that all of them have made."""
    names, missing, outcomes = {"__name__": "__main__"}, {}, {}
    for line, code in snippets_of(page):
        made, used = names_in(code)
        reason = next((missing[name] for name in sorted(used - made) if name in missing), None)
        if any(word in code for word in NEEDS_NETWORK):
            reason = "it needs a network"
        error = None
        if reason is None:
            try:
                run(page, line, code, names)
            except ImportError as caught:
                package = missing_package(caught)
                if package == "idxfast":
                    error = caught
                else:
                    reason = f"{package} is not installed"
            except Exception as caught:
                error = caught
        if reason is not None:
            missing |= dict.fromkeys(made - names.keys() - set(dir(builtins)), reason)
        outcomes[line] = reason, error
    return SimpleNamespace(outcomes=outcomes, names=SimpleNamespace(**names))


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Run a page once, in a folder with the files that it reads."""
    done, old = {}, os.getcwd()

    def run_once(page):
        if page not in done:
            folder = tmp_path_factory.mktemp(page.stem)
            make_files(folder)
            os.chdir(folder)
            done[page] = run_page(page)
        return done[page]

    with pytest.MonkeyPatch.context() as patch:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        # As torchrun sets them.
        for name, value in {
            "RANK": 0, "WORLD_SIZE": 1, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port,
            "GLOO_SOCKET_IFNAME": "lo",
        }.items():  # fmt: skip
            patch.setenv(name, str(value))
        try:
            yield run_once
        finally:
            os.chdir(old)
            idxfast.compat.unpatch()


def make_files(folder):
    random = np.random.default_rng(1)
    images = random.integers(0, 256, (COUNT, 28, 28), np.uint8)
    labels = random.integers(0, 10, COUNT, np.uint8)
    for name in ("", "folder/", "fashion/"):
        (folder / name).mkdir(exist_ok=True)
        idxfast.save(folder / f"{name}train-images-idx3-ubyte.gz", images, compresslevel=1)
        idxfast.save(folder / f"{name}train-labels-idx1-ubyte.gz", labels)
    idxfast.save(folder / "train-images-idx3-ubyte", images)
    with contextlib.suppress(ImportError):
        from PIL import Image

        for name in ("sandal.jpg", "digit.png"):
            Image.fromarray(images[0]).save(folder / name)
    # Labels that somebody has written in 8 bytes each, under the header of labels of one byte.
    header = struct.pack(">HBBI", 0, 8, 1, 10_000)
    payload = labels[:10_000].astype("<i8").tobytes()
    (folder / "labels-idx1-ubyte").write_bytes(header + payload)


@pytest.mark.parametrize("snippet", SNIPPETS)
# Newer Pythons warn of each fork of a process with threads, which torch's loader makes.
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork")
def test_a_snippet_runs(pages, snippet):
    page, line = snippet
    reason, error = pages(page).outcomes[line]
    if error is not None:
        raise error
    if reason is not None:
        pytest.skip(reason)


@pytest.fixture
def recipes(pages):
    page = ROOT / ".docs" / "recipes.md"
    if not page.exists():
        pytest.skip("there are no pages beside the tests")
    return pages(page).names


def test_what_recipes_make(recipes):
    images, labels = recipes.images.astype(np.float64), recipes.labels.astype(np.int64)
    for found, expected in (
        (recipes.scaled, images / 255),
        (recipes.centred, images / 127.5 - 1),
        (recipes.standard, (images - images.mean()) / images.std()),
    ):
        assert found.dtype == np.float32
        assert np.abs(found - expected).max() < 1e-4
    assert recipes.distance == np.sqrt(((images[0] - images[1]) ** 2).sum())
    assert recipes.distance != np.linalg.norm(recipes.images[0] - recipes.images[1])
    assert (
        recipes.flat.shape == (COUNT, 784) and (recipes.flat[5].reshape(28, 28) == images[5]).all()
    )
    assert recipes.channels_last.shape == (COUNT, 28, 28, 1)
    assert recipes.channels_first.shape == (COUNT, 1, 28, 28)
    assert recipes.padded.shape == (COUNT, 32, 32)
    assert (recipes.padded[:, 2:-2, 2:-2] == images).all() and not recipes.padded[:, :2].any()
    assert (recipes.one_hot.argmax(1) == labels).all() and (recipes.one_hot.sum(1) == 1).all()
    assert recipes.counts.tolist() == [int((labels == n).sum()) for n in range(10)]
    assert (recipes.sneakers == images[labels == 7]).all()
    assert sorted(set(recipes.two_labels.tolist())) == [3, 8]
    assert len(recipes.two_images) == recipes.counts[3] + recipes.counts[8]
    assert (recipes.binary == (recipes.two_labels == 8)).all()
    assert (recipes.first == images[:1000]).all()
    assert len(set(recipes.some.tolist())) == 1000
    assert (recipes.some_labels == labels[recipes.some]).all()
    assert sorted(recipes.order.tolist()) == [*range(COUNT)]
    assert (recipes.shuffled_labels == labels[recipes.order]).all()
    assert [*recipes.train, *recipes.validation] == recipes.order.tolist()
    assert (recipes.batch_labels == labels[recipes.order[-len(recipes.batch) :]]).all()
    assert len(recipes.batch) == COUNT % 256


def test_what_recipes_make_of_tensors(recipes):
    torch = pytest.importorskip("torch", reason="torch is not installed")
    assert recipes.targets.dtype == torch.int64
    assert recipes.targets.tolist() == recipes.labels.tolist()
    assert recipes.inputs.shape == (COUNT, 1, 28, 28)
    assert np.array_equal(recipes.inputs[:, 0].numpy(), recipes.scaled)
    assert torch.equal(recipes.indicators.argmax(1), recipes.targets)
    with pytest.raises(RuntimeError):
        torch.nn.functional.one_hot(torch.from_numpy(recipes.labels), 10)
    with pytest.warns(UserWarning, match="deprecated"):
        found = torch.arange(3.0)[torch.tensor([1, 0, 1], dtype=torch.uint8)]
    assert found.tolist() == [0, 2]


def test_what_recipes_make_of_pictures(recipes):
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    assert recipes.sheet.shape == (280, 280)
    assert (recipes.sheet[28:56, 56:84] == recipes.images[12]).all()
    assert image.fromarray(recipes.sheet).mode == "L"
