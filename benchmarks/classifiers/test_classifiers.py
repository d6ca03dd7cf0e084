"""Table 3's rows and runner, on synthetic digits."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="scikit-learn is not installed")
pytest.importorskip("joblib", reason="joblib is not installed")
pytest.importorskip("tqdm", reason="tqdm is not installed")
pytest.importorskip("matplotlib", reason="matplotlib is not installed")

from labelled import PUBLISHED, SYNTHETIC, read
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import SVC

from classifiers.__main__ import main
from classifiers.comparing import Comparison, compare, finding
from classifiers.fitting import FAILED, OK, OVER_LIMIT, Task, environment
from classifiers.parameters import build, today
from classifiers.results import Results
from classifiers.rows import Row, matching, table3
from classifiers.workers import Fitter

TASK = Task(SYNTHETIC, SYNTHETIC, "SVC", "C=1 kernel=linear", 0, 300, 60)


def records(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / f"{SYNTHETIC}.jsonl").read_text().splitlines()]


def run(folder: Path, *options: str) -> None:
    main(["run", "--datasets", SYNTHETIC, "--jobs", "1", "--results", str(folder), *options])


def test_the_table_has_all_rows() -> None:
    rows = table3()
    assert Counter(row.classifier for row in rows) == {
        "DecisionTreeClassifier": 12,
        "ExtraTreeClassifier": 12,
        "GaussianNB": 1,
        "GradientBoostingClassifier": 7,
        "KNeighborsClassifier": 12,
        "LinearSVC": 18,
        "LogisticRegression": 5,
        "MLPClassifier": 8,
        "PassiveAggressiveClassifier": 3,
        "Perceptron": 3,
        "RandomForestClassifier": 18,
        "SGDClassifier": 15,
        "SVC": 12,
    }
    assert len({row.name for row in rows}) == 126
    assert rows[0].published == {"fashion-mnist": 0.798, "mnist": 0.873}
    assert rows[-1].published == {"fashion-mnist": 0.664, "mnist": 0.868}


@pytest.mark.parametrize(
    "name, expected",
    [
        ("SGDClassifier loss=log penalty=l1",
         "SGDClassifier(loss='log_loss', penalty='l1', max_iter=5, tol=None)"),
        ("PassiveAggressiveClassifier C=10",
         "SGDClassifier(max_iter=5, tol=None, penalty=None, learning_rate='pa1', eta0=10.0)"),
        ("Perceptron penalty=elasticnet",
         "Perceptron(penalty='elasticnet', max_iter=5, tol=None, l1_ratio=0)"),
        ("GradientBoostingClassifier n_estimators=10 loss=deviance max_depth=3",
         "GradientBoostingClassifier(n_estimators=10, loss='log_loss', max_depth=3)"),
        ("LogisticRegression C=10 multi_class=ovr penalty=l1",
         "OneVsRestClassifier(LogisticRegression(C=10, solver='liblinear', l1_ratio=1))"),
        ("LinearSVC loss=hinge C=1 multi_class=ovr penalty=l2",
         "LinearSVC(loss='hinge', C=1, multi_class='ovr', penalty='l2', dual=True)"),
        ("MLPClassifier activation=tanh hidden_layer_sizes=[100, 10]",
         "MLPClassifier(activation='tanh', hidden_layer_sizes=[100, 10], n_iter_no_change=2)"),
        ("SVC C=1 kernel=rbf", "SVC(C=1, kernel='rbf', gamma='auto')"),
    ],
)  # fmt: skip
def test_parameters_have_todays_names(name: str, expected: str) -> None:
    (row,) = [row for row in table3() if row.name == name]
    assert str(today(row.classifier, row.parameters)) == expected


@pytest.mark.parametrize("row", table3(), ids=lambda row: row.name)
def test_every_row_can_be_fitted(row: Row) -> None:
    # GaussianNB's priors are for ten classes.
    labels = np.arange(100) % 10
    images = np.random.default_rng(0).normal(size=(100, 10)) + 5 * np.eye(10)[labels]
    estimator = build(today(row.classifier, row.parameters), seed=3)
    parameters = estimator.get_params()
    assert all(parameters[name] == 3 for name in parameters if name.endswith("random_state"))
    # Small models take no time, and are enough for images that are easy to tell apart.
    few = {"n_estimators": 2}
    if row.classifier != "MLPClassifier":
        few["max_iter"] = 5
    estimator.set_params(**{name: few[name] for name in few if name in parameters})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        estimator.fit(images, labels)
    assert np.mean(estimator.predict(images) == labels) > 0.8


def test_rows_are_chosen_by_parts_of_their_names() -> None:
    assert [row.parameters for row in matching(["SVC C=1 kernel=r", "GaussianNB"])] == [
        "priors=[0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1]",
        "C=1 kernel=rbf",
    ]
    assert matching([]) == table3()
    with pytest.raises(ValueError, match="'XGB'"):
        matching(["SVC", "XGB"])


def test_a_run_a_resumed_run_and_the_report(tmp_path: Path) -> None:
    rows = ("--rows", "GaussianNB", "SVC C=1 kernel=linear", "--train-size", "300")
    run(tmp_path, *rows, "--repeats", "2")
    first = records(tmp_path)
    assert [(each["classifier"], each["repeat"]) for each in first] == [
        ("GaussianNB", 0), ("SVC", 0), ("GaussianNB", 1), ("SVC", 1),
    ]  # fmt: skip
    for record in first:
        assert record["status"] == OK and record["train_size"] == 300
        assert record["accuracy"] == pytest.approx(expected(record), abs=0.001)

    # A line that was cut off is run again, and nothing else.
    path = tmp_path / f"{SYNTHETIC}.jsonl"
    path.write_text(path.read_text()[:-100])
    run(tmp_path, *rows, "--repeats", "2")
    lines = path.read_text().splitlines()
    assert len(lines) == 5
    again = json.loads(lines[-1])
    assert (again["classifier"], again["repeat"]) == ("SVC", 1)
    assert again["accuracy"] == first[-1]["accuracy"]

    main(["report", "--results", str(tmp_path), "--output", str(tmp_path / "report")])
    report = (tmp_path / "report" / "REPORT.md").read_text()
    mean = (first[1]["accuracy"] + first[3]["accuracy"]) / 2
    assert f"| SVC | C=1 kernel=linear | 0.839 | 0.929 | {mean:.3f} |" in report
    assert "| synthetic | 300 | 2 of 126 | 4 | 0 | 0 | 124 |" in report
    # What the paper's numbers are compared with has the paper's number of training images.
    assert "Differences above" not in report


def test_rows_without_a_result_are_listed_with_their_reasons(tmp_path: Path) -> None:
    results = Results(tmp_path, SYNTHETIC)
    over = {key: value for key, value in TASK._asdict().items() if key != "source"}
    over |= {"status": OVER_LIMIT} | environment()
    results.append(over)
    results.append(over | {"train_size": 200, "limit": 30})
    main(["report", "--results", str(tmp_path), "--output", str(tmp_path)])
    whole, few = (tmp_path / "REPORT.md").read_text().split("Without a result on ")[1:]
    assert whole.startswith("300 training images:") and few.startswith("200 training images:")
    assert "| SVC | C=1 kernel=linear | takes more than 60 processor seconds |" in whole
    assert whole.count("| not run yet |") == 125
    assert "| SVC | C=1 kernel=linear | takes more than 30 processor seconds |" in few
    assert "not run yet" not in few


def expected(record: dict[str, Any]) -> float:
    """Fit as the paper did, with numpy's arithmetic for the pixels."""
    data = read(SYNTHETIC)
    order = np.random.RandomState(record["repeat"]).permutation(10_000)[:300]
    train = data.train_images[order].astype(float)
    mean, deviation = train.mean(axis=0), train.std(axis=0)
    deviation[deviation == 0] = 1
    model = GaussianNB() if record["classifier"] == "GaussianNB" else SVC(kernel="linear")
    model.fit((train - mean) / deviation, data.train_labels[order])
    answers = model.predict((data.test_images - mean) / deviation)
    return float(np.mean(answers == data.test_labels))


