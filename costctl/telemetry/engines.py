"""What do inference servers tell of themselves, and what do they leave out?

In: rows of the relations engine_series and engine_samples. Out: ``EngineTelemetry``, one for all engines of one kind
and model: how many, how often, and the facts that none of them reports, each with what it is for.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import polars as pl

from costctl.documents.diagnosis import EngineTelemetry, UntoldFact

_STEPS: Final = "step times of its pool"
_FACTS: Final[tuple[tuple[tuple[str, ...], str, str], ...]] = (
    (("decoded_tokens",), "tokens decoded", _STEPS),
    (("prompt_tokens",), "prompt tokens", _STEPS),
    (("running",), "sequences running", _STEPS),
    (("waiting",), "requests waiting", "its queue"),
    (("reported_kv_tokens", "kv_usage_ratio", "kv_used_tokens"), "use or size of its KV cache", "kv_tokens"),
    (("max_num_seqs",), "max_num_seqs", "the limit of its batch"),
    (("preemptions",), "preemptions", "whether its KV memory runs out"),
    (("prefix_hit_tokens",), "prefix cache hits", "what a prefix cache saves"),
)


def engine_telemetry(series: pl.DataFrame, samples: pl.DataFrame) -> tuple[EngineTelemetry, ...]:
    """The engines, by kind and model."""
    groups = series.sort("engine", "model", nulls_last=True).group_by("engine", "model", maintain_order=True)
    found = []
    for (engine, model), rows in groups:
        own = samples.filter(pl.col("series").is_in(rows["series"].to_list()))
        found.append(
            EngineTelemetry(
                engine=None if engine is None else str(engine),
                model=None if model is None else str(model),
                engines=rows["series"].n_unique(),
                samples=int(rows["samples"].sum()),
                median_interval_s=_median(own["since_s"]),
                untold=tuple(_untold(rows, own)),
            )
        )
    return tuple(found)


def _median(seconds: pl.Series) -> float | None:
    """None where nothing is known."""
    value = seconds.median()
    return float(value) if isinstance(value, int | float) else None


def _untold(series: pl.DataFrame, samples: pl.DataFrame) -> Iterator[UntoldFact]:
    """The facts of which no row has any."""
    for columns, about, for_what in _FACTS:
        told = sum(
            rows[column].count() for rows in (series, samples) for column in columns if column in rows.columns
        )
        if not told:
            yield UntoldFact(about, for_what)
