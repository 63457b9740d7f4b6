"""What do engines' own metrics say of each pool: step times, limits, and what its KV cache holds?

In: the frames, the settings, and the calls of the pools. Out: ``PoolEngine`` after ``PoolEngine``: engines of one pool,
or, of no pool, those of one kind and model, whose reports are fitted together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from costctl.arrays import Floats, Ints
from costctl.documents.estimate import Estimate
from costctl.documents.settings import Settings
from costctl.frames.cost import Frames
from costctl.service_model.engine_interval import EngineTimes, engine_times
from costctl.service_model.engine_log import EngineLog
from costctl.service_model.engine_match import Match, folder_of, matches_of
from costctl.service_model.kv_capacity import InProgress, kv_capacity
from costctl.service_model.pool_calls import PoolCalls
from costctl.units import NS_PER_S


@dataclass(frozen=True, slots=True)
class PoolEngine:
    """Engines that are alike. series: their rows of the relation.  samples: of these, in order of time.

    match: the pool, and how it was found.  times: the fit, or why there is none.  kv_tokens: of one replica.
    """

    series: pl.DataFrame
    samples: pl.DataFrame
    match: Match
    times: EngineTimes | str
    kv_tokens: Estimate | None

    @property
    def engines(self) -> int:
        """How many told of themselves."""
        return self.series.height

    @property
    def max_num_seqs(self) -> int | None:
        """Sequences that a replica runs at once, as it says, else as its reports show the limit at work."""
        return self._limit("max_num_seqs")

    @property
    def max_batched_tokens(self) -> int | None:
        """Tokens that a step carries, likewise."""
        return self._limit("max_batched_tokens")

    def reported(self, limit: str) -> int | None:
        """What the engines say of a limit themselves."""
        values = self.series[limit].drop_nulls()
        return round(float(values.to_numpy().min())) if len(values) else None

    def _limit(self, name: str) -> int | None:
        said = self.reported(name)
        shown = None if isinstance(self.times, str) else getattr(self.times.fit, name)
        return shown if said is None else said


def engines_of(frames: Frames, settings: Settings, calls: PoolCalls) -> tuple[PoolEngine, ...]:
    """The engines that told of themselves, those of pools first, in the order of their names."""
    if frames.engine_series.is_empty():
        return ()
    matches = matches_of(frames.engine_series, settings, _replicas(frames.pool_call))
    groups: dict[tuple[str, ...], list[str]] = {}
    for row in frames.engine_series.iter_rows(named=True):
        groups.setdefault(_kind(row, matches[row["series"]]), []).append(row["series"])
    return tuple(_engine(frames, names, matches[names[0]], calls) for _, names in sorted(groups.items()))


def _kind(row: Mapping[str, object], match: Match) -> tuple[str, ...]:
    """What engines have in common that are fitted together; those of no pool, and without a name, share a folder."""
    if match.pool is not None:
        return ("", match.pool)
    return ("of no pool", str(row["engine"]), str(row["model"]), folder_of(row))


def _replicas(pool_call: pl.DataFrame) -> dict[str, frozenset[str]]:
    """Of each pool the replicas that its calls name."""
    named = pool_call.filter("is_replica_observed").select("pool", "replica").unique()
    return {
        pool: frozenset(named.filter(pl.col("pool") == pool)["replica"].cast(pl.String).to_list())
        for pool in named["pool"].unique().cast(pl.String).to_list()
    }


def _engine(frames: Frames, names: list[str], match: Match, calls: PoolCalls) -> PoolEngine:
    series = frames.engine_series.filter(pl.col("series").is_in(names)).sort("series")
    samples = frames.engine_samples.filter(pl.col("series").is_in(names)).sort("series", "at_ns")
    logs = [log for name in sorted(names) for log in logs_of(samples.filter(pl.col("series") == name))]
    in_progress = _in_progress(calls, match.pool) if series.height == 1 else None
    return PoolEngine(
        series=series,
        samples=samples,
        match=match,
        times=_times(samples, logs),
        kv_tokens=kv_capacity(series, samples, in_progress, frames.window_from_ns),
    )


def _times(samples: pl.DataFrame, logs: list[EngineLog]) -> EngineTimes | str:
    for column, missing in (
        ("decoded_tokens", "the tokens that were decoded"),
        ("prompt_tokens", "the prompt tokens that were read"),
        ("running", "the sequences that run"),
    ):
        if not samples[column].count():
            return f"its metrics do not report {missing}"
    return engine_times(logs)


def logs_of(samples: pl.DataFrame) -> Iterable[EngineLog]:
    """One engine's samples, in order of time, as logs without a gap: a reset, or a value that is missing, ends one.

    Of prompts what the prefix cache gave was not read. Where nobody says who waits, nobody was seen to wait.
    """
    known = pl.all_horizontal(
        pl.col("decoded_tokens").is_not_null(),
        pl.col("prompt_tokens").is_not_null(),
        pl.col("running").is_not_null(),
    )
    has_steps = bool(samples["steps"].count())
    whole = (known & pl.col("steps").is_not_null()) if has_steps else known
    is_whole = samples.select(whole.alias("is_whole"))["is_whole"].to_numpy()
    bounds = np.flatnonzero(~is_whole)
    for first, last in zip(bounds, [*bounds[1:], samples.height], strict=True):
        # The row at which the log breaks is its first: of that only what stood at the moment counts.
        part = samples[int(first) : int(last)]
        if part.height >= 2 and part["running"][0] is not None:
            yield _log(part, has_steps=has_steps)


def _log(part: pl.DataFrame, *, has_steps: bool) -> EngineLog:
    prompt = part["prompt_tokens"] - part["prefix_hit_tokens"].fill_null(0.0)
    return EngineLog(
        at_s=(part["at_ns"].to_numpy() - int(part["at_ns"][0])) / NS_PER_S,
        running=_whole(part["running"]),
        waiting=_whole(part["waiting"]),
        decoded_tokens=_known(part["decoded_tokens"]),
        prompt_tokens=np.maximum(_known(prompt), 0.0),
        steps=_known(part["steps"]) if has_steps else None,
    )


def _known(values: pl.Series) -> Floats:
    """The values; 0 for the first row, of which nothing is used."""
    found: Floats = values.fill_null(0.0).to_numpy()
    return found


def _whole(values: pl.Series) -> Ints:
    found: Ints = np.rint(values.fill_null(0.0).to_numpy()).astype(np.int64)
    return found


def _in_progress(calls: PoolCalls, pool: str | None) -> InProgress | None:
    """The calls of a pool of one engine, those that report tokens and times; None where not all do."""
    if pool is None or pool not in calls.pools:
        return None
    here = np.flatnonzero(calls.pool == calls.pools.index(pool))
    prompt, output = calls.uncached_tokens[here], calls.output_tokens[here]
    held = prompt + calls.cached_tokens[here]
    first_s = calls.first_token_s[here]
    if (prompt < 0).any() or (output < 0).any() or not np.isfinite(first_s).all():
        return None
    begin_s = np.fmax(calls.begin_s[here], calls.arrival_s[here])
    return InProgress(begin_s, first_s, calls.end_s[here], held.astype(np.float64), output.astype(np.float64))