def own(folder: Path, images: int) -> str:
    """Write a set of two classes, of images of two pixels that say the class."""
    import idxfast

    labels = np.arange(images, dtype=np.uint8) % 2
    pixels = np.stack([labels * 200, 255 - labels * 200], axis=1)
    for kind in ("train", "test"):
        idxfast.save(folder / f"{kind}-images", pixels)
        idxfast.save(folder / f"{kind}-labels", labels + 7)
    return str(folder)


def test_a_set_of_two_classes_and_few_images(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    folder = own(tmp_path / "mine", 6)
    rows = ("GaussianNB", "KNeighborsClassifier weights=uniform n_neighbors=9 p=2")
    main(["run", "--data", folder, "--results", str(tmp_path), "--repeats", "1", "--rows", *rows])
    lines = (tmp_path / "mine.jsonl").read_text().splitlines()
    found = {record["classifier"]: record for record in map(json.loads, lines)}
    assert found["GaussianNB"]["accuracy"] == 1
    assert found["GaussianNB"]["fitted"] == "GaussianNB(priors=[0.5, 0.5])"
    # Six images do not have nine neighbours, which the prediction notices.
    assert found["KNeighborsClassifier"]["status"] == FAILED
    main(["report", "--results", str(tmp_path), "--output", str(tmp_path)])
    report = (tmp_path / "REPORT.md").read_text()
    assert "| mine | 6 | 1 of 126 | 1 | 0 | 1 | 124 |" in report
    assert f"p=2 | {found['KNeighborsClassifier']['error']} |" in report


@pytest.mark.parametrize(
    "options, message",
    [
        (["--rows", "XGB"], "no row of Table 3 contains 'XGB'"),
        (["--train-size", "0"], "argument --train-size: invalid count value: '0'"),
        (["--jobs", "0"], "argument --jobs: invalid count value: '0'"),
        (["--limit", "0"], "argument --limit: invalid seconds value: '0'"),
        (["--limit", "nan"], "argument --limit: invalid seconds value: 'nan'"),
        (["--address", "host:8786"], "--address needs --backend dask"),
        (["--data", "nowhere"], "No such file or directory"),
    ],
)
def test_mistakes_end_with_a_sentence(
    options: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        run(tmp_path, "--rows", "GaussianNB", "--repeats", "1", *options)
    assert message in capsys.readouterr().err


def test_no_report_without_results(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # The first line was cut off.
    (tmp_path / "mine.jsonl").write_text('{"dataset": "mi')
    with pytest.raises(SystemExit):
        main(["report", "--results", str(tmp_path)])
    assert f"{tmp_path} has no results" in capsys.readouterr().err


def test_a_process_that_the_system_kills_has_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", ended_by(tmp_path, "KILL"))
    record = Fitter().run(TASK)
    assert (record["status"], record["error"]) == (FAILED, "ended by signal 9")


@pytest.mark.parametrize("name", ["INT", "TERM"])
def test_a_process_that_a_user_ends_leaves_no_record(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", ended_by(tmp_path, name))
    with pytest.raises(RuntimeError, match="SVC C=1 kernel=linear was not run"):
        Fitter().run(TASK)


@pytest.mark.skipif(os.name != "posix", reason="a parent's number outlives it")
def test_a_fit_for_a_process_that_has_ended_is_ended() -> None:
    with subprocess.Popen(["true"]) as parent:
        pass
    slow = Task(SYNTHETIC, SYNTHETIC, "SVC", "C=100 kernel=sigmoid", 0, 10_000, 5)
    process = subprocess.run(
        [sys.executable, "-m", "classifiers.fitting", str(parent.pid)],
        cwd=Path(__file__).parent.parent,
        input=json.dumps(slow),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert (process.returncode, process.stdout) == (1, "")


def ended_by(folder: Path, name: str) -> str:
    """Write a program that a signal ends at once."""
    program = folder / "program"
    program.write_text(f"#!/bin/sh\nkill -{name} $$\n")
    program.chmod(0o700)
    return str(program)


def test_a_row_over_its_limit_is_ended_and_not_run_again(tmp_path: Path) -> None:
    slow = ("--rows", "LinearSVC loss=hinge C=100 multi_class=ovr", "--repeats", "2")
    run(tmp_path, *slow, "--limit", "0.1")
    (record,) = records(tmp_path)
    assert record["status"] == OVER_LIMIT and record["limit"] == 0.1
    run(tmp_path, *slow, "--limit", "0.1")
    assert len(records(tmp_path)) == 1
    # The rest is run on a part.
    run(tmp_path, "--rest", "--repeats", "1", "--train-size", "50")
    _, rest = records(tmp_path)
    assert rest["status"] == OK and rest["train_size"] == 50


@pytest.mark.parametrize("second, is_wanted", [(0.9005, False), (0.902, True)])
def test_repeats_stop_when_two_agree(tmp_path: Path, second: float, is_wanted: bool) -> None:
    results = Results(tmp_path, SYNTHETIC)
    assert results.wants(TASK)
    for repeat, accuracy in enumerate((0.9, second)):
        record = TASK._replace(repeat=repeat)._asdict()
        results.append(record | {"status": OK, "accuracy": accuracy})
    assert not results.wants(TASK)
    assert results.wants(TASK._replace(repeat=2)) == is_wanted
    assert Results(tmp_path, SYNTHETIC).wants(TASK._replace(repeat=2)) == is_wanted


def test_a_row_over_its_limit_is_tried_with_a_larger_one(tmp_path: Path) -> None:
    results = Results(tmp_path, SYNTHETIC)
    record = TASK._asdict()
    results.append(record | {"status": OVER_LIMIT})
    assert not results.wants(TASK)
    assert not results.wants(TASK._replace(repeat=1))
    assert results.wants(TASK._replace(limit=61))


@pytest.mark.parametrize(
    "name, accuracies, is_far",
    [
        ("SVC C=1 kernel=rbf", [0.868, 0.87], False),
        ("SVC C=1 kernel=rbf", [0.867, 0.868], True),
        ("SGDClassifier loss=hinge penalty=l2", [0.800], False),
        ("SGDClassifier loss=hinge penalty=l2", [0.840], True),
    ],
)
def test_large_differences_are_to_be_explained(
    name: str, accuracies: list[float], is_far: bool
) -> None:
    (row,) = [row for row in table3() if row.name == name]
    assert Comparison(row, "fashion-mnist", 60_000, accuracies, 1, []).is_far == is_far


@pytest.mark.parametrize("dataset", PUBLISHED)
def test_all_large_differences_are_explained(dataset: str) -> None:
    results = Results(Path(__file__).parent / "results", dataset)
    compared = compare(results, dataset, 60_000)
    assert len(compared) >= 40
    far = [each for each in compared if each.is_far]
    assert [each.row.name for each in far if finding(each) == "not explained yet"] == []
