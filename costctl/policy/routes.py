"""What do clients ask for, and what answers it? One route for each name, however its failed calls are named.

In: what was called (the relation ``route_use``), the settings. Out: the routes of each class: a name that clients ask
for, the places that answer it and their calls. A failed call often names no answer, or the short name of a model whose
answers carry a dated one: it belongs to the route of the calls that were answered.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

import polars as pl

from costctl.documents.policy import Operation
from costctl.documents.settings import Settings
from costctl.pricing.provider_names import provider_id

# Operations in the words of a policy; of those that are not here, a request's kind does not tell routes apart.
_OPERATIONS: Final[dict[str, Operation]] = {"embeddings": "embedding", "rerank": "rerank"}
# The provider that is asked by the name of a deployment, which says nothing of the model behind it.
_ASKED_BY_DEPLOYMENT: Final = "azure"
# What follows a model's name where it is a date or a revision of it, and not another model: -2024-08-06, @20250929,
# -0613, -002, -preview-04-17, -20240229-v1:0; not -mini, -32k, :8b or -70b.
_REVISION: Final = re.compile(
    r"[-@:](?:(?:preview|exp)-)?(?:\d{3,8}|\d{2,4}-\d{2}(?:-\d{2,4})?)(?:-v\d+)?(?::\d+)?"
)

Name = TypeVar("Name", bound=str | None)


@dataclass(frozen=True, slots=True)
class Place:
    """Where calls go. pool: one's own.  provider: where tokens are bought; None for a pool, or where not observed.

    model: the name that it is asked by.  answers_as: the model that answers name, where they name another.
    """

    pool: str | None
    provider: str | None
    model: str | None
    answers_as: str | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """What clients of one class ask for by one name. names: that name, then others for the same.

    operation: of most of its calls; None for those that generate.  calls: by place, failed ones included.  data: the
    classification that they tell; None for those that tell none.
    """

    request_class: str
    names: tuple[str, ...]
    operation: Operation | None
    calls: Mapping[Place, int]
    data: str | None = None


@dataclass(frozen=True, slots=True)
class Routes:
    """routes: by class, in order of their names.  unanswered: by name, calls of which none was answered."""

    by_class: Mapping[str, tuple[Route, ...]]
    unanswered: Mapping[str, int]

    def places(self) -> tuple[Place, ...]:
        """Every place that calls go to, each once, in a stable order."""
        found = {place for routes in self.by_class.values() for route in routes for place in route.calls}
        return tuple(
            sorted(
                found, key=lambda it: (it.pool or "", it.provider or "", it.model or "", it.answers_as or "")
            )
        )


@dataclass(frozen=True, slots=True)
class _Asked:
    """Whom clients ask, and for what. pool, provider: None where not observed, both for calls that say neither."""

    pool: str | None
    provider: str | None
    name: str | None


@dataclass(frozen=True, slots=True)
class _Use:
    """A row of route_use. asked: requested, else served."""

    request_class: str
    operation: Operation | None
    provider: str | None
    pool: str | None
    asked: str | None
    served: str | None
    calls: int
    answered: int
    data: str | None


_Key = tuple[str, str | None, str | None]  # class, name, classification of data
_Answers = Mapping[_Asked, Mapping[str | None, int]]


def routes_of(route_use: pl.DataFrame, settings: Settings) -> Routes:
    """The routes of a window. route_use: the relation of that name."""
    uses = sorted((_use(row) for row in route_use.iter_rows(named=True)), key=str)
    answers = _answers(uses)
    found: dict[_Key, dict[Place, int]] = {}
    operations: dict[_Key, dict[Operation | None, int]] = {}
    others: dict[_Key, set[str]] = defaultdict(set)
    unanswered: dict[str, int] = defaultdict(int)
    for use in uses:
        asked = _answered_name(use, answers)
        if asked is None:
            unanswered[use.asked or "model not observed"] += use.calls
            continue
        key = (use.request_class, asked.name, use.data)
        if use.asked is not None and use.asked != asked.name:
            others[key].add(use.asked)
        place = _place(asked, _most(answers[asked]), settings)
        found.setdefault(key, defaultdict(int))[place] += use.calls
        operations.setdefault(key, defaultdict(int))[use.operation] += use.calls
    by_class: dict[str, list[Route]] = defaultdict(list)
    for key, calls in sorted(found.items(), key=str):
        request_class, name, data = key
        names = () if name is None else (name, *sorted(others[key]))
        by_class[request_class].append(Route(request_class, names, _most(operations[key]), dict(calls), data))
    return Routes(
        {name: tuple(routes) for name, routes in by_class.items()}, dict(sorted(unanswered.items()))
    )


def operation_in_policy(operation: str | None) -> Operation | None:
    """The word of a policy for an operation of traces; None where it does not tell routes apart."""
    return _OPERATIONS.get(operation or "")


def is_dated(model: str, name: str) -> bool:
    """Whether the model is the one of that name, with its date or revision."""
    short = name.removesuffix("-latest")
    return model.startswith(short) and (
        model == short or _REVISION.fullmatch(model[len(short) :]) is not None
    )


def _use(row: Mapping[str, object]) -> _Use:
    text = {
        key: value if isinstance(value, str) else None
        for key, value in row.items()
        if not isinstance(value, int)
    }
    count = {key: value for key, value in row.items() if isinstance(value, int)}
    return _Use(
        request_class=str(row["request_class"]),
        operation=operation_in_policy(text["operation"]),
        provider=text["provider"],
        pool=text["pool"],
        asked=text["model_requested"] or text["model"],
        served=text["model"],
        calls=count["calls"],
        answered=count["answered_calls"],
        data=text["data_classification"],
    )


def _answers(uses: Iterable[_Use]) -> _Answers:
    """By what was asked, how often each model answered. What never was answered is not there."""
    counts: dict[_Asked, dict[str | None, int]] = defaultdict(lambda: defaultdict(int))
    for use in uses:
        if use.answered:
            counts[_asked(use)][use.served] += use.answered
    return counts


def _asked(use: _Use) -> _Asked:
    return _Asked(use.pool, None if use.pool is not None else use.provider, use.asked)


def _answered_name(use: _Use, answers: _Answers) -> _Asked | None:
    """What the calls of a row asked for, by the name under which it is answered; None where nothing like it is.

    A name that is never answered is the one of the same model with its date; calls that do not say whom they asked have
    asked whoever answers most calls for that name.
    """
    mine = _asked(use)
    if mine in answers:
        return mine
    is_anywhere = mine.pool is None and mine.provider is None
    alike = [
        other
        for other in answers
        if (is_anywhere or (other.pool, other.provider) == (mine.pool, mine.provider))
        and other.name is not None
        and mine.name is not None
        and is_dated(other.name, mine.name)
    ]
    return min(
        alike, key=lambda it: (it.name != mine.name, -sum(answers[it].values()), str(it)), default=None
    )


def _most(calls: Mapping[Name, int]) -> Name:
    """What most calls have."""
    return min(calls, key=lambda name: (-calls[name], str(name)))


def _place(asked: _Asked, answer: str | None, settings: Settings) -> Place:
    """A pool is asked by a model that it is declared to have, else by the one that answers."""
    if asked.pool is not None:
        declared = settings.pools[asked.pool].models if asked.pool in settings.pools else ()
        known = next((each for each in (answer, asked.name) if each in declared), None)
        return Place(asked.pool, None, known if declared else answer)
    is_own_name = (
        asked.name is None
        or answer is None
        or provider_id(asked.provider or "") == _ASKED_BY_DEPLOYMENT
        or asked.name.startswith("arn:")
        or is_dated(answer, asked.name)
    )
    model = (asked.name or answer) if is_own_name else answer
    return Place(None, asked.provider, model, answer if answer != model else None)
