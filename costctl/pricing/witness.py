"""Do the sources say that calls cost what we say? By provider, model and source, with what the differences are due to.

In: rows of cost_witness, calls, charge and requests, and the prices. Out: ``Witness``; None where no record names an
amount. Two amounts agree within a micro-dollar, or within half a unit of the last digit to which the source is seen to
round.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple

import msgspec
import polars as pl

from costctl.documents.price_settings import PriceSettings
from costctl.documents.witness import CauseKind, Witness, WitnessCause, WitnessGroup
from costctl.pricing.witness_call import DifferingCall, Quotes
from costctl.pricing.witness_causes import Cause, causes
from costctl.pricing.witness_factor import constant_factor
from costctl.stats.exact_sums import exact_sum

MICRO_USD: Final = 1e-6
MOST_EXAMINED: Final = 2_000  # calls whose cause is looked for, those that are off most
_GROUP: Final = ("source", "provider", "model")
_NOISE: Final = 1e-12  # relative: what two orders of the same additions differ by
_EXACT_DIGITS: Final = 12  # amounts with more digits were not rounded, but are what a division left
_LEAST_ROUNDED: Final = 8  # calls that must show it before a source is taken to round
_LEAST_ALIKE: Final = 2  # calls, of what might be chance in one
_LEAST_EXACT: Final = 3  # likewise, before one is taken not to
_KNOWN: Final = ("input_tokens", "reasoning_tokens", "web_searches")
_NO_CAUSE: Final = "no single cause found"


class _Rounding(NamedTuple):
    """digits: the most that a source writes after the point.  is_shown: its amounts are ours, rounded to them.

    is_exact: where its amounts agree with ours they do to the last digit, so that it does not round.
    """

    digits: int
    is_shown: bool
    is_exact: bool

    @property
    def half_unit_usd(self) -> float:
        return 0.0 if self.is_exact else 0.5 * 10.0**-self.digits


class _Found(NamedTuple):
    call: DifferingCall
    cause: Cause


def differing_calls(rows: pl.DataFrame) -> list[int]:
    """The calls whose cause is to be looked for: their charges are needed. rows: of cost_witness."""
    return _differing(_judged(rows)).head(MOST_EXAMINED)["call_id"].to_list()


def witness(
    rows: pl.DataFrame,
    calls: pl.DataFrame,
    charge: pl.DataFrame,
    requests: pl.DataFrame,
    own: PriceSettings,
    of: int,
) -> Witness | None:
    """The comparison. rows: of cost_witness.  calls, charge, requests: at least those of ``differing_calls``.  of: how
    many calls to providers there are.
    """
    judged = _judged(rows)
    if judged.is_empty():
        return None
    differing = _differing(judged)
    examined = _examined(differing.head(MOST_EXAMINED), calls, charge)
    found = _explained(examined, judged, Quotes(own))
    traces = dict(
        differing.select("call_id", "request_id")
        .join(requests.select("request_id", "trace_id"), on="request_id")
        .select("call_id", "trace_id")
        .iter_rows()
    )
    groups = [
        _group(part, found.get(key, []), traces)
        for key, part in sorted(
            judged.partition_by(_GROUP, as_dict=True).items(), key=lambda pair: _order(pair[0])
        )
    ]
    total_usd = math.fsum(abs(each.difference_usd) for group in groups for each in group.causes)
    groups = [_with_ratios(group, total_usd) for group in groups]
    return Witness(
        calls=of,
        named_calls=judged.height,
        unknown_calls=judged["usd"].null_count(),
        agreeing_calls=int(judged["is_agreed"].sum()),
        recorded_usd=exact_sum(judged["recorded_usd"]) or 0.0,
        usd=exact_sum(judged["known_usd"]),
        ratio=_ratio(judged),
        groups=tuple(
            sorted(groups, key=lambda group: -sum(abs(each.difference_usd) for each in group.causes))
        ),
        notes=_notes(rows, judged, differing.height),
    )


def _order(key: tuple[object, ...]) -> tuple[str, ...]:
    return tuple(str(part) for part in key)


def _judged(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows that can be compared, with the tolerance of each, and whether the two amounts agree."""
    usable = rows.filter(
        pl.col("pool").is_null() & pl.col("recorded_usd").is_finite() & (pl.col("recorded_usd") >= 0)
    )
    usable = usable.with_columns(pl.col(*_GROUP).cast(pl.String)).sort("call_id")
    rounding = {
        name: _rounding(part) for (name,), part in usable.partition_by("source", as_dict=True).items()
    }
    names = list(rounding)
    table = pl.DataFrame(
        {
            "source": names,
            "half_unit_usd": [rounding[name].half_unit_usd for name in names],
            "rounds": [rounding[name].is_shown for name in names],
            "digits": [rounding[name].digits for name in names],
        },
        schema={"source": pl.String, "half_unit_usd": pl.Float64, "rounds": pl.Boolean, "digits": pl.Int64},
    )
    size = pl.max_horizontal(pl.col("recorded_usd"), pl.col("known_usd").abs()) * _NOISE
    # A source that writes few digits may have had no more: only where it is seen to round is as much given away.
    written = (
        pl.when("rounds").then("half_unit_usd").otherwise(pl.min_horizontal("half_unit_usd", MICRO_USD / 2))
    )
    return (
        usable.join(table, on="source")
        .with_columns(pl.max_horizontal(written * (1 + _NOISE * 1e3), size).alias("tolerance_usd"))
        .with_columns(
            (pl.col("difference_usd").abs() <= pl.max_horizontal("tolerance_usd", pl.lit(MICRO_USD)))
            .fill_null(value=False)
            .alias("is_agreed")
        )
    )


