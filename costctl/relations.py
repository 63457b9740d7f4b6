"""Which relations are there, what does each promise, and in which order are they built?

In: the SQL files under sql/, each one SELECT with a header contract. Out: ``Relation`` values and a build
order. A header reads:

    -- name: the question it answers.
    -- One row per …
    -- reads: other, relations
    -- computed by: the computation that makes it of what the SELECT gives, where one does
    -- kept as: view, where it is cheaper to select again than to store
    -- key: the columns by which its rows are stored in order, where that is not all of them
    --   column  TYPE  unit or meaning
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Final, Literal

Layer = Literal["staging", "core", "checks"]

_QUESTION: Final = re.compile(r"-- (\w+): (.+)")
_READS: Final = re.compile(r"-- reads: (.+)")
_COMPUTED: Final = re.compile(r"-- computed by: (\w+)")
_KEPT: Final = re.compile(r"-- kept as: view")
_KEY: Final = re.compile(r"-- key: (.+)")
_COLUMN: Final = re.compile(r"--   (\w+)\s+([A-Z]+(?:\[\])?)(?:\s+(.+))?")


@dataclass(frozen=True, slots=True)
class Column:
    """A column as its header promises it: SQL type, and unit or meaning ("" where the name says it)."""

    name: str
    type: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Relation:
    """One SQL file. computed_by: what makes the rows of those that the SQL selects; None where these are the rows.

    key: columns that tell its rows apart, and by which they are stored in order; empty for all.
    """

    name: str
    layer: Layer
    question: str
    grain: str
    reads: tuple[str, ...]
    columns: tuple[Column, ...]
    sql: str
    computed_by: str | None = None
    is_view: bool = False
    key: tuple[str, ...] = ()


def parse_relation(name: str, layer: Layer, text: str) -> Relation:
    """The relation that a SQL file holds. Raises ValueError where the header does not keep to its form."""
    header = [line for line in text.splitlines() if line.startswith("--")]
    question = _QUESTION.fullmatch(header[0]) if header else None
    grains = [line[3:] for line in header if line.startswith("-- One row per")]
    reads = [match[1] for line in header if (match := _READS.fullmatch(line))]
    columns = [match for line in header if (match := _COLUMN.fullmatch(line))]
    if question is None or question[1] != name or len(grains) != 1 or len(reads) != 1 or not columns:
        raise ValueError(f"sql/{layer}/{name}.sql: the header must give its name, grain, reads and columns")
    return Relation(
        name=name,
        layer=layer,
        question=question[2],
        grain=grains[0],
        reads=tuple(part.strip() for part in reads[0].split(",")),
        columns=tuple(Column(match[1], match[2], match[3] or "") for match in columns),
        sql=text,
        is_view=any(_KEPT.fullmatch(line) for line in header),
        key=tuple(
            part.strip() for line in header if (match := _KEY.fullmatch(line)) for part in match[1].split(",")
        ),
        computed_by=next((match[1] for line in header if (match := _COMPUTED.fullmatch(line))), None),
    )


@cache
def load_relations(engine: str) -> Mapping[str, Relation]:
    """Every relation by its name: the engine's own staging, and the core and checks that all engines share."""
    root = resources.files("costctl") / "sql"
    folders: tuple[tuple[Layer, Traversable], ...] = (
        ("staging", root / "staging" / engine),
        ("core", root / "core"),
        ("checks", root / "checks"),
    )
    return by_name(
        parse_relation(file.name.removesuffix(".sql"), layer, file.read_text(encoding="utf-8"))
        for layer, folder in folders
        for file in sorted(folder.iterdir(), key=lambda entry: entry.name)
        if file.name.endswith(".sql")
    )


def by_name(relations: Iterable[Relation]) -> dict[str, Relation]:
    """The relations by their names. Raises ValueError where two have one name."""
    found: dict[str, Relation] = {}
    for relation in relations:
        if relation.name in found:
            layers = f"{found[relation.name].layer} and {relation.layer}"
            raise ValueError(f"two relations are named {relation.name}, in sql/{layers}")
        found[relation.name] = relation
    return found


def build_order(relations: Mapping[str, Relation], wanted: str) -> tuple[str, ...]:
    """``wanted`` and every relation that it rests on, each after those that it reads.

    Tables that no file makes (stored tables, small tables) are left out. Raises ValueError on a cycle.
    """
    graph: dict[str, list[str]] = {}
    ahead = [wanted]
    while ahead:
        name = ahead.pop()
        if name not in graph:
            graph[name] = sorted(read for read in relations[name].reads if read in relations)
            ahead.extend(graph[name])
    try:
        return tuple(TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise ValueError(f"relations read each other in a circle: {error.args[1]}") from error
