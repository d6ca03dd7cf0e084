"""The classifiers of Table 3 in today's scikit-learn (1.8 or newer).

The table names the parameters that were searched. scikit-learn 0.18 or 0.19 filled in the others,
and its names and defaults have changed since. All such changes are here:

- The losses "log" and "deviance" are "log_loss" now.
- SGDClassifier, Perceptron and PassiveAggressiveClassifier made five passes over the data.
- Perceptron took no `l1_ratio`: with the penalty elasticnet, it used 0, which is the penalty l2.
- PassiveAggressiveClassifier is SGDClassifier with the learning rate "pa1" now, whose `eta0` is C.
- SVC had gamma = 1 / (number of features), today's "auto".
- LogisticRegression had the solver liblinear and one model for each class. liblinear refuses more
  than two classes now, and OneVsRestClassifier fits the same models. The penalty l1 is written
  `l1_ratio=1`.
- LinearSVC solved the dual problem. With `multi_class="crammer_singer"`, liblinear ignores the
  penalty and the loss, then and now.
- MLPClassifier stopped when the loss had not improved for more than two passes; today's default is
  ten.
- The `max_features` of the table's time are today's defaults: all for DecisionTreeClassifier and
  gradient boosting, the square root for ExtraTreeClassifier and forests.
- GaussianNB's priors are even. Data sets with more or fewer than ten classes have as many priors.
- The original set no seed. Here, the number of the repeat is the seed.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

_FIVE_PASSES = {"max_iter": 5, "tol": None}

# What scikit-learn filled in then, where its default is another one now.
_THEN: dict[str, dict[str, Any]] = {
    "SGDClassifier": _FIVE_PASSES,
    "Perceptron": {**_FIVE_PASSES, "l1_ratio": 0},
    "PassiveAggressiveClassifier": _FIVE_PASSES,
    "SVC": {"gamma": "auto"},
    "LogisticRegression": {"solver": "liblinear"},
    "LinearSVC": {"dual": True},
    "MLPClassifier": {"n_iter_no_change": 2},
}

_RENAMED_LOSSES = {"log": "log_loss", "deviance": "log_loss"}


class Model(NamedTuple):
    """A class of scikit-learn with its arguments; one model for each class if `is_one_vs_rest`."""

    classifier: str
    arguments: dict[str, Any]
    is_one_vs_rest: bool = False

    def __str__(self) -> str:
        words = ", ".join(f"{name}={value!r}" for name, value in self.arguments.items())
        call = f"{self.classifier}({words})"
        return f"OneVsRestClassifier({call})" if self.is_one_vs_rest else call


def today(classifier: str, parameters: str, classes: int = 10) -> Model:
    """Translate a row of the table."""
    arguments = _parse(parameters)
    if "priors" in arguments:
        arguments["priors"] = [1 / classes] * classes
    if "loss" in arguments:
        arguments["loss"] = _RENAMED_LOSSES.get(arguments["loss"], arguments["loss"])
    arguments |= _THEN.get(classifier, {})
    if classifier == "PassiveAggressiveClassifier":
        step = arguments.pop("C")
        arguments |= {"penalty": None, "learning_rate": "pa1", "eta0": float(step)}
        return Model("SGDClassifier", arguments)
    if classifier == "LogisticRegression":
        arguments["l1_ratio"] = {"l1": 1, "l2": 0}[arguments.pop("penalty")]
        del arguments["multi_class"]
        return Model(classifier, arguments, is_one_vs_rest=True)
    return Model(classifier, arguments)


def build(model: Model, seed: int) -> Any:
    """Make the estimator, with a seed where it takes one."""
    from sklearn.multiclass import OneVsRestClassifier

    estimator = _classes()[model.classifier](**model.arguments)
    if "random_state" in estimator.get_params():
        estimator.set_params(random_state=seed)
    return OneVsRestClassifier(estimator) if model.is_one_vs_rest else estimator


def _parse(parameters: str) -> dict[str, Any]:
    """Split "C=10 hidden_layer_sizes=[10, 10]" into names and values."""
    arguments = {}
    for word in parameters.replace(", ", ",").split():
        name, _, value = word.partition("=")
        try:
            arguments[name] = json.loads(value)
        except ValueError:
            arguments[name] = value
    return arguments


def _classes() -> dict[str, Callable[..., Any]]:
    from sklearn import ensemble, linear_model, naive_bayes, neighbors, neural_network, svm, tree

    classes = (
        tree.DecisionTreeClassifier,
        tree.ExtraTreeClassifier,
        naive_bayes.GaussianNB,
        ensemble.GradientBoostingClassifier,
        neighbors.KNeighborsClassifier,
        svm.LinearSVC,
        linear_model.LogisticRegression,
        neural_network.MLPClassifier,
        linear_model.Perceptron,
        ensemble.RandomForestClassifier,
        linear_model.SGDClassifier,
        svm.SVC,
    )
    return {each.__name__: each for each in classes}
