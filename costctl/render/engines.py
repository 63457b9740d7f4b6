"""What inference servers told of themselves, in a line each for the first screen, and as tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from costctl.documents.engines import EngineReport
from costctl.documents.estimate import Estimate
from costctl.render.cells import NOT_OBSERVED, Cell, Row, count, number, phrase, ratio, seconds, tokens
from costctl.render.sections import Notes, Section, Table, first

_MOST_ENGINES: Final = 2


def engine_lines(engines: Sequence[EngineReport]) -> list[str]:
    """A line for the engines of each pool: what a step takes, and what the KV cache holds."""
    shown, hidden = first(list(engines), _MOST_ENGINES)
    lines = [f"{_name(each)}: {' · '.join(_facts(each))}" for each in shown]
    return [*lines, f"{hidden} more: see --detail"] if hidden else lines


def engine_sections(engines: Sequence[EngineReport]) -> list[Section]:
    """The step times with what they lie between, the limits and the use of the cache, and what is to be done."""
    parts: list[Section] = [_times(engines), _memory(engines)]
    notes = [f"{_name(each)}: {each.missing_for_fit}." for each in engines if each.missing_for_fit]
    lost = [f"{_name(each)}: {each.matched_by}." for each in engines if each.pool is None]
    if notes or lost:
        parts.append(Notes("Engine metrics: what to do", (*notes, *lost)))
    return parts


def _name(engine: EngineReport) -> str:
    """The pool, else what the engine says it is."""
    told = " ".join(part for part in (engine.engine, engine.model) if part)
    return engine.pool or told or "an engine"


def _facts(engine: EngineReport) -> list[str]:
    facts = [_step(engine)]
    if engine.kv_tokens is not None or engine.most_kv_usage_ratio is not None:
        facts.append(_cache(engine))
    if engine.preemptions:
        facts.append(f"{count(engine.preemptions)} preemptions")
    if engine.pool is None:
        facts.append(engine.matched_by)
    return facts


def _cache(engine: EngineReport) -> str:
    """How large the KV cache is, and how full it was, of what is known."""
    size = "" if engine.kv_tokens is None else f" {tokens(engine.kv_tokens.mid)} tokens"
    if engine.most_kv_usage_ratio is None:
        return f"KV cache{size}"
    return f"KV cache{size}{',' if size else ''} at most {ratio(engine.most_kv_usage_ratio)} used"


def _step(engine: EngineReport) -> str:
    if engine.alpha_s is None or engine.beta_s is None or engine.gamma_s is None:
        return f"no step times: {engine.missing_for_fit}"
    return (
        f"step {seconds(engine.alpha_s.mid)} + {seconds(engine.beta_s.mid)} a sequence, "
        f"{seconds(engine.gamma_s.mid)} a prompt token"
    )


def _times(engines: Sequence[EngineReport]) -> Table:
    rows: tuple[Row, ...] = tuple(
        (
            _name(each),
            count(each.engines),
            count(each.samples),
            count(each.windows),
            _between(each.alpha_s),
            _between(each.beta_s),
            _between(each.gamma_s),
            "none" if each.pool is None else each.matched_by,
        )
        for each in engines
    )
    columns = (
        "engine",
        "replicas",
        "samples",
        "windows",
        "α, a step",
        "β, a sequence",
        "γ, a prompt token",
        "pool by",
    )
    return Table("Engine metrics: step times (95% interval)", columns, rows, frozenset({"engine", "pool by"}))


def _between(estimate: Estimate | None) -> Cell:
    if estimate is None:
        return NOT_OBSERVED
    return phrase(
        "{mid} ({low}–{high})",
        mid=seconds(estimate.mid),
        low=seconds(estimate.low),
        high=seconds(estimate.high),
    )


def _memory(engines: Sequence[EngineReport]) -> Table:
    rows: tuple[Row, ...] = tuple(
        (
            _name(each),
            number(each.most_running),
            number(each.most_waiting),
            number(each.max_num_seqs),
            number(each.max_batched_tokens),
            tokens(None if each.kv_tokens is None else each.kv_tokens.mid),
            NOT_OBSERVED if each.kv_tokens is None else each.kv_tokens.method,
            ratio(each.most_kv_usage_ratio),
            number(each.preemptions),
            ratio(each.prefix_hit_ratio),
        )
        for each in engines
    )
    columns = (
        "engine",
        "most running",
        "most waiting",
        "max_num_seqs",
        "max_num_batched_tokens",
        "KV tokens",
        "told by",
        "most KV used",
        "preemptions",
        "prefix hits",
    )
    return Table("Engine metrics: limits and KV cache", columns, rows, frozenset({"engine", "told by"}))
