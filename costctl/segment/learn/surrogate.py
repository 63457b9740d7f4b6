"""Which rules say what the clusters say? What is done, where that alone tells; else a shallow tree, as bounds.

In: the features of requests as arrays, and their shapes. Out: ``Bounds`` in the order in which they are tried; the
last has none.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from costctl.arrays import Bools, Floats, Ints
from costctl.segment.learn.features import SIZES
from costctl.segment.matching import within

_LEAVES_PER_SHAPE: Final = 4
_GOOD_ENOUGH: Final = 0.002  # agreement that fewer leaves may cost
_ROUNDING_COST: Final = 0.002  # agreement that all rounding together may cost
_LEAST_REQUESTS: Final = 3  # in a leaf
_DEPTH: Final = 6
_PURE: Final = 0.99  # part of the requests that meet a plain condition which must be of one shape
# What a person would look at first, in this order.
_PLAIN: Final[tuple[dict[str, float], ...]] = (
    {"max_generation_calls": 0, "max_embedding_calls": 0},
    {"min_agents": 1},
    {"min_tools": 1},
    {"min_retrievals": 1},
    {"min_documents": 1},
    {"max_generation_calls": 0},
    {"min_generation_calls": 2},
)


@dataclass(slots=True)
class Bounds:
    """The requests that meet all bounds are of this shape. bounds: min_FEATURE or max_FEATURE → inclusive bound."""

    shape: int
    bounds: dict[str, float] = field(default_factory=dict)


def surrogate_rules(columns: Mapping[str, Floats], shape_of: Ints, seed: int) -> list[Bounds]:
    """The rules, as few and as short as agreement with the shapes allows, with numbers that a person would write.

    columns: NaN where a feature was not observed. Agreement is always that of the rules themselves, tried in
    order: a request meets no bound on what was not observed in it.
    """
    used = {name: columns[name] for name in SIZES}
    best: list[Bounds] = []
    best_agreement = -1.0
    plain, is_left = _plain_rules(used, shape_of)
    left = {name: values[is_left] for name, values in used.items()}
    shapes = int(np.unique(shape_of[is_left]).size)
    for leaves in range(max(2, shapes), max(2, _LEAVES_PER_SHAPE * shapes) + 1):
        found = _tree_rules(left, shape_of[is_left], leaves, seed) if shapes else []
        rules = _with_rest(used, shape_of, [*plain, *found], seed)
        agreement = _Trial(used, shape_of, rules).agreement()
        if agreement > best_agreement + _GOOD_ENOUGH:
            best, best_agreement = rules, agreement
    trial = _Trial(used, shape_of, best)
    trial.shorten()
    trial.round(trial.agreement() - _ROUNDING_COST)
    trial.shorten()
    return trial.rules


def _plain_rules(columns: Mapping[str, Floats], shape_of: Ints) -> tuple[list[Bounds], Bools]:
    """The plain conditions that only requests of one shape meet, and the requests that meet none of them."""
    rules, is_left = [], np.ones(shape_of.size, np.bool_)
    for bounds in _PLAIN:
        takes = within(columns, bounds, shape_of.size) & is_left
        if not takes.any():
            continue
        sizes = np.bincount(shape_of[takes])
        if sizes.max() >= _PURE * takes.sum():
            rules.append(Bounds(int(sizes.argmax()), dict(bounds)))
            is_left &= ~takes
    return rules, is_left


def _tree_rules(columns: Mapping[str, Floats], shape_of: Ints, leaves: int, seed: int) -> list[Bounds]:
    """The leaves of a tree as bounds, those of the most frequent shape last.

    Where a feature was not observed the tree sees less than any number. A rule must not: an upper bound on what
    most requests of a leaf lack is dropped, and the leaf comes after those that need their bounds.
    """
    from sklearn.tree import DecisionTreeClassifier

    names = list(columns)
    rows = np.column_stack([columns[name] for name in names])
    seen = np.nan_to_num(rows, nan=-1.0)
    tree = DecisionTreeClassifier(
        max_leaf_nodes=leaves, max_depth=_DEPTH, min_samples_leaf=_LEAST_REQUESTS, random_state=seed
    ).fit(seen, shape_of)
    leaf_of = tree.apply(seen)
    sizes = np.bincount(shape_of)
    found: list[tuple[int, int, int, Bounds]] = []
    for leaf, shape, path in _paths(tree, names):
        is_lacking = np.isnan(rows[leaf_of == leaf]).mean(axis=0) > 0.5
        lacking = {f"max_{name}" for name, is_so in zip(names, is_lacking, strict=True) if is_so}
        bounds = {key: bound for key, bound in path.items() if key not in lacking}
        found.append((len(lacking & path.keys()), int(sizes[shape]), shape, Bounds(shape, bounds)))
    return [rule for *_, rule in sorted(found, key=lambda each: each[:3])]


def _paths(tree: Any, names: list[str]) -> Iterator[tuple[int, int, dict[str, float]]]:
    """Each leaf of a tree, its shape, and the bounds on the way to it, from left to right.

    Features are whole numbers: "at most 12.5" is at most 12, and beyond it is at least 13.
    """
    inner = tree.tree_
    ahead: list[tuple[int, dict[str, float]]] = [(0, {})]
    while ahead:
        node, path = ahead.pop()
        if inner.children_left[node] < 0:
            yield node, int(tree.classes_[np.argmax(inner.value[node])]), path
            continue
        name, most = names[inner.feature[node]], float(math.floor(inner.threshold[node]))
        ahead.append((int(inner.children_right[node]), {**path, f"min_{name}": most + 1}))
        ahead.append((int(inner.children_left[node]), {**path, f"max_{name}": most}))


def _with_rest(columns: Mapping[str, Floats], shape_of: Ints, rules: list[Bounds], seed: int) -> list[Bounds]:
    """The rules, rules for requests that meet none of them since something was not observed, and one for all."""
    size = shape_of.size
    if not rules:
        return [Bounds(int(np.bincount(shape_of).argmax()))]
    rest = ~np.logical_or.reduce([within(columns, rule.bounds, size) for rule in rules])
    if not rest.any():
        return [*rules[:-1], Bounds(rules[-1].shape)]
    common = int(np.bincount(shape_of[rest]).argmax())
    if (shape_of[rest] == common).all():
        return [*rules, Bounds(common)]
    observed = {name: values[rest] for name, values in columns.items() if not np.isnan(values[rest]).any()}
    kinds = int(np.unique(shape_of[rest]).size)
    more = _tree_rules(observed, shape_of[rest], 2 * kinds, seed) if observed else []
    return [*rules, *more, Bounds(common)]


class _Trial:
    """Rules that are made shorter and rounder, with the requests that each takes kept at hand."""

    def __init__(self, columns: Mapping[str, Floats], shape_of: Ints, rules: list[Bounds]) -> None:
        self.columns, self.shape_of = columns, shape_of
        self.rules = [Bounds(rule.shape, dict(rule.bounds)) for rule in rules]
        self.takes = [self._mask(rule.bounds) for rule in self.rules]

    def agreement(self) -> float:
        """Part of the requests to which the rules give their shape."""
        first = np.argmax(np.vstack(self.takes), axis=0)
        shapes = np.array([rule.shape for rule in self.rules])
        return float((shapes[first] == self.shape_of).mean())

    def shorten(self) -> None:
        """Drop every rule and bound without which the rules agree as well."""
        number = len(self.rules) - 2
        while number >= 0:
            before = self.agreement()
            rule, takes = self.rules.pop(number), self.takes.pop(number)
            if self.agreement() < before:
                self.rules.insert(number, rule)
                self.takes.insert(number, takes)
                for key in sorted(rule.bounds):
                    self._try(number, {k: v for k, v in rule.bounds.items() if k != key}, before)
            number -= 1

    def round(self, least: float) -> None:
        """Replace bounds on tokens by the roundest number near by with which the rules agree at least so well."""
        for number, rule in enumerate(self.rules):
            for key in sorted(rule.bounds):
                for digits in (1, 2, 3):
                    value = _rounded(rule.bounds[key], digits)
                    if self._try(number, {**self.rules[number].bounds, key: value}, least):
                        break

    def _try(self, number: int, bounds: dict[str, float], least: float) -> bool:
        before, takes = self.rules[number].bounds, self.takes[number]
        self.rules[number].bounds, self.takes[number] = bounds, self._mask(bounds)
        if self.agreement() >= least and (bounds or number == len(self.rules) - 1):
            return True
        self.rules[number].bounds, self.takes[number] = before, takes
        return False

    def _mask(self, bounds: Mapping[str, float]) -> Bools:
        return within(self.columns, bounds, self.shape_of.size)


def _rounded(value: float, digits: int) -> float:
    return float(round(value, digits - 1 - math.floor(math.log10(value)))) if value >= 1 else value
