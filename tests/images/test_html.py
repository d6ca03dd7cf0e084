"""HTML as text."""

import base64
import io
from html.parser import HTMLParser

import numpy as np
import pytest

from idxfast.images.html import Markup, element, join, picture


def test_text_is_escaped_and_markup_is_not():
    inner = element("b", "<i>", Markup("&amp;"))
    assert inner == "<b>&lt;i&gt;&amp;</b>"
    assert element("p", inner, "&", class_="a\"b'") == (
        '<p class="a&quot;b&#x27;"><b>&lt;i&gt;&amp;</b>&amp;</p>'
    )
    assert join("<", inner) == f"&lt;{inner}"


def test_names_of_attributes():
    made = element("meta", http_equiv="refresh", name="n", data_title=3)
    assert made == '<meta http-equiv="refresh" name="n" data-title="3">'


def test_what_cannot_be_printed():
    assert element("p", "a\x1b[2J\udc80\u202e\n") == "<p>a\\x1b[2J\\udc80\\u202e\\n</p>"


@pytest.mark.parametrize(
    ("shape", "side", "size"),
    [((4, 6), 56, ("54", "36")), ((4, 6, 3), 6, ("6", "4")), ((9, 2), 3, ("2", "9"))],
)
def test_picture(shape, side, size):
    image = pytest.importorskip("PIL.Image", reason="needs Pillow")
    pixels = (np.arange(np.prod(shape)) * 3).astype(np.uint8).reshape(shape)
    found = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attributes: found.append((tag, dict(attributes)))
    parser.feed(picture(pixels, '"<', side))
    ((tag, attributes),) = found
    assert tag == "img"
    assert (attributes["width"], attributes["height"]) == size
    assert attributes["alt"] == attributes["title"] == '"<'
    kind, data = attributes["src"].split(",")
    assert kind == "data:image/png;base64"
    with image.open(io.BytesIO(base64.b64decode(data, validate=True))) as decoded:
        np.testing.assert_array_equal(np.asarray(decoded), pixels)
