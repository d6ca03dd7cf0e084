"""The one-pixel study, against scikit-learn's regressions and by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="scikit-learn is not installed")
pytest.importorskip("matplotlib", reason="matplotlib is not installed")

from idx import Array
from labelled import PUBLISHED, SYNTHETIC, Labelled, read
from sklearn.linear_model import LogisticRegression

from one_pixel.__main__ import main
from one_pixel.claims import claims, near
from one_pixel.logistic import columns, fit_pixels
from one_pixel.outcomes import Outcome, charts
from one_pixel.pairs import Pair, Scaled, best_pixels, mean_images, scale


@pytest.fixture(scope="module")
def small() -> Labelled:
    """Return four classes of the synthetic digits, 800 images to train on."""
    data = read(SYNTHETIC)
    train, test = data.train_labels < 4, data.test_labels < 4
    return replace(
        data,
        train_images=data.train_images[train][:800],
        train_labels=data.train_labels[train][:800],
        test_images=data.test_images[test][:300],
        test_labels=data.test_labels[test][:300],
    )


def scikit_learn(column: Array, is_second: Array) -> LogisticRegression:
    """Fit one pixel until it has converged."""
    model = LogisticRegression(solver="newton-cholesky", tol=1e-10, max_iter=1000)
    return model.fit(column[:, np.newaxis], is_second)


def both(scaled: Scaled, first: int, second: int) -> tuple[Array, Array]:
    """Return the training images of two classes, and which are of the second."""
    images = scaled.train[first], scaled.train[second]
    return np.concatenate(images, axis=1), np.repeat(
        [False, True], [each.shape[1] for each in images]
    )


def check(pixels: Array, is_second: Array) -> None:
    fits = fit_pixels(columns(pixels[:, ~is_second]), columns(pixels[:, is_second]))
    for pixel, column in enumerate(pixels):
        model = scikit_learn(column, is_second)
        assert fits.weights[pixel] == pytest.approx(model.coef_[0, 0], rel=1e-6, abs=1e-6)
        assert fits.intercepts[pixel] == pytest.approx(model.intercept_[0], rel=1e-6, abs=1e-6)
        accuracy = np.mean(model.predict(column[:, np.newaxis]) == is_second)
        assert fits.accuracies[pixel] == accuracy


@pytest.mark.parametrize("pair", [(0, 1), (2, 3)])
def test_fits_are_scikit_learns_on_sampled_pixels(small: Labelled, pair: tuple[int, int]) -> None:
    pixels, is_second = both(scale(small), *pair)
    check(pixels[5::29], is_second)


def test_pixels_that_are_always_black_or_always_the_same() -> None:
    is_second = np.array([False] * 30 + [True] * 20)
    check(np.array([np.zeros(50), np.full(50, 0.25)]), is_second)


def test_a_pixel_that_is_set_in_one_image() -> None:
    pixels = np.zeros((2, 50))
    pixels[0, 0] = pixels[1, 49] = 0.7
    check(pixels, np.arange(50) >= 25)


@pytest.mark.parametrize("scale_factor", [1, 100, 1000])
def test_steps_that_would_go_too_far(scale_factor: float) -> None:
    # Classes that a threshold separates: far from the minimum, Newton's step overshoots.
    random = np.random.default_rng(0)
    is_second = np.arange(400) >= 200
    pixels = random.random((5, 400)) + is_second * np.linspace(0, 1.5, 5)[:, np.newaxis]
    check(pixels * scale_factor, is_second)


def test_the_first_of_the_best_pixels_is_kept(small: Labelled) -> None:
    scaled = scale(small)
    found = {(pair.first, pair.second): pair for pair in best_pixels(small, scaled)}
    assert list(found) == [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]
    pixels, is_second = both(scaled, 1, 3)
    best, models = (-1.0, -1), {}
    for pixel, column in enumerate(pixels):
        models[pixel] = scikit_learn(column, is_second)
        accuracy = np.mean(models[pixel].predict(column[:, np.newaxis]) == is_second)
        best = max(best, (accuracy, -pixel))
    pair = found[1, 3]
    assert (pair.train_accuracy, -pair.pixel) == best
    images = small.test_images[np.isin(small.test_labels, (1, 3))].astype(float)
    images /= np.linalg.norm(images, axis=1)[:, np.newaxis]
    answers = models[pair.pixel].predict(images[:, [pair.pixel]])
    labels = small.test_labels[np.isin(small.test_labels, (1, 3))]
    assert pair.test_accuracy == np.mean(answers == (labels == 3))
    means = [small.train_images[small.train_labels == label].mean(axis=0) for label in (1, 3)]
    assert pair.difference == pytest.approx(np.abs(means[0] - means[1]).mean() / 255)


def test_the_charts_own_cells_give_the_charts_counts() -> None:
    outcomes = {}
    for name, cells in charts().items():
        pairs = [Pair(*pair, 0, 0, 0, 0, cell, 0) for pair, cell in cells.items()]
        outcomes[name] = Outcome(name, pairs, 0, 0, {}, {}, {})
    rows = {claim.claim: claim for claim in claims(outcomes)}
    for claim in rows.values():
        assert claim.chart.split()[0] in ("a", claim.ours.split()[0])
    assert rows["MNIST: pairs of 0.9 or more"].ours == "14"
    assert rows["Fashion-MNIST: pairs of 0.9 or more"].ours == "33"
    assert rows["MNIST: worst pair"].ours == "3 and 5, 0.76"
    assert rows["MNIST: pairs of 0.95 or more"].ours == "3: 0 and 1, 0 and 4, 1 and 7"
    assert rows["Fashion-MNIST: classes that 8 reaches 0.95 against"].ours == "1"


def test_cells_are_near_within_a_hundredth() -> None:
    drawn = charts()["mnist"]
    assert len(drawn) == 45
    assert near({pair: round(cell - 0.01, 2) for pair, cell in drawn.items()}, drawn) == 45
    assert near({pair: round(cell + 0.02, 2) for pair, cell in drawn.items()}, drawn) == 0


# Two images of each of three classes; class 9 has no test images.
ODD = Labelled(
    "odd",
    (2, 2),
    train_images=np.array([[9, 1, 0, 0], [9, 2, 0, 0], [1, 9, 0, 0], [2, 9, 0, 0], [0, 0, 5, 0]]),
    train_labels=np.array([4, 4, 7, 7, 9]),
    test_images=np.array([[8, 1, 0, 0], [1, 8, 0, 0], [8, 2, 0, 0]]),
    test_labels=np.array([4, 7, 7]),
)


def test_a_class_without_test_images_is_left_out() -> None:
    (pair,) = best_pixels(ODD, scale(ODD))
    assert (pair.first, pair.second, pair.pixel) == (4, 7, 0)
    assert (pair.train_accuracy, pair.test_accuracy) == (1, 2 / 3)
    # The greatest pixel is 9: differences of 7.5, 7.5, 0 and 0.
    assert pair.difference == pytest.approx(7.5 / 9 / 2)


@pytest.mark.parametrize("kind, white", [(np.uint8, 255), (np.int16, 9), (np.float64, 9)])
def test_mean_images_are_0_to_1(kind: type, white: int) -> None:
    data = replace(ODD, train_images=ODD.train_images.astype(kind))
    expected = np.array([[9, 1.5], [0, 0]]) / white
    assert mean_images(data)[4] == pytest.approx(expected)


@pytest.mark.parametrize("kind, value", [(np.int8, -128), (np.int16, -(2**15)), (np.float32, 3e38)])
def test_mean_images_of_the_most_extreme_pixels(kind: type, value: float) -> None:
    images: Array = np.full((len(ODD.train_labels), 4), value, kind)
    images[:, 1] = 0
    means = mean_images(replace(ODD, train_images=images))
    expected = np.array([[1, 0], [1, 1]]) * np.sign(value)
    assert {label: mean.tolist() for label, mean in means.items()} == {
        label: expected.tolist() for label in (4, 7, 9)
    }


def test_mean_images_of_rows_of_pixels_are_of_height_1() -> None:
    assert mean_images(replace(ODD, shape=(4,)))[4] == pytest.approx(np.array([[9, 1.5, 0, 0]]) / 9)


@pytest.mark.parametrize("axis", [0, 2])
def test_mean_images_are_grey(axis: int) -> None:
    colours = np.stack([np.full((4, 5), 30), np.full((4, 5), 60), np.full((4, 5), 120)], axis)
    data = replace(
        ODD,
        shape=colours.shape,
        train_images=colours.reshape(1, -1).astype(np.uint8),
        train_labels=np.array([4]),
    )
    assert mean_images(data)[4] == pytest.approx(np.full((4, 5), 70 / 255))


@pytest.mark.parametrize("shape", [(8, 8, 3), (3, 8, 8), (192,)])
def test_two_classes_of_images_of_any_shape(
    shape: tuple[int, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import idxfast

    folder = tmp_path / "mine"
    folder.mkdir()
    labels = np.arange(40, dtype=np.uint8) % 2
    images = np.zeros((40, 192), np.uint8)
    images[:, 5] = 100 * labels
    images[:, 6] = 100
    for kind in ("train", "test"):
        idxfast.save(folder / f"{kind}-images", images.reshape(40, *shape))
        idxfast.save(folder / f"{kind}-labels", labels + 5)
    main(["--data", str(folder), "--output", str(tmp_path)])
    assert "| mine | 5 and 6, 1.00 | 5 and 6, 1.00 | 1.000 | 1 of 1 | 1 of 1 |" in (
        capsys.readouterr().out
    )


def test_a_set_of_ones_own(
    small: Labelled, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import idxfast

    folder, output = tmp_path / "mine", tmp_path / "output"
    folder.mkdir()
    for kind, images, labels in (
        ("train", small.train_images, small.train_labels),
        ("t10k", small.test_images, small.test_labels),
    ):
        idxfast.save(folder / f"{kind}-images-idx3-ubyte", images.reshape(-1, 28, 28))
        idxfast.save(folder / f"{kind}-labels-idx1-ubyte", labels)
    main(["--data", str(folder), "--output", str(output)])
    fields = json.loads((output / "mine.json").read_text())
    assert [pair["test_accuracy"] for pair in fields["pairs"]] == [
        pair.test_accuracy for pair in best_pixels(small, scale(small))
    ]
    assert fields["fits"] == 6 * 784
    assert (output / "accuracies.svg").stat().st_size and (output / "differences.png").exists()
    # No report of claims without the sets that they are about.
    assert not (output / "REPORT.md").exists()
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith("| mine |")]
    assert all(any(title in line for line in lines) for title in PUBLISHED.values())


def test_an_output_that_is_no_folder_is_refused_before_the_fits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("one_pixel.__main__.study", None)
    (tmp_path / "file").touch()
    with pytest.raises(SystemExit):
        main(["--datasets", SYNTHETIC, "--output", str(tmp_path / "file")])
    assert "error: [Errno 17] File exists" in capsys.readouterr().err


def test_after_ctrl_c_one_word_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def study(data: Labelled) -> Outcome:
        raise KeyboardInterrupt

    monkeypatch.setattr("one_pixel.__main__.study", study)
    with pytest.raises(SystemExit, match="interrupted"):
        main(["--datasets", SYNTHETIC, "--output", str(tmp_path)])
