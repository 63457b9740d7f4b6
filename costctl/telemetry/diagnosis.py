"""What is missing, what does it cost, and what is to be added first?

In: the catalogue, the coverage of its facts, and the evidence of calls. Out: the checks, gaps first, and the scores of
the phases. Formulas: docs/explanation/maturity.md.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final, get_args

import polars as pl

from costctl.documents.diagnosis import AffectedCost, Check, DialectCount, Phase, PhaseName, Shortfall, State
from costctl.telemetry.catalogue import ANY, UNITS, Fact

_PHASES: Final = get_args(PhaseName)
_RANK: Final = {"missing": 0, "partial": 0, "ok": 1, "not_applicable": 2}
_WHY_UNPRICED: Final = 1.0  # charges without an amount, of each row that lacks a fact: the fact is why
_TOKENS: Final = {"input_tokens": "input tokens", "output_tokens": "output tokens"}
_LIKE_THE_OTHERS: Final = (
    "estimate: these calls have as many as the mean of like calls that report tokens; upper bound: each "
    "has as many as the largest of those"
)


def checks_of(facts: Iterable[Fact], coverage: pl.DataFrame, calls: pl.DataFrame) -> tuple[Check, ...]:
    """Every check with its state; gaps first, in the order of ``_urgency``.

    coverage: rows of ``COVERAGE``.  calls: the evidence of calls.
    """
    by_check = coverage.partition_by("check", as_dict=True)
    checks = [
        _check(fact, by_check.get((fact.id,), coverage.clear()), _shortfall(fact, calls)) for fact in facts
    ]
    return tuple(sorted(checks, key=_urgency))


def _urgency(check: Check) -> tuple[int, int, bool, float, float]:
    """Gaps by phase: first those for want of which something has no price, then by the money that they affect times
    their weight, then those that cost most points.
    """
    cost = check.cost or AffectedCost(usd=None, unpriced_charges=0)
    is_gap = check.state in ("missing", "partial")
    leaves_unpriced = is_gap and cost.unpriced_charges >= _WHY_UNPRICED * max(check.missing, 1)
    phase = _PHASES.index(check.phase) if is_gap else 0
    return (
        _RANK[check.state],
        phase,
        not leaves_unpriced,
        -(cost.usd or 0.0) * check.weight,
        -lost_weight(check),
    )


def phases_of(checks: Iterable[Check]) -> tuple[Phase, ...]:
    """The score of each phase, and the gap that adds most to it.

    score = 100 · Σ weight · met / Σ weight, over the checks that apply.
    """
    members = list(checks)
    return tuple(_phase(name, [each for each in members if each.phase == name]) for name in _PHASES)


def met(check: Check) -> float:
    """The part of a check that is met, 0 to 1."""
    return 1.0 if check.state == "ok" else check.ratio or 0.0


def lost_weight(check: Check) -> float:
    """The part of a check's weight that its gap costs; 0 where it does not apply."""
    return 0.0 if check.ratio is None else check.weight * (1.0 - met(check))


def _check(fact: Fact, rows: pl.DataFrame, shortfall: Shortfall | None) -> Check:
    expected, observed = int(rows["expected"].sum()), int(rows["observed"].sum())
    state = _state(fact, expected, observed)
    is_gap = state in ("missing", "partial")
    dialects = tuple(
        DialectCount(*row)
        for row in rows.sort(pl.col("observed") - pl.col("expected"), "dialect")
        .select("dialect", "expected", "observed", (pl.col("expected") - pl.col("observed")).alias("missing"))
        .iter_rows()
    )
    lacking = tuple(each.dialect for each in dialects if each.observed < each.expected)
    total_ns = int(rows["expected_ns"].sum())
    has_cost = is_gap and fact.of in ("calls", "requests")
    return Check(
        id=fact.id,
        phase=fact.phase,
        about=fact.about,
        state=state,
        unit=UNITS[fact.of],
        expected=expected,
        observed=observed,
        missing=expected - observed,
        ratio=observed / expected if expected else None,
        weight=fact.weight,
        affects=fact.affects,
        effect=fact.effect,
        cost=_cost(rows) if has_cost else None,
        shortfall=shortfall if is_gap else None,
        time_ratio=int(rows["missing_ns"].sum()) / total_ns if is_gap and total_ns > 0 else None,
        add=fact.add,
        example=fact.example_for(lacking),
        reason=fact.moot if state == "not_applicable" else None,
        dialects=dialects,
    )


def _cost(rows: pl.DataFrame) -> AffectedCost:
    """What the rows without the fact are charged. rows: of ``COVERAGE``."""
    known = rows["missing_usd"].drop_nulls()
    return AffectedCost(
        usd=math.fsum(known) if known.len() else None, unpriced_charges=int(rows["missing_unpriced"].sum())
    )


def _state(fact: Fact, expected: int, observed: int) -> State:
    if expected == 0:
        return "not_applicable"
    if observed == 0:
        return "missing"
    return "ok" if fact.enough == ANY or observed / expected >= fact.enough_ratio else "partial"


def _shortfall(fact: Fact, calls: pl.DataFrame) -> Shortfall | None:
    """What the answered calls without a token count would add to the sum; None where no like call has one."""
    if fact.id not in _TOKENS:
        return None
    answered = calls.filter("is_answered")
    if fact.id == "output_tokens":
        answered = answered.filter("is_generation")
    has = pl.col(f"has_{fact.id}")
    kinds = answered.group_by("is_generation").agg(
        pl.col("calls").filter(~has).sum().alias("without"),
        pl.col("calls").filter(has).sum().alias("with"),
        pl.col(fact.id).filter(has).sum().alias("known"),
        pl.col(f"largest_{fact.id}").filter(has).max().alias("largest"),
    )
    lacking = kinds.filter(pl.col("without") > 0)
    if lacking.is_empty() or bool((lacking["with"] == 0).any()):
        return None
    mean = pl.col("known") / pl.col("with")
    about, at_most = lacking.select(
        (pl.col("without") * mean).sum().alias("about"),
        (pl.col("without") * pl.col("largest")).sum().alias("at_most"),
    ).row(0)
    known = int(kinds["known"].sum())
    return Shortfall(
        quantity=_TOKENS[fact.id],
        known=known,
        about=float(about),
        about_ratio=about / known if known else None,
        at_most=float(at_most),
        at_most_ratio=at_most / known if known else None,
        assumption=_LIKE_THE_OTHERS,
    )


def _phase(name: PhaseName, checks: list[Check]) -> Phase:
    applying = [each for each in checks if each.ratio is not None]
    weight = sum(each.weight for each in applying)
    gaps = [each for each in applying if each.state != "ok"]
    first = max(gaps, key=lost_weight, default=None)
    lost = sum(map(lost_weight, applying))
    return Phase(
        phase=name,
        score=100.0 * (weight - lost) / weight if weight else None,
        ok=len(applying) - len(gaps),
        gaps=len(gaps),
        next_check=first.id if first else None,
        next_step=first.add if first else None,
        next_points=100.0 * lost_weight(first) / weight if first else None,
    )
