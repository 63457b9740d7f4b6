"""How well can each class be told when a request arrives, before its output is known?

In: the frames admission_shape and request_class. Out: a ``Matched``: for a decision tree over what a gateway sees,
which requests it takes for which class, tried on requests that it has not seen, and the rules it comes to.

recall(c) = requests of c taken for c / requests of c;  precision(c) = requests of c taken for c / taken for c;
intervals are Wilson's. The tree never sees output tokens, calls, tools run or times.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from costctl.arrays import Ints
from costctl.documents.admission_accuracy import ClassMatch, Confusion, Matching
from costctl.documents.estimate import Estimate
from costctl.errors import NotEnoughDataError
from costctl.segment.admission_features import LABEL, Encoded, encoded
from costctl.segment.match_rules import rules_of

if TYPE_CHECKING:
    from sklearn.tree import DecisionTreeClassifier


FOLDS: Final = 5
LEVEL: Final = 0.95
_Z: Final = 1.959963984540054  # the normal quantile of (1 + LEVEL) / 2
LEAST_REQUESTS: Final = 10  # of a class: two a fold
MOST_REQUESTS: Final = 100_000  # that a tree is grown from
_MOST_LEAVES: Final = 48
_LEAST_IN_LEAF: Final = 5
# A split must be worth this many requests put right; below, it follows accidents.
_LEAST_GAIN: Final = 5.0


@dataclass(frozen=True, slots=True)
class Matched:
    """What can be told without the label, and with it where any request carries one."""

    evaluated: int
    largest_class_ratio: float
    not_observed: tuple[str, ...]
    without_label: Matching
    with_label: Matching | None


def admission_accuracy(admission: pl.DataFrame, request_class: pl.DataFrame, seed: int) -> Matched:
    """How well the classes can be told at admission. seed: of the sample and of the folds.

    Raises NotEnoughDataError where fewer than two classes have LEAST_REQUESTS requests.
    """
    placed = admission.join(
        request_class.select("request_id", "request_class"), on="request_id", how="inner"
    ).sort("request_id")
    if placed.height > MOST_REQUESTS:
        placed = placed.sample(MOST_REQUESTS, seed=seed)
    counts = Counter(placed["request_class"].to_list())
    if sum(count >= LEAST_REQUESTS for count in counts.values()) < 2:
        raise NotEnoughDataError(
            "There are not enough classes to evaluate admission rules.",
            why=f"Fewer than two classes have {LEAST_REQUESTS} requests or more.",
            next_step="Ingest more traces, widen --since and --until, or classify requests with your own --rules.",
        )
    without_label = encoded(placed, seed, uses_label=False)
    has_label = placed[LABEL].null_count() < placed.height
    return Matched(
        evaluated=placed.height,
        largest_class_ratio=max(counts.values()) / placed.height,
        not_observed=without_label.not_observed,
        without_label=matching(without_label, placed["request_class"], seed),
        with_label=matching(encoded(placed, seed, uses_label=True), placed["request_class"], seed)
        if has_label
        else None,
    )


def matching(features: Encoded, request_class: pl.Series, seed: int) -> Matching:
    """How well these features tell the classes, and by which rules. request_class: of each row of the features."""
    names = sorted(request_class.unique().to_list())
    numbers = {name: number for number, name in enumerate(names)}
    classes = np.array([numbers[name] for name in request_class.to_list()], np.int64)
    taken_for = predicted_out_of_fold(features.values, classes, folds_of(classes, FOLDS, seed), seed)
    tree = _grown(features.values, classes, seed)
    rules, rule_features = rules_of(tree, features.columns, features.values, classes, names)
    confusion = confusion_of(classes, taken_for, len(names))
    return Matching(
        features=features.features,
        accuracy=wilson(int(np.trace(confusion)), int(classes.size)),
        classes=tuple(
            _class_match(name, confusion, number, rule_features.get(name, ()))
            for number, name in enumerate(names)
        ),
        confusion=tuple(
            Confusion(names[true], names[taken], int(confusion[true, taken]))
            for true, taken in np.argwhere(confusion)
        ),
        rules=rules,
    )


def folds_of(classes: Ints, folds: int, seed: int) -> Ints:
    """The fold of each request: drawn at random, each class spread over the folds to within one."""
    order = np.random.default_rng(seed).permutation(classes.size)
    by_class = order[np.argsort(classes[order], kind="stable")]
    found = np.empty(classes.size, np.int64)
    found[by_class] = np.arange(classes.size) % folds
    return found


def predicted_out_of_fold(values: npt.NDArray[np.float32], classes: Ints, folds: Ints, seed: int) -> Ints:
    """The class that each request is taken for by a tree that was grown from the other folds."""
    taken_for = np.empty(classes.size, np.int64)
    for fold in np.unique(folds):
        held = folds == fold
        taken_for[held] = _grown(values[~held], classes[~held], seed).predict(values[held])
    return taken_for


def _grown(values: npt.NDArray[np.float32], classes: Ints, seed: int) -> DecisionTreeClassifier:
    from sklearn.tree import DecisionTreeClassifier

    tree = DecisionTreeClassifier(
        max_leaf_nodes=_MOST_LEAVES,
        min_samples_leaf=_LEAST_IN_LEAF,
        ccp_alpha=_LEAST_GAIN / classes.size,
        random_state=seed,
    )
    return tree.fit(values, classes)


def confusion_of(classes: Ints, taken_for: Ints, size: int) -> Ints:
    """Requests by class (row) and by the class they were taken for (column)."""
    counts = np.bincount(classes * size + taken_for, minlength=size * size)
    return counts.reshape(size, size).astype(np.int64)


def _class_match(name: str, confusion: Ints, number: int, rule_features: tuple[str, ...]) -> ClassMatch:
    requests, matched = int(confusion[number].sum()), int(confusion[:, number].sum())
    right = int(confusion[number, number])
    is_enough = requests >= LEAST_REQUESTS
    return ClassMatch(
        request_class=name,
        requests=requests,
        matched=matched,
        recall=wilson(right, requests) if is_enough else None,
        precision=wilson(right, matched) if is_enough and matched else None,
        rule_features=rule_features,
    )


def wilson(right: int, of: int) -> Estimate:
    """A part of ``of`` > 0 with Wilson's score interval.

    centre = (p + z²/2n) / (1 + z²/n);  half = z √(p(1 − p)/n + z²/4n²) / (1 + z²/n)
    """
    part, spread = right / of, _Z * _Z / of
    centre = (part + spread / 2) / (1 + spread)
    half = _Z * math.sqrt(part * (1 - part) / of + spread / (4 * of)) / (1 + spread)
    return Estimate(
        low=min(part, max(0.0, centre - half)),
        mid=part,
        high=max(part, min(1.0, centre + half)),
        level=LEVEL,
        method="out of fold, Wilson score",
    )
