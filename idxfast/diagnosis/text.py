"""Text in place of an IDX file: what it seems to be, and how to undo what made it."""

from __future__ import annotations

import base64
import codecs
import re
from typing import NamedTuple

from ..format import DTYPES
from .kinds import TEXT_STARTS

# What the names of IDX files end in.
_ENDINGS = ("ubyte", ".idx", ".gz", ".xz", ".bz2")
# A path of more bytes is not recognised. macOS allows no longer ones.
MAX_PATH = 1024

_HEX = re.compile(r"(?:[0-9a-f]{2}\s*)+[0-9a-f]?", re.IGNORECASE)
_DUMP = re.compile(r"[0-9a-f]{6,8}:?[ \t]+((?:[0-9a-f]{2,8}[ \t]+)+)", re.IGNORECASE)
# `od` shows words of two bytes, in the machine's order: here little-endian.
_OCTAL = re.compile(r"0{7}[ \t]+((?:[01][0-7]{5}[ \t]+){2,})")
_ARRAY = re.compile(r"[^{]{0,200}\{\s*((?:0x[0-9a-f]{1,2}\s*,\s*){4})", re.IGNORECASE)
_PYTHON = re.compile(r"""b['"](\\x00\\x00(\\x0[8bce]|\\t|\\r)|\\x1f\\x8b)""")
_NUMBERS = re.compile(r"-?[\d.]+(?:[eE][-+]?\d+)?(?:[,;\t ]+-?[\d.]+(?:[eE][-+]?\d+)?){3,}\s")
_TITLES = re.compile(r"\"?\w+\"?(?:[,;\t]\"?[\w.]+\"?){2,}\s*\n")


class Text(NamedTuple):
    """Text that was found.

    Attributes
    ----------
    what : str
        What the text seems to be.
    undo : str or None
        The expression, in Python, for the IDX file, in which ``{}`` is the content. None if there
        is none.
    """

    what: str
    undo: str | None = None


def recognise_text(start: bytes) -> Text | None:
    """What text that starts with these bytes seems to be, or None."""
    wide = _recognise_wide(start)
    if wide is not None:
        return wide
    text = start.removeprefix(codecs.BOM_UTF8).lstrip().lower()
    for magic, name in TEXT_STARTS:
        if text.startswith(magic):
            return Text(name)
    try:
        # The last character may be cut in two.
        shown = codecs.getincrementaldecoder("utf-8")().decode(start).removeprefix("\ufeff").strip()
    except UnicodeDecodeError:
        return None
    if "\0" in shown or not shown:
        return None
    return _recognise_dump(shown) or _recognise_pointer(shown) or _recognise_table(shown)


def looks_like_path(content: bytes) -> bool:
    """Whether what should be the content of a file looks like a path, or a URL.

    Such content is short text on one line, with a separator or with an ending that IDX files have.
    Whether there is such a file does not matter: the bytes may come from another machine.
    """
    try:
        text = content.decode() if len(content) <= MAX_PATH else ""
    except UnicodeDecodeError:
        return False
    is_name = "/" in text or "\\" in text or text.lower().endswith(_ENDINGS)
    return is_name and text.isprintable() and not _is_other(content)


def _is_other(content: bytes) -> bool:
    text = content.lstrip().lower()
    is_known = any(text.startswith(magic) for magic, _ in TEXT_STARTS) or _is_of_annex(
        text.decode()
    )
    return is_known or text[:1] in (b"{", b"[") or _recognise_dump(content.decode()) is not None


