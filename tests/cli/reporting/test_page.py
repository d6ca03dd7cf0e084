"""The page of a report loads nothing, and whatever others have named is text."""

import re

import numpy as np
import pytest

from files.pages import TAGS

pytest.importorskip("PIL.Image", reason="needs Pillow")


def test_the_page_needs_nothing_else(folder, report, tmp_path):
    page = report(folder)
    assert page.tags == TAGS
    assert not any(name.startswith("on") for name in page.attributes)
    source = (tmp_path / "report.html").read_text()
    assert 'http-equiv="Content-Security-Policy" content="default-src &#x27;none&#x27;;' in source
    assert not re.search(r"https?:|url\(|@import|<script|<link", source)


def test_what_others_have_named_is_text(tmp_path, save, report):
    evil = "<script>alert(1)<"
    name = f"{evil} 'onerror=alert(1)' \x1b]0;\n\u202e-train-images"
    images = save(name, np.zeros((2, 3, 3), np.uint8))
    save(name.replace("images", "labels"), np.array([0, 1], np.uint8))
    images.with_name("classes.txt").write_text(f'{evil}img src=x onerror=alert(1)>"\n</td>\n')
    page = report(images.parent)
    assert page.tags <= TAGS
    assert not any(name.startswith("on") for name in page.attributes)
    source = (tmp_path / "report.html").read_text()
    assert not re.search("[\x00-\x09\x0b-\x1f\u202e]", source)
    assert f'{evil}img src=x onerror=alert(1)>"' in page.text
