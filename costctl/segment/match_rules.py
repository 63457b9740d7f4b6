"""Which rules, in order, does a tree come to? What a person can read and a gateway can follow.

In: a fitted decision tree, what its columns stand for, and the requests. Out: ``MatchRule`` values; the first that
matches a request gives the class that the tree gives.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from costctl.arrays import Ints
from costctl.documents.admission_accuracy import MatchCondition, MatchRule
from costctl.segment.admission_features import Column


@dataclass(frozen=True, slots=True)
class _Leaf:
    """conditions: those that a rule must say, given the rules before it.  path: every feature asked on the way.
    place: of the class.  rows: the requests that come here.
    """

    conditions: tuple[MatchCondition, ...]
    path: frozenset[str]
    place: int
    rows: Ints


def rules_of(
    tree: Any, columns: Sequence[Column], values: npt.NDArray[np.float32], classes: Ints, names: Sequence[str]
) -> tuple[tuple[MatchRule, ...], dict[str, tuple[str, ...]]]:
    """The rules, and the features that each class is told by.

    tree: a fitted DecisionTreeClassifier.  values, classes: the requests that it was fitted to.  names: of the
    classes, by number.

    Those that have a value, or lie below a bound, come first: the rules after need not say that they do not.
    """
    leaves = list(_leaves(_Tree(tree, tuple(columns), values), 0, np.arange(classes.size), (), frozenset()))
    leaves = _without_repetition(leaves)
    rules = tuple(
        MatchRule(
            conditions=leaf.conditions,
            request_class=names[leaf.place],
            requests=int(leaf.rows.size),
            purity_ratio=float(np.mean(classes[leaf.rows] == leaf.place)) if leaf.rows.size else 0.0,
        )
        for leaf in leaves
    )
    rule_features: dict[str, set[str]] = {}
    for leaf in leaves:
        rule_features.setdefault(names[leaf.place], set()).update(leaf.path)
    return rules, {name: tuple(sorted(features)) for name, features in rule_features.items()}


class _Tree:
    """The arrays of a fitted tree, by node, and what the columns stand for."""

    def __init__(self, tree: Any, columns: tuple[Column, ...], values: npt.NDArray[np.float32]) -> None:
        inner = tree.tree_
        self.left, self.right = inner.children_left, inner.children_right
        self.column, self.threshold = inner.feature, inner.threshold
        self.place = tree.classes_[np.argmax(inner.value[:, 0, :], axis=1)]
        self.columns, self.values = columns, values

    def only_class(self, node: int) -> int | None:
        """The class of all leaves below the node; None where they differ."""
        if self.left[node] < 0:
            return int(self.place[node])
        left, right = self.only_class(int(self.left[node])), self.only_class(int(self.right[node]))
        return left if left == right else None


def _leaves(
    tree: _Tree, node: int, rows: Ints, conditions: tuple[MatchCondition, ...], path: frozenset[str]
) -> Iterator[_Leaf]:
    place = tree.only_class(node)
    if place is not None:
        yield _Leaf(conditions, path, place, rows)
        return
    column, threshold = tree.columns[tree.column[node]], float(tree.threshold[node])
    is_low = tree.values[rows, tree.column[node]] <= threshold
    asked = path | {column.feature}
    low, high = int(tree.left[node]), int(tree.right[node])
    if not column.is_number or _asks_whether_given(column, threshold):
        # Those that have the value, or have no limit, first.
        yield from _leaves(tree, high, rows[~is_low], _with(conditions, _having(column)), asked)
        yield from _leaves(tree, low, rows[is_low], conditions, asked)
        return
    below = MatchCondition(column.feature, at_most=math.floor(threshold))
    yield from _leaves(tree, low, rows[is_low], _with(conditions, below), asked)
    yield from _leaves(tree, high, rows[~is_low], conditions, asked)


def _asks_whether_given(column: Column, threshold: float) -> bool:
    return column.limit is not None and 2 * threshold >= column.limit


def _having(column: Column) -> MatchCondition:
    if column.value is None:
        return MatchCondition(column.feature, is_given=False)
    return MatchCondition(column.feature, equals=column.value)


def _with(conditions: tuple[MatchCondition, ...], new: MatchCondition) -> tuple[MatchCondition, ...]:
    """The conditions and one more; a bound replaces the wider one of its feature."""
    kept = tuple(old for old in conditions if new.at_most is None or not _is_implied(old, (new,)))
    return (*kept, new)


def _without_repetition(leaves: list[_Leaf]) -> list[_Leaf]:
    """The leaves without those that the next one, of the same class, would have taken as well."""
    kept: list[_Leaf] = []
    for leaf in leaves:
        merged = leaf
        while (
            kept
            and kept[-1].place == leaf.place
            and all(_is_implied(condition, kept[-1].conditions) for condition in leaf.conditions)
        ):
            before = kept.pop()
            merged = _Leaf(
                leaf.conditions, merged.path | before.path, leaf.place, np.append(before.rows, merged.rows)
            )
        kept.append(merged)
    return kept


def _is_implied(condition: MatchCondition, by: tuple[MatchCondition, ...]) -> bool:
    """Whether all that meet the conditions ``by`` meet this one too."""
    return any(
        other == condition
        or (
            other.feature == condition.feature
            and other.at_most is not None
            and condition.at_most is not None
            and other.at_most <= condition.at_most
        )
        for other in by
    )
