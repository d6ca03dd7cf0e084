"""The packers, against python-mnist's."""

import gzip
from array import array

import pytest

import idxfast
from idxfast.compat import python_mnist as ours


@pytest.fixture(scope="module")
def packer(python_mnist):
    with python_mnist.imported() as package:
        return package


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("form", ["lists", "arrays"])
def test_packers(packer, tmp_path, family, form, packed):
    pixels, labels = family.train[0].reshape(7, -1), family.train[1]
    if form == "lists":
        pixels, labels = pixels.tolist(), array("B", labels.tobytes())
    for module, name in ((ours, "ours"), (packer, "theirs")):
        module.img_packer(str(tmp_path), f"{name}-i", pixels, packed, rows=4, cols=5)
        module.label_packer(str(tmp_path), f"{name}-l", labels, packed)
    for what in "il":
        one, other = ((tmp_path / f"{name}-{what}").read_bytes() for name in ("ours", "theirs"))
        unpacked = gzip.decompress if packed else bytes
        assert unpacked(one) == unpacked(other)


def test_packers_want_lists_or_arrays(packer, tmp_path):
    for module in (ours, packer):
        with pytest.raises(TypeError, match="Unsupported data type"):
            module.img_packer(str(tmp_path), "i", ((1, 2),))
        with pytest.raises(TypeError, match="Unsupported label type"):
            module.label_packer(str(tmp_path), "l", (1, 2))


@pytest.mark.parametrize("values", [[0, 255], [0, 0], [255, 255], []], ids=str)
def test_packers_take_all_values_of_a_byte(tmp_path, values):
    ours.label_packer(str(tmp_path), "l", values)
    assert idxfast.load(tmp_path / "l").tolist() == values
    ours.img_packer(str(tmp_path), "i", [values] * 3, rows=1, cols=len(values))
    assert idxfast.load(tmp_path / "i").tolist() == [[values]] * 3


@pytest.mark.parametrize(
    "call",
    [
        lambda folder: ours.img_packer(folder, "f", [[0] * 784], magic=2052),
        lambda folder: ours.img_packer(folder, "f", [[0] * 783]),
        lambda folder: ours.img_packer(folder, "f", [[0] * 783 + [256]]),
        lambda folder: ours.img_packer(folder, "f", [[0] * 784, [0] * 783]),
        lambda folder: ours.label_packer(folder, "f", [1, -1]),
        lambda folder: ours.label_packer(folder, "f", [1.5]),
        lambda folder: ours.label_packer(folder, "f", [[1]]),
    ],
)
def test_packers_make_no_damaged_file(tmp_path, call):
    with pytest.raises(ValueError):
        call(str(tmp_path))
    assert not list(tmp_path.iterdir())
