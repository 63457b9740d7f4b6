"""Which of a reading's values does a metric of an inference server tell, and of which engine is it?

Shape in: the name of a metric, its labels and its value, as Prometheus or OTLP carry them.  Shape out: readings, in
the names of ``READINGS``. Names as of vLLM 0.19 (docs.vllm.ai, Production Metrics) and SGLang 0.5 (docs.sglang.io,
Production Metrics), both 2026, with those of older versions that mean the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from costctl.ingest.formats.engine_rows import Reading, number_in

# What stands before a name: vllm:num_requests_running in Prometheus; agents write the colon as _ or . too.
_NAME: Final = re.compile(r"(vllm|sglang)[:._](\w+)")
ENGINE_PREFIXES: Final = tuple(f"{engine}{mark}" for engine in ("vllm", "sglang") for mark in ":._")
_COUNTER: Final = "_total"  # of a counter's name, which not every exporter writes

# Column → names, the best first; a counter's column ends in _total, or in what it is since the report before.
_COLUMNS: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "vllm": {
        "running": ("num_requests_running",),
        "waiting": ("num_requests_waiting",),
        "steps_total": ("iteration_tokens_total_count",),
        "decoded_total": ("generation_tokens",),
        "prompt_total": ("prompt_tokens",),
        "prefix_hits_total": ("prefix_cache_hits", "gpu_prefix_cache_hits"),
        "prefix_queries_total": ("prefix_cache_queries", "gpu_prefix_cache_queries"),
        "preemptions_total": ("num_preemptions",),
        "kv_usage_ratio": ("kv_cache_usage_perc", "gpu_cache_usage_perc"),
    },
    "sglang": {
        "running": ("num_running_reqs",),
        "waiting": ("num_queue_reqs",),
        "decoded_total": ("generation_tokens",),
        "decoded_per_s": ("gen_throughput",),
        "prompt_total": ("prompt_tokens",),
        "prefix_hits_total": ("cached_tokens",),
        "preemptions_total": ("num_retracted_requests",),
        "kv_usage_ratio": ("token_usage",),
        "kv_used_tokens": ("num_used_tokens",),
        "kv_tokens": ("max_total_num_tokens",),
    },
}
_PLACES: Final = {
    (engine, name): (column, place)
    for engine, columns in _COLUMNS.items()
    for column, names in columns.items()
    for place, name in enumerate(names)
}
_SINCE_BEFORE: Final = {
    "decoded_total": "decoded_tokens",
    "prompt_total": "prompt_tokens",
    "prefix_hits_total": "prefix_hit_tokens",
    "preemptions_total": "preemptions",
}
_CACHE_CONFIG: Final = ("cache_config_info", "cache_config")
_MODEL_LABELS: Final = ("model_name", "model")
_REPLICA_LABELS: Final = (
    "service.instance.id", "service_instance_id", "k8s.pod.name", "pod", "instance", "host.name", "server.address",
)  # fmt: skip
_RANK_LABELS: Final = ("dp_rank", "engine")
_ONLY_OF_RANK_0: Final = ("tp_rank", "pp_rank")  # every rank of a replica reports the same


@dataclass(slots=True)
class Scrape:
    """The readings of one moment, gathered metric by metric. position: where it begins in the source."""

    position: int
    at_ns: int | None
    _values: dict[tuple[str, ...], dict[str, dict[tuple[int, str], float]]] = field(default_factory=dict)

    def add(
        self, name: str, labels: Mapping[str, str], written: str, *, is_delta: bool = False
    ) -> bool | None:
        """Takes one metric: whether it was of use, None where its value is no number. is_delta: it counts since the
        report before.
        """
        engine, short = name_of(name)
        if engine is None or any(labels.get(key, "0") not in ("0", "") for key in _ONLY_OF_RANK_0):
            return False
        if short in _CACHE_CONFIG:
            return self._add_cache(engine, labels)
        known = _PLACES.get((engine, short))
        if known is None or labels.get("priority"):
            return False
        value = number_in(written)
        if value is None:
            return None
        column, place = known
        column = _SINCE_BEFORE.get(column, column) if is_delta else column
        parts = self._values.setdefault(_key(engine, labels), {}).setdefault(column, {})
        parts[place, labels.get("cache_source", "")] = value
        return True

    def has(self, name: str, labels: Mapping[str, str]) -> bool:
        """Whether the same metric was taken already: then this is the next scrape."""
        engine, short = name_of(name)
        known = None if engine is None else _PLACES.get((engine, short))
        if engine is None or known is None:
            return False
        column, place = known
        parts = self._values.get(_key(engine, labels), {}).get(column, {})
        return (place, labels.get("cache_source", "")) in parts

    def _add_cache(self, engine: str, labels: Mapping[str, str]) -> bool:
        blocks, size = (number_in(labels.get(key, "")) for key in ("num_gpu_blocks", "block_size"))
        if not blocks or not size:
            return False
        self._values.setdefault(_key(engine, labels), {})["kv_tokens"] = {(0, ""): blocks * size}
        return True

    def rows(self) -> list[Reading]:
        """A reading an engine; of several names of one value the best, of a count by sources the sum."""
        return [
            {
                "engine": engine,
                "model": model or None,
                "replica_id": replica or None,
                "rank": rank or None,
                "at_ns": self.at_ns,
                "source_position": self.position,
                **{column: _best(parts) for column, parts in columns.items()},
            }
            for (engine, model, replica, rank), columns in self._values.items()
        ]


def name_of(name: str) -> tuple[str | None, str]:
    """The engine whose metric this is, None for none, and the name without what an exporter puts around it."""
    matched = _NAME.fullmatch(name)
    return (None, name) if matched is None else (matched[1], matched[2].removesuffix(_COUNTER))


def is_engine_metric(names: Iterable[str]) -> bool:
    """Whether any of the metrics is one that tells of an engine."""
    told = (name_of(name) for name in names)
    return any(
        engine is not None and ((engine, short) in _PLACES or short in _CACHE_CONFIG)
        for engine, short in told
    )


def _best(parts: Mapping[tuple[int, str], float]) -> float:
    best = min(place for place, _ in parts)
    return sum(value for (place, _), value in parts.items() if place == best)


def _key(engine: str, labels: Mapping[str, str]) -> tuple[str, ...]:
    model, replica, rank = (_first(labels, names) for names in (_MODEL_LABELS, _REPLICA_LABELS, _RANK_LABELS))
    return engine, model, replica, "" if rank == "0" else rank


def _first(labels: Mapping[str, str], names: Iterable[str]) -> str:
    return next((labels[name] for name in names if labels.get(name)), "")
