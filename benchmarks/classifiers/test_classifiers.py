"""Table 3's rows and runner, on synthetic digits."""

from __future__ import annotations

import json
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

from labelled import SYNTHETIC, read
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import SVC

from classifiers.__main__ import main
from classifiers.comparing import Comparison
from classifiers.fitting import OK, OVER_LIMIT, Task
from classifiers.parameters import build, today
from classifiers.results import Results
from classifiers.rows import Row, matching, table3

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
    # In no time, the parameters are checked all the same.
    few = {"n_estimators": 2, "max_iter": 5}
    estimator.set_params(**{name: few[name] for name in few if name in parameters})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        estimator.fit(images, labels)
    assert estimator.predict(images).shape == labels.shape


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
    assert "| synthetic | 300 | 2 of 126 | 4 | 0 | 124 |" in report


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