def _rounding(rows: pl.DataFrame) -> _Rounding:
    """How a source writes its amounts. It rounds where most are ours to its digits, and many are not to more."""
    amounts = [amount for amount in rows["recorded_usd"].to_list() if amount]
    digits = max((_digits(amount) for amount in amounts), default=_EXACT_DIGITS + 1)
    if digits > _EXACT_DIGITS:
        return _Rounding(digits, is_shown=False, is_exact=True)
    known = rows.drop_nulls("usd").filter(pl.col("recorded_usd") > 0)
    half = 0.5 * 10.0**-digits * (1 + 1e-9)
    rounded = known.filter(pl.col("difference_usd").abs() <= half)
    inexact = rounded.filter(pl.col("difference_usd").abs() > MICRO_USD * 1e-3)
    is_shown = 2 * rounded.height > known.height and inexact.height >= _LEAST_ROUNDED
    agreed = known.filter(pl.col("difference_usd").abs() <= MICRO_USD)
    exact = agreed.filter(pl.col("difference_usd").abs() <= pl.col("recorded_usd") * _NOISE)
    return _Rounding(digits, is_shown, is_exact=exact.height == agreed.height >= _LEAST_EXACT)


def _digits(amount: float) -> int:
    exponent = Decimal(repr(amount)).as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else _EXACT_DIGITS + 1


def _differing(judged: pl.DataFrame) -> pl.DataFrame:
    """The calls whose price is known and is not what was recorded, those that are off most first."""
    off = judged.filter(~pl.col("is_agreed") & pl.col("usd").is_not_null())
    return off.sort([pl.col("difference_usd").abs(), "call_id"], descending=[True, False])


def _examined(
    differing: pl.DataFrame, calls: pl.DataFrame, charge: pl.DataFrame
) -> list[tuple[tuple[object, ...], DifferingCall]]:
    """The calls with their charges, each with the group that it is of."""
    ids = differing["call_id"].implode()
    of_call = {
        row["call_id"]: row for row in calls.filter(pl.col("call_id").is_in(ids)).iter_rows(named=True)
    }
    charges: dict[int, list[dict[str, object]]] = {}
    named = charge.filter(pl.col("call_id").is_in(ids)).with_columns(
        pl.col("component", "resource", "unit").cast(pl.String)
    )
    for row in named.iter_rows(named=True):
        charges.setdefault(row["call_id"], []).append(row)
    return [
        (
            tuple(row[name] for name in _GROUP),
            _differing_call(row, of_call[row["call_id"]], charges.get(row["call_id"], [])),
        )
        for row in differing.iter_rows(named=True)
    ]


def _differing_call(
    row: dict[str, object], call: dict[str, object], charges: list[dict[str, object]]
) -> DifferingCall:
    tokens: dict[str, float] = {}
    prices: dict[str, float] = {}
    other: dict[str, float] = {}
    for each in charges:
        kind = str(each["resource"]).rpartition("/")[2]
        if each["unit"] == "tokens" and each["usd_per_unit"] is not None:
            tokens[kind] = _number(each["quantity"]) or _counted(kind, call)
            prices[kind] = _number(each["usd_per_unit"])
        elif each["unit"] != "tokens":
            other[str(each["resource"])] = _number(each["usd"])
    return DifferingCall(
        call_id=int(str(row["call_id"])),
        provider=_text(row["provider"]),
        model=_text(row["model"]),
        day=None if call["day"] is None else date.fromisoformat(str(call["day"])),
        service_tier=str(call["service_tier"]),
        recorded_usd=_number(row["recorded_usd"]),
        usd=_number(row["usd"]),
        tolerance_usd=_number(row["tolerance_usd"]),
        tokens=tokens,
        usd_per_token=prices,
        other_usd=other,
        known={name: int(str(call[name])) for name in _KNOWN if call.get(name) is not None},
        is_failed=bool(call["is_failed"]),
        has_unread_cache=bool(row["has_unread_cache"]),
    )


def _counted(kind: str, call: dict[str, object]) -> float:
    """Tokens of a kind that the outcome of the call does not let its provider bill."""
    column = {
        "input": "uncached_tokens",
        "cached_input": "cached_input_tokens",
        "cache_write": "cache_write_tokens",
    }
    return _number(call.get(column.get(kind, f"{kind}_tokens")))


