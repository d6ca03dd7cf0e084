"""Each snippet of the documentation runs, in the order of its page, and does what the page says.

Pages are README.md, those in .docs, and the files that they include. A snippet that needs a package
that is not installed is skipped, and so are those that use what it would have made.
"""

import re
import tomllib

import numpy as np
import pytest

from pages.snippets import ROOT, find_pages, run, run_page, sides_of, snippets_of
from pages.surroundings import COUNT, inside, make_files, serve, surroundings

SNIPPETS = [
    pytest.param((page, snippet.line), id=f"{page.relative_to(ROOT).as_posix()}:{snippet.line}")
    for page in find_pages()
    for snippet in snippets_of(page)
]


@pytest.fixture(scope="module")
def pages(tmp_path_factory, oracle):
    """Run a page once, in a folder with the files that it reads."""
    done = {}

    def run_once(page):
        if page not in done:
            folder = tmp_path_factory.mktemp(page.stem)
            make_files(folder)
            with pytest.MonkeyPatch.context() as patch, inside(folder):
                serve(folder, patch)
                done[page] = run_page(page)
        return done[page]

    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch, surroundings(patch, oracle, home):
        yield run_once


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


@pytest.mark.skipif(not SNIPPETS, reason="there are no pages beside the tests")
def test_there_are_snippets_of_each_kind():
    found = [snippet for page in find_pages() for snippet in snippets_of(page)]
    kinds = [snippet.kind for snippet in found]
    assert (kinds.count("python"), kinds.count("sh"), kinds.count("diff")) > (40, 10, 12)


# Originals leave files open.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("name", ["idx2numpy", "mnist", "mlxtend"])
def test_before_and_after_a_migration(pages, tmp_path, name):
    """The other originals are not installed, or download."""
    page = ROOT / ".docs" / "migrate.md"
    if not page.exists():
        pytest.skip("there are no pages beside the tests")
    pytest.importorskip(name)
    section = page.read_text().partition(f"\n## {name}\n")[2].partition("\n## ")[0]
    make_files(tmp_path)
    results = []
    with inside(tmp_path):
        for code in sides_of(re.search("```diff\n(.*?)```", section, re.DOTALL)[1]):
            names = {}
            run(page, 1, code, names)
            results.append(names)
    before, after = results
    assert before["images"].size == COUNT * 784
    for key in before.keys() & {"images", "labels"}:
        assert before[key].dtype == after[key].dtype
        assert np.array_equal(before[key], after[key])


@pytest.mark.skipif(not (ROOT / ".github").is_dir(), reason="not all pages are in an sdist")
def test_the_extras_that_pages_name_exist():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    named = {
        extra
        for page in find_pages()
        for extras in re.findall(r"(?:idxfast|\.)\[([a-z,]+)\]'", page.read_text())
        for extra in extras.split(",")
    }
    assert {"datasets", "images", "http", "torch"} < named <= extras.keys()


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
