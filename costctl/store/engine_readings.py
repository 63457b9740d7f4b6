"""What an engine said of itself at one moment: the one row shape that every format of engine statistics is read into.

Shape out: ``READINGS``, an Arrow schema; the store's table engine_readings is made from it. Values stand as they were
reported: counters as totals, throughputs as rates. What happened between two reports is told by the relation
engine_samples. NULL is "not reported"; 0 is a measurement.
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa

# name, type, unit or meaning
_COLUMNS: Final = (
    ("engine", pa.string(), "vllm, sglang; NULL where the source does not say"),
    ("model", pa.string(), "the name under which the engine serves its model"),
    ("replica_id", pa.string(), "service.instance.id, k8s.pod.name, host.name, instance, pod; NULL if not named"),
    ("rank", pa.string(), "of a data parallel engine; NULL for the only one"),
    ("at_ns", pa.int64(), "ns UTC; NULL for settings of which no time is known"),
    ("is_since_start", pa.bool_(), "at_ns counts from the start of the run, which the source does not say"),
    ("running", pa.float64(), "sequences running"),
    ("waiting", pa.float64(), "requests waiting"),
    ("steps_total", pa.float64(), "steps since the engine started"),
    ("decoded_total", pa.float64(), "tokens decoded since the engine started"),
    ("decoded_tokens", pa.float64(), "tokens decoded since the report before"),
    ("decoded_per_s", pa.float64(), "tokens/s decoded since the report before"),
    ("prompt_total", pa.float64(), "prompt tokens since the engine started, cached ones included"),
    ("prompt_tokens", pa.float64(), "prompt tokens since the report before, cached ones included"),
    ("prompt_per_s", pa.float64(), "prompt tokens/s since the report before"),
    ("prefix_hits_total", pa.float64(), "prompt tokens that the prefix cache gave, since the engine started"),
    ("prefix_hit_tokens", pa.float64(), "prompt tokens that the prefix cache gave, since the report before"),
    ("prefix_queries_total", pa.float64(), "prompt tokens looked up in the prefix cache, since the engine started"),
    ("preemptions_total", pa.float64(), "sequences preempted since the engine started"),
    ("preemptions", pa.float64(), "sequences preempted since the report before"),
    ("kv_usage_ratio", pa.float64(), "part of the KV cache in use, 0 to 1"),
    ("kv_used_tokens", pa.float64(), "tokens in the KV cache"),
    ("kv_tokens", pa.float64(), "tokens that the KV cache holds"),
    ("max_num_seqs", pa.float64(), "sequences that the engine runs at once"),
    ("max_batched_tokens", pa.float64(), "tokens that a step carries at most"),
)  # fmt: skip

READINGS: Final = pa.schema(
    [*(pa.field(name, kind) for name, kind, _ in _COLUMNS), pa.field("source_position", pa.int64())]
)
READING_MEANINGS: Final = {name: meaning for name, _, meaning in _COLUMNS}
VALUES: Final = tuple(name for name, kind, _ in _COLUMNS if kind == pa.float64())
SETTINGS: Final = frozenset({"kv_tokens", "max_num_seqs", "max_batched_tokens"})
STORED_READINGS: Final = pa.schema([*READINGS, pa.field("source_id", pa.int64())])