def _recognise_wide(start: bytes) -> Text | None:
    """UTF-16: characters of two bytes, one of which is zero in most texts."""
    for codec, mark in (("utf-16-le", codecs.BOM_UTF16_LE), ("utf-16-be", codecs.BOM_UTF16_BE)):
        has_mark = start.startswith(mark)
        body = start.removeprefix(mark)
        body = body[: len(body) // 2 * 2]
        high = body[codec == "utf-16-le" :: 2]
        if not has_mark and (len(body) < 8 or any(high)):
            continue
        text = body.decode(codec, "replace")
        inner = text.encode("latin-1", "replace")
        encoded = "utf-16" if has_mark else codec
        if inner[:2] == b"\0\0" and inner[2:3] and inner[2] in DTYPES:
            return Text(
                "an IDX file that a text tool has written as UTF-16, as PowerShell's > does",
                f"{{}}.decode('{encoded}').encode('latin-1')" if not any(high) else None,
            )
        if not has_mark:
            continue
        found = None if "\0" in text else recognise_text(inner)
        if found is None:
            return Text("UTF-16 text")
        undo = found.undo
        if undo is not None:
            undo = undo.replace("{}", f"{{}}.decode('{encoded}').encode()")
        return Text(f"UTF-16 text: {found.what}", undo)
    return None


def _recognise_dump(text: str) -> Text | None:
    """The bytes of a file, written as text."""
    if _is_packed(_unhex(text)) and _HEX.match(text):
        return Text("a hex dump, as text, of an IDX file", "bytes.fromhex({}.decode())")
    for pattern in (_DUMP, _ARRAY):
        found = pattern.match(text)
        if found:
            data = bytes(int(b, 16) for b in _digits(found[1]))
            # `hexdump` shows words of two bytes, in the machine's order.
            if _is_packed(data) or _is_packed(_swapped(data)):
                return Text("a hex dump, as text, of an IDX file")
    found = _OCTAL.match(text)
    if found and _is_packed(b"".join(int(w, 8).to_bytes(2, "little") for w in found[1].split())):
        return Text("an octal dump, as text, of an IDX file")
    if _PYTHON.match(text):
        return Text("Python's bytes of an IDX file, as text", "ast.literal_eval({}.decode())")
    encoded = re.sub(r"^data:[\w/.+-]*;base64,|\s", "", text)[:64]
    try:
        decoded = base64.b64decode(encoded[: len(encoded) // 4 * 4], validate=True)
    except ValueError:
        return None
    if len(encoded) >= 8 and _is_packed(decoded):
        is_url = text.startswith("data:")
        return Text("base64 text of an IDX file", None if is_url else "base64.b64decode({})")
    return None


def _unhex(text: str) -> bytes:
    digits = re.sub(r"\s", "", text[:64])
    try:
        return bytes.fromhex(digits[: len(digits) // 2 * 2])
    except ValueError:
        return b""


def _digits(text: str) -> list[str]:
    if "x" in text.lower():
        return [digits.zfill(2) for digits in re.findall(r"0x([0-9a-f]{1,2})", text, re.IGNORECASE)]
    joined = re.sub(r"\s", "", text)
    return [joined[i : i + 2] for i in range(0, len(joined) // 2 * 2, 2)]


def _swapped(data: bytes) -> bytes:
    """Each two bytes in the other order."""
    whole = data[: len(data) // 2 * 2]
    return bytes(byte for pair in zip(whole[1::2], whole[::2], strict=True) for byte in pair)


def _is_packed(data: bytes) -> bool:
    """Whether these are the first bytes of an IDX file, raw or in gzip."""
    return data[:3] == b"\x1f\x8b\x08" or (
        len(data) >= 4 and data[:2] == b"\0\0" and data[2] in DTYPES
    )


def _recognise_pointer(text: str) -> Text | None:
    """Text that says where the data are."""
    line = text.partition("\n")[0].strip()
    if _is_of_annex(line):
        return Text("a pointer of git-annex: the data are elsewhere, `git annex get` fetches them")
    if re.match(r"(outs|deps|md5|wdir):", line):
        return Text("a pointer of DVC: the data are elsewhere, `dvc pull` fetches them")
    if " " not in text and looks_like_path(text.encode()):
        return Text(
            f"the target of a symbolic link, as text: the data are in {text!r}, or were not fetched"
        )
    return None


def _is_of_annex(path: str) -> bool:
    return "annex/objects/" in path.replace("\\", "/")


def _recognise_table(text: str) -> Text | None:
    if text[0] == "{":
        found = re.match(r"\{\s*(0x[0-9a-f]+\s*,|\d+\s*,)", text, re.IGNORECASE)
        return Text(
            "an array in C's notation" if found else "JSON: the download was an error message"
        )
    if text[0] == "[":
        return Text("JSON, or a list as text")
    line = text.partition("\n")[0] + "\n"
    if _NUMBERS.match(line) or _TITLES.match(line):
        return Text("a table of text, such as CSV")
    return None
