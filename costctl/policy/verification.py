"""Which calls broke a policy? Each rule of each class, held against what was recorded.

In: a policy, the relation ``call_route``. Out: how each rule was kept, with the first calls that broke it. A call
belongs to the first class of the policy with its class, operation and model; where there is none, to the default class.
What its record does not tell is counted as unknown, never as kept.

Laws: checked and unknown add up to the calls of a class; a rule that allows more is broken no more often.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np
import polars as pl

from costctl.arrays import Bools
from costctl.documents.policy import AtMost, Backend, Policy, PolicyBoundary, PolicyClass
from costctl.documents.policy_verification import BrokenBy, Rule, RuleKept
from costctl.levers.boundary import longest_answer_us, reason_kept, reason_outside
from costctl.policy.attempts import tries_before
from costctl.policy.mislabelled import reached_by
from costctl.policy.routes import is_dated, operation_in_policy
from costctl.policy.setting_words import duration, in_words
from costctl.policy.verified_lanes import is_out_of_order
from costctl.policy.verified_load import at_once, within_a_minute
from costctl.pricing.provider_names import provider_id
from costctl.units import NS_PER_S, US_PER_S

_MOST_EXAMPLES: Final = 3
_TOLD_BY: Final = (
    "request_class",
    "operation",
    "provider",
    "pool",
    "model_requested",
    "model",
    "data_classification",
)
_NOWHERE: Final = -1  # served at none of the policy's backends
_NOT_TOLD: Final = -2  # by neither pool nor provider


@dataclass(frozen=True, slots=True)
class Verified:
    """rules: broken ones first, required boundaries before others.  unmatched: calls that only the default class takes.

    first_unmatched: the trace of the earliest of them.
    """

    rules: tuple[RuleKept, ...]
    calls: int
    unmatched: int
    first_unmatched: str | None


@dataclass(frozen=True, slots=True)
class _Held:
    """One rule over the calls of a class, in their order. known: of which it can be said.  said: of each, in words."""

    rule: Rule
    allowed: str
    broken: Bools
    known: Bools
    said: pl.Series
    is_required: bool = False


def verified(policy: Policy, call_route: pl.DataFrame) -> Verified:
    """Hold every call to its class. call_route: the relation of that name."""
    calls = _told(policy, call_route).sort("start_ns", "call_id")
    order = {lane.id: place for place, lane in enumerate(policy.lanes)}
    lanes = pl.Series([order[kind.lane] for kind in policy.classes], dtype=pl.Int64)
    calls = calls.with_columns(lane=lanes.gather(calls["kind"]))
    overtaking, known = is_out_of_order(calls)
    calls = calls.with_columns(is_overtaking=pl.Series(overtaking), is_lane_known=pl.Series(known))
    rules = [
        _kept(kind, held, mine)
        for number, kind in enumerate(policy.classes)
        for mine in (calls.filter(pl.col("kind") == number),)
        if mine.height
        for held in _held(policy, kind, mine)
    ]
    unmatched = calls.filter("is_unmatched")
    return Verified(
        tuple(sorted(rules, key=lambda each: (each.broken == 0, not each.is_required))),
        calls.height,
        unmatched.height,
        unmatched["trace_id"][0] if unmatched.height else None,
    )


def _told(policy: Policy, call_route: pl.DataFrame) -> pl.DataFrame:
    """Calls with ``kind``, the number of their class in the policy, and ``at``, that of the backend that served it."""
    told = call_route.select(_TOLD_BY).unique(maintain_order=True)
    rows = [_Row(**row) for row in told.iter_rows(named=True)]
    default = next(number for number, kind in enumerate(policy.classes) if kind.id == policy.default_class)
    kinds = [_kind_of(policy, row) for row in rows]
    served = [
        _backend_of(policy, row, default if kind is None else kind)
        for row, kind in zip(rows, kinds, strict=True)
    ]
    told = told.with_columns(
        kind=pl.Series([default if kind is None else kind for kind in kinds], dtype=pl.Int64),
        is_unmatched=pl.Series([kind is None for kind in kinds], dtype=pl.Boolean),
        at=pl.Series(served, dtype=pl.Int64),
    )
    return call_route.join(told, on=list(_TOLD_BY), how="left", nulls_equal=True)


@dataclass(frozen=True, slots=True)
class _Row:
    """What calls are told apart by, as in ``call_route``."""

    request_class: str
    operation: str | None
    provider: str | None
    pool: str | None
    model_requested: str | None
    model: str | None
    data_classification: str | None


def _kind_of(policy: Policy, row: _Row) -> int | None:
    """The first class that takes such calls; None where none does."""
    operation = operation_in_policy(row.operation)
    names = [name for name in (row.model_requested, row.model) if name is not None]
    for number, kind in enumerate(policy.classes):
        match = kind.match
        is_asked = match.model is None or any(
            _is_name(name, asked) for name in names for asked in match.model
        )
        is_done = match.operation is None or operation in match.operation or operation is None
        is_of_data = kind.data_classification in (None, row.data_classification)
        if kind.request_class == row.request_class and is_asked and is_done and is_of_data:
            return number
    return None


def _backend_of(policy: Policy, row: _Row, kind: int) -> int:
    """The backend that served such calls of a class. Of several that go by these names (a model, and the same with its
    date) it is the one where the class may be served.
    """
    if row.pool is None and row.provider is None:
        return _NOT_TOLD
    found = [number for number, backend in enumerate(policy.backends) if _is_at(backend, row)]
    allowed = reached_by(policy.classes[kind])
    return next(
        (each for each in found if policy.backends[each].id in allowed), found[0] if found else _NOWHERE
    )


def _is_at(backend: Backend, row: _Row) -> bool:
    if backend.pool is not None or row.pool is not None:
        is_there = backend.pool == row.pool
    else:
        is_there = backend.provider is not None and provider_id(backend.provider) == provider_id(
            row.provider or ""
        )
    known = [name for name in (backend.model, backend.answers_as) if name is not None]
    served = row.model  # what was asked for, where nothing says what answered
    return is_there and (not known or served is None or any(_is_name(served, other) for other in known))


def _is_name(one: str, other: str) -> bool:
    """Whether two names are of one model, one of them perhaps with its date."""
    return one == other or is_dated(one, other) or is_dated(other, one)


def _held(policy: Policy, kind: PolicyClass, calls: pl.DataFrame) -> Iterator[_Held]:
    """Every rule that the policy sets for a class."""
    yield from _places(policy, kind, calls)
    queue, admission, caps = kind.queue, kind.admission, kind.caps
    if queue is not None and isinstance(queue.max_wait_us, int):
        yield _most(
            "longest wait",
            duration(queue.max_wait_us),
            calls["queue_s"] * US_PER_S,
            queue.max_wait_us,
            "waited",
        )
    if kind.timeout_us is not None:
        took_us = (calls["end_ns"] - calls["start_ns"]) / NS_PER_S * US_PER_S
        yield _most("time-out", duration(kind.timeout_us), took_us, kind.timeout_us, "took")
    if kind.retries is not None:
        tries = tries_before(calls, ("request_id", "operation"))
        yield _counted("attempts", kind.retries + 1, tries + 1)
    if caps is not None:
        capped: tuple[tuple[Rule, int | None, str], ...] = (
            ("answer tokens", caps.output_tokens, "output_tokens"),
            ("input tokens", caps.input_tokens, "input_tokens"),
            ("steps", caps.steps, "place"),
        )
        for rule, most, column in capped:
            if most is not None:
                yield _counted(rule, most, calls[column])
    if admission is not None and admission.requests_per_minute is not None:
        found = within_a_minute(calls["start_ns"].to_numpy())
        yield _counted("calls a minute", admission.requests_per_minute, pl.Series(found))
    if admission is not None and isinstance(admission.concurrency, AtMost):
        found, known = at_once(calls["start_ns"].to_numpy(), calls["end_ns"].fill_null(-1).to_numpy())
        values = pl.Series(found).set(~pl.Series(known), None)
        yield _counted("calls in progress", admission.concurrency.value, values)
    if kind.service_tier is not None:
        sold = calls["service_tier"]
        said = "sold as " + sold.fill_null("")
        yield _Held(
            "service tier", kind.service_tier, _is(sold != kind.service_tier), _is(sold.is_not_null()), said
        )
    if len({each.lane for each in policy.classes}) > 1:
        said = pl.repeat("began while a call of a lane before it waited", calls.height, eager=True)
        allowed = f"{kind.lane}, {_place_of(policy, kind)} of {len(policy.lanes)}"
        yield _Held(
            "order of service", allowed, _is(calls["is_overtaking"]), _is(calls["is_lane_known"]), said
        )


def _place_of(policy: Policy, kind: PolicyClass) -> int:
    return next(place for place, lane in enumerate(policy.lanes, start=1) if lane.id == kind.lane)


def _places(policy: Policy, kind: PolicyClass, calls: pl.DataFrame) -> Iterator[_Held]:
    """Whether a class was served where it may be."""
    at = calls["at"].to_numpy()
    names = [backend.id for backend in policy.backends]
    allowed = reached_by(kind)
    here = [number for number, name in enumerate(names) if name in allowed]
    said = calls.select(
        pl.format(
            "served at {}, by {}",
            pl.coalesce("pool", "provider"),
            pl.col("model").fill_null("a model not named"),
        )
    ).to_series()
    yield _Held("route", ", ".join(allowed), ~np.isin(at, here), at != _NOT_TOLD, said)
    boundary = kind.data_boundary
    if boundary is not None:
        inside = [
            number for number, each in enumerate(policy.backends) if reason_outside(boundary, each) is None
        ]
        is_required = boundary.enforcement == "required"
        words = in_words("data_boundary", msgspec.to_builtins(boundary))
        yield _Held("data boundary", words, ~np.isin(at, inside), at != _NOT_TOLD, said, is_required)
        yield from _kept_data(policy, boundary, words, calls, is_required=is_required)


def _kept_data(
    policy: Policy, boundary: PolicyBoundary, words: str, calls: pl.DataFrame, *, is_required: bool
) -> Iterator[_Held]:
    """Whether prompts were read from a cache that may keep none, and whether calls waited in files of batches that may
    not hold them.
    """
    if longest_answer_us(boundary) == 0:
        read = calls["cached_input_tokens"]
        said = pl.select(
            pl.format("{} tokens of its prompt were kept in a cache", read.fill_null(0))
        ).to_series()
        yield _Held("data in a cache", words, _is(read > 0), _is(read.is_not_null()), said, is_required)
    refused = [
        number
        for number, each in enumerate(policy.backends)
        if reason_kept(boundary, each, keep="none", tier="batch") is not None
    ]
    sold, at = calls["service_tier"], calls["at"].to_numpy()
    if boundary.batch is False:
        refused = [*range(len(policy.backends)), _NOWHERE]
    if refused:
        is_broken = _is(sold == "batch") & np.isin(at, refused)
        said = pl.repeat("waited in the file of a batch", calls.height, eager=True)
        yield _Held("data in a batch", words, is_broken, _is(sold.is_not_null()), said, is_required)


def _most(rule: Rule, allowed: str, us: pl.Series, most: int, verb: str) -> _Held:
    """A time of which there is a longest."""
    said = us.fill_null(0).map_elements(
        lambda each: f"{verb} {duration(round(each))}", return_dtype=pl.String
    )
    return _Held(rule, f"at most {allowed}", _is(us > most), _is(us.is_not_null()), said)


def _counted(rule: Rule, most: int, values: pl.Series) -> _Held:
    """A number of which there is a largest."""
    said = values.fill_null(0).cast(pl.String)
    return _Held(rule, f"at most {most:,}", _is(values > most), _is(values.is_not_null()), said)


def _is(values: pl.Series) -> Bools:
    """What is not known is not so."""
    found: Bools = values.fill_null(value=False).to_numpy()
    return found


def _kept(kind: PolicyClass, held: _Held, calls: pl.DataFrame) -> RuleKept:
    broken = held.broken & held.known
    places = np.flatnonzero(broken)[:_MOST_EXAMPLES].tolist()
    return RuleKept(
        policy_class=kind.id,
        rule=held.rule,
        allowed=held.allowed,
        checked=int(held.known.sum()),
        broken=int(broken.sum()),
        unknown=int((~held.known).sum()),
        examples=tuple(
            BrokenBy(calls["trace_id"][at], calls["place"][at], calls["start_ns"][at], held.said[at])
            for at in places
        ),
        is_required=held.is_required,
    )
