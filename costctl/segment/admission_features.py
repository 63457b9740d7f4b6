"""What a gateway knows of a request, as numbers that a tree can split.

In: the frame admission_shape. Out: ``Encoded``: a matrix with a row for each request, what each of its columns
stands for, and the features that the traces do not record.

A category is a column of 0 and 1 for each frequent value, and one for "not given". A limit that was not given is
larger than any. A prompt that was not counted gets the count of another request, drawn at random: it was not counted
because the answer never came, which a gateway cannot know beforehand and no rule may go by.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

LABEL: Final = "workload"
CATEGORIES: Final = (
    "route",
    "model",
    "operation",
    "is_stream",
    "has_tools",
    "tenant",
    "data_classification",
)
NUMBERS: Final = ("prompt_tokens", "max_tokens")
# What the stored spans have no place for, whatever they come from.
NEVER_STORED: Final = ("request headers",)

_MOST_VALUES: Final = 40
_LEAST_REQUESTS: Final = 5


@dataclass(frozen=True, slots=True)
class Column:
    """What a column stands for. value: of a category; None where the column is a number, or says "not given".

    limit: of a number that may be left out, what stands in for "not given": larger than any that was given.
    """

    feature: str
    is_number: bool
    value: str | None = None
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Encoded:
    """values: requests × columns."""

    values: npt.NDArray[np.float32]
    columns: tuple[Column, ...]
    features: tuple[str, ...]
    not_observed: tuple[str, ...]


def encoded(admission: pl.DataFrame, seed: int, *, uses_label: bool) -> Encoded:
    """The requests in the order of the frame. seed: of what stands in for prompts that were not counted.
    uses_label: whether the class label is one of the features.
    """
    parts: list[tuple[str, list[tuple[Column, npt.NDArray[np.float32]]]]] = []
    not_observed = []
    categories = (*CATEGORIES, LABEL) if uses_label else CATEGORIES
    for feature in (*NUMBERS, *categories):
        values = admission[feature]
        if _is_observed(values):
            parts.append((feature, _numbers(values, seed) if feature in NUMBERS else _categories(values)))
        else:
            not_observed.append(feature)
    columns = [column for _, part in parts for column in part]
    return Encoded(
        values=np.column_stack([values for _, values in columns])
        if columns
        else np.zeros((admission.height, 1), np.float32),
        columns=tuple(column for column, _ in columns),
        features=tuple(feature for feature, _ in parts),
        not_observed=(*not_observed, *NEVER_STORED),
    )


def _is_observed(values: pl.Series) -> bool:
    """Whether anything is recorded. Tools are recorded by few: where no request declares any, none are."""
    if values.name == "has_tools":
        return bool(values.any())
    return values.null_count() < values.len()


def _categories(values: pl.Series) -> list[tuple[Column, npt.NDArray[np.float32]]]:
    texts = values.cast(pl.String)
    counts = texts.drop_nulls().value_counts().sort(["count", texts.name], descending=[True, False])
    frequent = counts.filter(pl.col("count") >= min(_LEAST_REQUESTS, max(1, values.len() // 20)))
    found = [
        (Column(values.name, is_number=False, value=value), (texts == value).fill_null(value=False))
        for value in frequent[texts.name].head(_MOST_VALUES).to_list()
    ]
    if values.null_count():
        found.append((Column(values.name, is_number=False), texts.is_null()))
    return [(column, flags.cast(pl.Float32).to_numpy()) for column, flags in found]


def _numbers(values: pl.Series, seed: int) -> list[tuple[Column, npt.NDArray[np.float32]]]:
    given = values.drop_nulls().to_numpy()
    if values.name == "max_tokens":
        limit = 2 * int(given.max()) + 2
        column = Column(values.name, is_number=True, limit=limit if values.null_count() else None)
        return [(column, values.fill_null(limit).cast(pl.Float32).to_numpy())]
    is_missing = values.is_null().to_numpy()
    known = values.fill_null(0).cast(pl.Float32).to_numpy().copy()
    known[is_missing] = np.random.default_rng(seed).choice(given, int(is_missing.sum()))
    return [(Column(values.name, is_number=True), known)]
