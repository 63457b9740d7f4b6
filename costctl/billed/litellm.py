"""What does a LiteLLM gateway say was spent? Its spend report, its daily activity, and its spend logs, summed by day.

In: entries of ``/global/spend/report``, of ``/user/daily/activity``, and rows of ``LiteLLM_SpendLogs``. Out: rows; an
amount is of a model, not of a kind of token. Source: docs.litellm.ai/docs/proxy/cost_tracking, read 2026-11-30.

Its prompt tokens hold those that were read from a cache and written to one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import Any, Final

from costctl.billed.reading import Reading, UnreadableError, count, listed, mapping, quantity, span_ns
from costctl.billed.row import BilledRow
from costctl.billed.values import DAY_NS, text

_UNKNOWN: Final = Fraction(0)


def report_rows(day: Mapping[str, Any], reading: Reading) -> None:
    """The teams of a day of the spend report: an amount for each model and key. Raises UnreadableError for the day."""
    bucket = span_ns(day.get("group_by_day"), None)
    for team in listed(day.get("teams")):
        reading.lines(partial(_of_team, bucket, team))


def _of_team(bucket: tuple[int, int], team: Any) -> list[Callable[[], list[BilledRow]]]:
    told = mapping(team)
    return [partial(_spent, bucket, spent, told) for spent in listed(told.get("metadata"))]


def _spent(bucket: tuple[int, int], spent: Any, team: Mapping[str, Any]) -> list[BilledRow]:
    told = mapping(spent)
    return [
        BilledRow(
            *bucket,
            model=text(told.get("model")),
            key=text(told.get("api_key")),
            project=text(team.get("team_name")),
            amount=_needed(quantity(told.get("spend"))),
        )
    ]


def activity_rows(day: Mapping[str, Any], reading: Reading) -> None:
    """A day of activity: what each model was used for, by key where the gateway says so. Raises UnreadableError for the
    day.
    """
    bucket = span_ns(day.get("date"), None)
    breakdown = mapping(day.get("breakdown") or {})
    models = mapping(breakdown.get("models") or {})
    if not models:
        reading.line(partial(_used, mapping(day.get("metrics")), BilledRow(*bucket), reading))
    for model, told in models.items():
        reading.lines(partial(_of_model, BilledRow(*bucket, model=text(model)), told, reading))


def _of_model(base: BilledRow, told: Any, reading: Reading) -> list[Callable[[], list[BilledRow]]]:
    return [
        partial(_used, metrics, replace(base, key=key), reading) for key, metrics in _by_key(mapping(told))
    ]


def _by_key(told: Mapping[str, Any]) -> list[tuple[str | None, Mapping[str, Any]]]:
    keys = told.get("api_key_breakdown")
    if isinstance(keys, Mapping) and keys:
        return [
            (text(mapping(each.get("metadata") or {}).get("key_alias")) or key, mapping(each.get("metrics")))
            for key, each in keys.items()
            if isinstance(each, Mapping)
        ]
    metrics = told.get("metrics")
    return [(None, metrics if isinstance(metrics, Mapping) else told)]


def _used(metrics: Mapping[str, Any], base: BilledRow, reading: Reading) -> list[BilledRow]:
    """The amount, and a row for each kind of token; where the counts contradict each other the amount alone."""
    calls = count(metrics.get("successful_requests"))
    spent = replace(
        base,
        amount=_needed(quantity(metrics.get("spend"))),
        calls=count(metrics.get("api_requests")) if calls is None else calls,
    )
    read = quantity(metrics.get("cache_read_input_tokens")) or _UNKNOWN
    written = quantity(metrics.get("cache_creation_input_tokens")) or _UNKNOWN
    prompt, output = quantity(metrics.get("prompt_tokens")), quantity(metrics.get("completion_tokens"))
    if prompt is None or output is None:
        return [spent]
    if prompt < read + written:
        reading.fault("contradiction")
        return [spent]
    return [
        spent,
        replace(base, kind="input", quantity=prompt - read - written),
        *([replace(base, kind="cached_input", quantity=read)] if read else []),
        *([replace(base, kind="cache_write", quantity=written)] if written else []),
        replace(base, kind="output", quantity=output),
    ]


def log_rows(entry: Mapping[str, Any], reading: Reading) -> None:
    """A call of the spend log: its amount and its tokens, on its UTC day."""
    reading.line(lambda: _logged(entry, reading))


def _logged(entry: Mapping[str, Any], reading: Reading) -> list[BilledRow]:
    begin, _ = span_ns(entry.get("startTime"), None)
    day = begin // DAY_NS * DAY_NS
    told = entry.get("metadata")
    usage = told.get("usage_object") if isinstance(told, Mapping) else None
    usage = usage if isinstance(usage, Mapping) else {}
    cached = usage.get("prompt_tokens_details")
    cached = cached.get("cached_tokens") if isinstance(cached, Mapping) else None
    base = BilledRow(
        day,
        day + DAY_NS,
        provider=text(entry.get("custom_llm_provider")),
        model=text(entry.get("model")),
        key=text(entry.get("api_key")),
        project=text(entry.get("team_id")),
    )
    metrics = {
        "spend": entry.get("spend"),
        "prompt_tokens": entry.get("prompt_tokens"),
        "completion_tokens": entry.get("completion_tokens"),
        "cache_read_input_tokens": usage.get("cache_read_input_tokens") or cached,
        "cache_creation_input_tokens": usage.get("cache_creation_input_tokens"),
        "successful_requests": 1,
    }
    return _used(metrics, base, reading)


def _needed(amount: Fraction | None) -> Fraction:
    if amount is None:
        raise UnreadableError("number")
    return amount
