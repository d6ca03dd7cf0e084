"""The histogram of a report."""

import re
from xml.etree import ElementTree

import pytest

from idxfast.images.report.content import Levels
from idxfast.images.report.histogram import histogram


def levels(counts, edges=None, is_level=False):
    edges = edges or [float(edge) for edge in range(len(counts) + 1)]
    return Levels(0, 0, 0, 0, 0, edges, counts, is_level)


def bars(svg):
    """The left end, the height and the width of each bar."""
    path = svg.find("path").get("d")
    found = re.findall(r"M([\d.]+) 146v-([\d.]+)h([\d.]+)v([\d.]+)z", path)
    assert all(up == down for _, up, _, down in found)
    assert len(found) == path.count("M")
    return [tuple(map(float, bar[:3])) for bar in found]


def test_heights_are_logarithmic():
    svg = ElementTree.fromstring(histogram(levels([1, 0, 10, 1000]), "a < b"))
    # A field of 380 x 136 has 4 columns; 1000 is as high as the field, 1 a quarter of that.
    assert bars(svg) == [(52, 34, 95), (242, 68, 95), (337, 136, 95)]
    assert svg.find("title").text == "a < b"
    texts = [text.text for text in svg.iter("text")]
    assert texts == ["0", "1 k", "100", "10", "1", "0", "4"]
    heights = [float(line.get("y1")) for line in svg.iter("line")]
    assert heights == [146, 10, 44, 78, 112]


def test_the_last_level_is_that_of_the_last_bar():
    counts = [0] * 255 + [10**13]
    svg = ElementTree.fromstring(histogram(levels(counts, is_level=True), ""))
    assert [text.text for text in svg.iter("text")][-2:] == ["0", "255"]
    assert len(bars(svg)) == 1
    assert len(list(svg.iter("line"))) <= 6


@pytest.mark.parametrize("edges", [[-1e300, 0.0, 1e300], [0.1234567, 0.2, 0.3]])
def test_ends(edges):
    svg = ElementTree.fromstring(histogram(levels([1, 1], edges), ""))
    assert [text.text for text in svg.iter("text")][-2:] == [f"{e:.6g}" for e in edges[::2]]