def _number(value: object) -> float:
    return 0.0 if value is None else float(str(value))


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _explained(
    examined: list[tuple[tuple[object, ...], DifferingCall]], judged: pl.DataFrame, quotes: Quotes
) -> dict[tuple[object, ...], list[_Found]]:
    """Of each group its calls with their cause. What one factor gives for all calls of a source goes with the rest."""
    factors = {
        name: factor
        for (name,), part in judged.partition_by("source", as_dict=True).items()
        if (factor := constant_factor(part)) is not None
    }
    given: dict[tuple[object, ...], list[tuple[DifferingCall, list[Cause]]]] = {}
    for key, call in examined:
        given.setdefault(key, []).append((call, list(causes(call, quotes))))
    found: dict[tuple[object, ...], list[_Found]] = {}
    for key, of_group in given.items():
        factor = factors.get(str(key[0])) or constant_factor(judged.filter(_is_of(key)))
        is_shown = _is_shown([each for _, each in of_group])
        found[key] = [
            _Found(call, _single(_with_factor(each, factor), is_shown=is_shown)) for call, each in of_group
        ]
    return found


def _is_shown(given: list[list[Cause]]) -> bool:
    """Whether several calls show what might be chance in one: no fewer than those that nothing explains."""
    alike = sum(1 for each in given if len(each) == 1 and each[0].may_be_chance)
    return alike >= _LEAST_ALIKE and alike >= sum(1 for each in given if not each)


def _with_factor(given: list[Cause], factor: float | None) -> list[Cause]:
    if factor is None or any(each.kind == "unit" for each in given):
        return given
    said = f"a constant factor of {factor:.6g} on every call: a margin, a discount or another currency"
    return [*given, Cause("constant_factor", said)]


def _is_of(key: tuple[object, ...]) -> pl.Expr:
    return pl.all_horizontal(
        pl.col(name).is_null() if part is None else pl.col(name) == str(part)
        for name, part in zip(_GROUP, key, strict=True)
    )


def _single(given: list[Cause], *, is_shown: bool) -> Cause:
    """The cause, where it is one; where several give the amount the data do not show which.

    is_shown: what might be chance in one call is not.
    """
    if len(given) == 1 and (is_shown or not given[0].may_be_chance):
        return given[0]
    told = ", or ".join(each.said.replace("{n}", "some") for each in given)
    return Cause("none", f"{_NO_CAUSE}: {told}, would give it" if given else _NO_CAUSE)


def _group(part: pl.DataFrame, found: list[_Found], traces: dict[int, str]) -> WitnessGroup:
    first = part.row(0, named=True)
    return WitnessGroup(
        source=first["source"],
        provider=first["provider"],
        model=first["model"],
        calls=part.height,
        unknown_calls=part["usd"].null_count(),
        agreeing_calls=int(part["is_agreed"].sum()),
        recorded_usd=exact_sum(part["recorded_usd"]) or 0.0,
        usd=exact_sum(part["known_usd"]),
        ratio=_ratio(part),
        causes=_causes(found, traces),
    )


def _causes(found: Iterable[_Found], traces: dict[int, str]) -> tuple[WitnessCause, ...]:
    """The causes of a group, those that make most of the difference first."""
    by_cause: dict[tuple[CauseKind, str], list[_Found]] = {}
    for each in found:
        by_cause.setdefault((each.cause.kind, each.cause.said), []).append(each)
    reported = [
        WitnessCause(
            kind=kind,
            said=said.replace("{n}", f"{sum(each.cause.number for each in alike):,}"),
            calls=len(alike),
            difference_ratio=None,
            difference_usd=math.fsum(each.call.usd - each.call.recorded_usd for each in alike),
            trace_id=traces.get(alike[0].call.call_id),
        )
        for (kind, said), alike in by_cause.items()
    ]
    return tuple(sorted(reported, key=lambda each: (-abs(each.difference_usd), each.said)))


def _with_ratios(group: WitnessGroup, total_usd: float) -> WitnessGroup:
    """The group, whose causes say which part of all differences they are."""
    if not total_usd:
        return group
    causes = (
        msgspec.structs.replace(each, difference_ratio=abs(each.difference_usd) / total_usd)
        for each in group.causes
    )
    return msgspec.structs.replace(group, causes=tuple(causes))


def _ratio(rows: pl.DataFrame) -> float | None:
    """Ours over theirs, of the calls whose price is known."""
    known = rows.drop_nulls("usd")
    ours, theirs = exact_sum(known["usd"]), exact_sum(known["recorded_usd"])
    return ours / theirs if ours is not None and theirs else None


def _notes(rows: pl.DataFrame, judged: pl.DataFrame, differing: int) -> tuple[str, ...]:
    own = int(rows["pool"].is_not_null().sum())
    strange = rows.height - own - judged.height
    rounding = judged.filter("rounds").select("source", "digits").unique().sort("source")
    notes = [f"{source} rounds its amounts to {digits} digits." for source, digits in rounding.iter_rows()]
    if own:
        notes.append(
            f"{own:,} calls served by your own replicas also record an amount; they are priced by replica time."
        )
    if strange:
        notes.append(f"{strange:,} amounts are negative or not numbers, and are excluded.")
    if differing > MOST_EXAMINED:
        notes.append(
            f"Causes were searched in the {MOST_EXAMINED:,} calls that differ most, of {differing:,}."
        )
    return tuple(notes)
