"""The page of a report, and a grid of images, in a browser."""

import html
import json
import shutil
import subprocess

import numpy as np
import pytest

import idxfast
from idxfast.cli import main
from idxfast.images import show

pytest.importorskip("PIL.Image", reason="needs Pillow")
CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs the Debian package chromium")

# A page that shows another one in a frame, and writes what it measures there as JSON.
MEASURE = """\
<!DOCTYPE html><meta charset="utf-8"><body>
<iframe srcdoc="{page}" style="border: 0; width: {width}px; height: 900px"></iframe>
<script>
addEventListener("load", () => {{
  document.body.innerHTML = "<pre></pre>";
  document.querySelector("pre").textContent = JSON.stringify(measured);
}});
const measured = {{}};
document.querySelector("iframe").addEventListener("load", event => {{
  const frame = event.target.contentWindow, page = frame.document;
  const style = frame.getComputedStyle(page.body);
  const quiet = page.querySelector(".quiet");
  const box = element => element.getBoundingClientRect();
  const images = [...page.images];
  Object.assign(measured, {{
    width: page.documentElement.clientWidth,
    needed: page.documentElement.scrollWidth,
    images: images.map(i => [i.naturalWidth, box(i).width, box(i).height, box(i).right, i.alt]),
    colours: [style.backgroundColor, style.color, quiet && frame.getComputedStyle(quiet).color],
    head: page.querySelector("thead") && box(page.querySelector("thead")).height,
    bars: [...page.querySelectorAll("svg path")].map(path => box(path).height),
    loaded: frame.performance.getEntriesByType("resource").map(entry => entry.name),
  }});
}});
</script>
"""


@pytest.fixture
def measure(tmp_path):
    """Show a page at a width, and measure it."""

    def run(source, width, *flags):
        path = tmp_path / "measure.html"
        path.write_text(MEASURE.format(page=html.escape(source), width=width))
        command = [
            CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
            f"--user-data-dir={tmp_path / 'profile'}", f"--window-size={max(width, 500) + 100},1000",
            *flags, "--dump-dom", path.as_uri(),
        ]  # fmt: skip
        shown = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
        text = shown.stdout.partition("<pre>")[2].partition("</pre>")[0]
        return json.loads(html.unescape(text))

    return run


@pytest.fixture
def page(tmp_path):
    """A report on images of 28 x 28 in 10 classes, one with a long name, and duplicates."""
    rng = np.random.default_rng(8)
    folder = tmp_path / "set"
    folder.mkdir()
    for kind, count in (("train", 200), ("t10k", 60)):
        images = rng.integers(0, 256, (count, 28, 28)).astype(np.uint8)
        images[-10:] = images[:10]
        labels = np.arange(count, dtype=np.uint8) % 10
        idxfast.save(folder / f"{kind}-images-idx3-ubyte.gz", images)
        idxfast.save(folder / f"{kind}-labels-idx1-ubyte.gz", labels)
    names = ["A class with quite a long name", "Sock" * 30, *map(str, range(2, 10))]
    (folder / "classes.txt").write_text("\n".join(names))
    assert main(["report", str(folder), "-o", str(tmp_path / "report.html")]) == 0
    return (tmp_path / "report.html").read_text()


def luminance(colour):
    """The relative luminance of WCAG 2."""
    levels = [int(n) / 255 for n in colour.removeprefix("rgb(").removesuffix(")").split(",")]
    linear = [n / 12.92 if n <= 0.04045 else ((n + 0.055) / 1.055) ** 2.4 for n in levels]
    return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))


@pytest.mark.parametrize("width", [400, 1400])
def test_the_page_fits(page, measure, width):
    measured = measure(page, width)
    assert measured["width"] == width
    assert measured["needed"] == width
    # 10 examples of each of 10 classes, their means, 2 x 8 duplicates, 10 pairs of near classes
    assert len(measured["images"]) == 100 + 10 + 16 + 20
    for natural, shown, height, right, alt in measured["images"]:
        assert natural == 28 and shown == height == 56 and right <= width and alt
    assert (measured["head"] > 10) == (width == 1400)
    assert len(measured["bars"]) == 2 and min(measured["bars"]) > 50
    assert not [name for name in measured["loaded"] if not name.startswith("data:")]


@pytest.mark.parametrize("flags", [[], ["--blink-settings=preferredColorScheme=0"]])
def test_light_and_dark_are_readable(page, measure, flags):
    paper, ink, quiet = map(luminance, measure(page, 1400, *flags)["colours"])
    assert (paper < 0.05) if flags else (paper > 0.9)
    for text in (ink, quiet):
        high, low = max(paper, text), min(paper, text)
        assert (high + 0.05) / (low + 0.05) >= 4.5  # what WCAG asks of text


def test_a_grid(measure):
    grid = show(np.full((50, 28, 28), 7, np.uint8), ["a name of several words"] * 50)
    for width in (400, 1400):
        measured = measure(f"<!DOCTYPE html>{grid._repr_html_()}", width)
        assert measured["needed"] == width
        assert len(measured["images"]) == 40
        assert all(size[:3] == [28, 56, 56] and size[3] <= width for size in measured["images"])
