"""Which other headers would explain the size of a file; messages are in test_hint.py."""

import struct

import numpy as np
import pytest

from idxfast.diagnosis.evidence import Evidence
from idxfast.diagnosis.fits import MOST, find_fits, shape_text

NOISE = np.random.default_rng(2).bytes(1 << 16)


def evidence(start, size):
    return Evidence("name", "data", "raw", start[:16_384], size)


def header(code, *shape, ndim=None, order=">"):
    ndim = len(shape) if ndim is None else ndim
    return struct.pack(f"{order}{len(shape)}I", *shape), bytes([0, 0, code, ndim])


def fits(code, shape, nbytes, payload=NOISE, ndim=None, order=">"):
    dimensions, magic = header(code, *shape, ndim=ndim, order=order)
    start = magic + dimensions
    return find_fits(evidence(start + payload[:nbytes], len(start) + nbytes))


@pytest.mark.parametrize(
    ("shape", "nbytes", "found"),
    [
        ((5, 4, 4), 80 * 3, [("|u1", (5, 4, 4, 3))]),
        ((5, 4, 4), 80 * 5, [("|u1", (5, 4, 4, 5))]),
        ((5, 4, 4), 16 * 7, [("|u1", (7, 4, 4))]),
        ((5, 4, 4), 16 * 7 + 1, []),
        ((5, 4, 4), 80, []),
        ((5, 4, 4), 79, []),
        ((5, 4, 4), 0, []),
        ((15,), 30 * 8, [("|u1", (240,))]),
        ((16,), 16 * 31, [("|u1", (16, 31))]),
        ((0, 4), 8, []),
        ((), 0, []),
        ((), 3, []),
    ],
)
def test_what_is_found_in_noise(shape, nbytes, found):
    assert [(fit.dtype.str, fit.shape) for fit in fits(8, shape, nbytes)] == found


def test_little_endian_dimensions_are_nearer_than_others():
    (fit,) = fits(8, (256, 3), 256 * 3, order="<")
    assert (fit.shape, fit.offset) == ((256, 3), 12)
    assert "(256, 3)" in fit.why


@pytest.mark.parametrize(
    ("shape", "nbytes"),
    # The same forwards and backwards, and a product that is 6 modulo 2^64.
    [((0x01000001,), 0x01000001), ((2 << 24, 3 << 24), 6 + 2**64), ((2 << 24, 3 << 24), 7)],
)
def test_dimensions_that_are_not_swapped(shape, nbytes):
    dimensions, magic = header(8, *shape)
    start = magic + dimensions
    found = find_fits(evidence(start + NOISE, len(start) + nbytes))
    assert not any("byte-swapped" in fit.why for fit in found)


def test_a_short_payload_is_not_explained_by_much():
    """Two whole items of three are 9 bytes for each of 4 pixels of a file with one dimension fewer."""
    assert fits(8, (3, 4, 4), 32) == []


def test_no_more_dimensions_than_numpy_has():
    start = bytes([0, 0, 8, 255]) + struct.pack(">255I", *[1] * 255) + b"ab"
    assert find_fits(evidence(start, len(start))) == []


def test_black_pictures_have_several_explanations():
    found = fits(8, (5, 9, 9), 5 * 9 * 9 * 4, bytes(1 << 16))
    assert 1 < len(found) <= MOST
    assert len({(fit.dtype, fit.shape) for fit in found}) == len(found)


def test_without_a_size_nothing_is_found():
    assert find_fits(evidence(b"\0\0\x08\1\0\0\0\5", None)) == []


@pytest.mark.parametrize(
    ("shape", "nbytes", "options", "found"),
    [
        ((5, 4, 4), 80 * 5, {"order": "<"}, [(5, 4, 4, 5)]),
        ((5, 4, 4), 16 * 7, {"order": "<"}, []),
        ((7, 11, 13), 1001 * 5, {"ndim": 2}, []),
        ((7, 11, 13), 1001, {"ndim": 2}, [(7, 11, 13)]),
    ],
)
def test_how_much_is_assumed_at_once(shape, nbytes, options, found):
    assert [fit.shape for fit in fits(8, shape, nbytes, **options)] == found


SWAPPED = "its dimensions look byte-swapped: little-endian they read (200, 4)"


@pytest.mark.parametrize(
    ("code", "payload", "order", "why"),
    [
        (8, bytes(range(200)) * 4, "<", SWAPPED),
        (0x0B, b"\0\t" * 800, "<", SWAPPED),
        (
            0x0B,
            b"\t\0" * 800,
            "<",
            f"{SWAPPED}; the first values make sense only as little-endian int16",
        ),
        (0x0B, bytes(1600), "<", f"{SWAPPED}; its values are probably little-endian int16, too"),
        (
            8,
            b"\t\0\0\0" * 800,
            ">",
            "elements of 4 bytes (little-endian int32) would explain the size",
        ),
    ],
)
def test_what_shows_is_said_and_nothing_else(code, payload, order, why):
    (fit,) = fits(code, (200, 4), len(payload), payload, order=order)
    assert fit.why == why


def test_a_swapped_header_alone():
    start = b"\2\x08\0\0" + struct.pack("<2I", 20, 4)
    assert find_fits(evidence(start, len(start))) == []


@pytest.mark.parametrize(
    "magic",
    [b"\0\0\x08", b"\2\x08\0", b"\1\2\x08\1", b"\0\0\7\1", b"\1\7\0\0", b"\1\x08\0\1", b""],
)
def test_only_magic_numbers_are_read(magic):
    start = magic + struct.pack(">I", 20) + NOISE[:620] if len(magic) == 4 else magic
    assert find_fits(evidence(start, len(start))) == []


def test_shapes_as_they_are_shown():
    assert shape_text((3, 4)) == "3 x 4"
    assert shape_text(()) == "one element"


@pytest.mark.parametrize(
    ("code", "shape", "dtype", "value"),
    [
        (8, (20, 6), "<i8", -5),
        (8, (120,), "<i4", -5),
        (0x0B, (20, 6), "<i4", -5),
        (8, (20, 6), "<i4", 5),
        (8, (20, 6), ">i4", 5),
    ],
)
def test_numbers_that_are_no_pixels(code, shape, dtype, value):
    """Every fourth byte of small negative numbers is 255, as that of opaque pixels is."""
    payload = np.full(shape, value, dtype).tobytes()
    found = fits(code, shape, len(payload), payload)
    assert [(fit.dtype.str, fit.shape) for fit in found] == [(dtype, shape)]
