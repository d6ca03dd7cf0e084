"""The page of a report, read; and the images of one."""

import base64
import io
from html.parser import HTMLParser

import numpy as np

# The titles of tables.
FILES = ("Name", "Holds", "Examples", "Shape and type", "Size", "Unpacked")
CLASSES = ("Label", "Name", "Training set", "Test set", "Mean", "First images")
HASHES = ("Name", "Recognised as", "SHA-256")
DUPLICATES = ("Compared", "Equal images", "With another label")
NEAREST = ("", "Class", "", "Class", "Distance")
# All that a page of images with labels is made of.
TAGS = {
    "html", "head", "meta", "title", "style", "body", "main", "section", "footer", "h1", "h2", "h3",
    "p", "div", "span", "table", "thead", "tbody", "tr", "th", "td", "img", "figure", "figcaption",
    "svg", "path", "line", "text",
}  # fmt: skip


class Page(HTMLParser):
    """The tables of a page, as lists of rows of texts; its pictures; and all of its text."""

    def __init__(self, source):
        from PIL import Image  # tests that need it are skipped without it

        super().__init__()
        self._image = Image
        self.tables, self.pictures, self.texts, self.tags = [], [], [], set()
        self.attributes = set()
        self._is_style = False
        self.feed(source)
        self.text = " ".join(self.texts)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attributes)
        self._is_style = tag == "style"
        attributes = dict(attributes)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
        elif tag == "img":
            data = attributes["src"].removeprefix("data:image/png;base64,")
            with self._image.open(io.BytesIO(base64.b64decode(data, validate=True))) as picture:
                self.pictures.append((attributes["alt"], np.asarray(picture)))

    def handle_data(self, data):
        if self._is_style:
            return
        self.texts.append(data)
        if self.tables and self.tables[-1] and self.tables[-1][-1]:
            self.tables[-1][-1][-1] += data

    def handle_endtag(self, tag):
        if tag == "style":
            self._is_style = False
        if tag == "table":
            # Text after a table is in no cell.
            self.tables[-1].append([])

    def table(self, *titles):
        """The rows of the table with these titles."""
        (found,) = (table for table in self.tables if tuple(table[0]) == titles)
        return [tuple(row) for row in found[1:-1]]

    def picture(self, alt):
        (found,) = (pixels for text, pixels in self.pictures if text == alt)
        return found


def drawn():
    """Seven training images of 5 x 6, and three test images.

    Of the training images, the last equals the second, under another label. Of the test images, the
    first equals the third training image, the second the first, and the last the first test image.
    """
    rng = np.random.default_rng(5)
    train = rng.integers(0, 256, (7, 5, 6)).astype(np.uint8)
    train[6] = train[1]
    test = rng.integers(0, 256, (3, 5, 6)).astype(np.uint8)
    test[0] = test[2] = train[2]
    test[1] = train[0]
    return train, np.array([0, 1, 3, 0, 1, 3, 0], np.uint8), test, np.array([3, 3, 0], np.uint8)
