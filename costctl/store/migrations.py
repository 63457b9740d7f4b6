"""How does a store of an older version become one of today's? One step a version, all in one transaction.

In: a connection to a store, its version and the one to reach. Out: the same store, with every row that it had; what
an older version did not record is NULL, unless it can be told from what it did record.
"""

from __future__ import annotations

from typing import Final

import duckdb

from costctl.store.promises import PROMISES
from costctl.store.spans import SPANS_OF_A_SOURCE

# Under which keys traces of version 2 kept what has columns of its own since version 3.
_KEYS_OF_3: Final = {
    "cache_write_1h_tokens": ("gen_ai.usage.details.ephemeral_1h_input_tokens",),
    "input_audio_tokens": ("gen_ai.usage.details.input_audio_tokens", "llm.token_count.prompt_details.audio"),
    "cached_audio_tokens": ("gen_ai.usage.details.cache_audio_read_tokens",),
    "output_audio_tokens": (
        "gen_ai.usage.details.output_audio_tokens",
        "llm.token_count.completion_details.audio",
    ),
    "service_tier": ("openai.response.service_tier", "gen_ai.openai.response.service_tier"),
}

_COLUMNS_OF_4: Final = {
    "is_model_call": "BOOLEAN",
    "input_image_tokens": "BIGINT",
    "cached_image_tokens": "BIGINT",
    "output_image_tokens": "BIGINT",
    "input_video_tokens": "BIGINT",
    "cached_video_tokens": "BIGINT",
    "output_video_tokens": "BIGINT",
    "web_searches": "BIGINT",
    "file_searches": "BIGINT",
    "code_runs": "BIGINT",
    "input_characters": "BIGINT",
    "input_audio_s": "DOUBLE",
    "output_audio_s": "DOUBLE",
    "inference_geo": "VARCHAR",
    "usage_conflict": "VARCHAR",
    "unread_usage": "VARCHAR[]",
}


def _recorded(column: str) -> str:
    """The column's value by the attributes that were kept; NULL where none says it."""
    kept = ", ".join(f"attributes['{key}']" for key in _KEYS_OF_3[column])
    text = f"COALESCE({kept})"
    return f"LOWER({text})" if column == "service_tier" else f"TRY_CAST({text} AS BIGINT)"


_ENGINE_READINGS_OF_10: Final = (
    "CREATE TABLE IF NOT EXISTS engine_readings (engine VARCHAR, model VARCHAR, replica_id VARCHAR, rank VARCHAR, "
    "at_ns BIGINT, is_since_start BOOLEAN, running DOUBLE, waiting DOUBLE, steps_total DOUBLE, decoded_total "
    "DOUBLE, decoded_tokens DOUBLE, decoded_per_s DOUBLE, prompt_total DOUBLE, prompt_tokens DOUBLE, prompt_per_s "
    "DOUBLE, prefix_hits_total DOUBLE, prefix_hit_tokens DOUBLE, prefix_queries_total DOUBLE, preemptions_total "
    "DOUBLE, preemptions DOUBLE, kv_usage_ratio DOUBLE, kv_used_tokens DOUBLE, kv_tokens DOUBLE, max_num_seqs "
    "DOUBLE, max_batched_tokens DOUBLE, "
    "source_position BIGINT, source_id BIGINT)"
)

# From each version to the next.
_STEPS: Final[dict[int, tuple[str, ...]]] = {
    1: (
        "ALTER TABLE spans ADD COLUMN response_id VARCHAR",
        "ALTER TABLE spans ADD COLUMN dialect VARCHAR",
        "ALTER TABLE spans ADD COLUMN instrumentation VARCHAR",
        "ALTER TABLE sources ADD COLUMN outside BIGINT",
        "ALTER TABLE sources ADD COLUMN since_ns BIGINT",
        "ALTER TABLE sources ADD COLUMN until_ns BIGINT",
        "UPDATE sources SET outside = 0",
        "UPDATE spans SET response_id = attributes['gen_ai.response.id'] "
        "WHERE attributes['gen_ai.response.id'] IS NOT NULL",
    ),
    2: (
        "ALTER TABLE spans ADD COLUMN cache_write_1h_tokens BIGINT",
        "ALTER TABLE spans ADD COLUMN input_audio_tokens BIGINT",
        "ALTER TABLE spans ADD COLUMN cached_audio_tokens BIGINT",
        "ALTER TABLE spans ADD COLUMN output_audio_tokens BIGINT",
        "ALTER TABLE spans ADD COLUMN service_tier VARCHAR",
        *(
            f"UPDATE spans SET {column} = {_recorded(column)} WHERE {_recorded(column)} IS NOT NULL"
            for column in _KEYS_OF_3
        ),
    ),
    3: (
        *(f"ALTER TABLE spans ADD COLUMN {column} {kind}" for column, kind in _COLUMNS_OF_4.items()),
        "UPDATE spans SET is_model_call = COALESCE(operation IN "
        "('chat', 'text_completion', 'generate_content', 'embeddings', 'rerank'), FALSE)",
    ),
    4: (
        "ALTER TABLE spans ADD COLUMN store_key BIGINT",
        f"UPDATE spans SET store_key = source_id * {SPANS_OF_A_SOURCE} + rowid",
    ),
    5: ("CREATE TABLE shared_spans (source_id BIGINT, store_key BIGINT)",),
    6: ("ALTER TABLE spans ADD COLUMN IF NOT EXISTS prefix_tokens BIGINT[]",),
    7: (PROMISES,),
    8: ("ALTER TABLE spans ADD COLUMN IF NOT EXISTS prefix_blocks BIGINT[]",),
    9: (
        _ENGINE_READINGS_OF_10,
        "ALTER TABLE sources ADD COLUMN IF NOT EXISTS readings BIGINT",
        "UPDATE sources SET readings = 0 WHERE readings IS NULL",
    ),
}


def migrate(connection: duckdb.DuckDBPyConnection, version: int, wanted: int) -> None:
    """Bring the store from one version to another, wholly or not at all."""
    connection.execute("BEGIN")
    try:
        for step in range(version, wanted):
            for statement in _STEPS[step]:
                connection.execute(statement)
        connection.execute("UPDATE costctl_store SET store_version = ?", [wanted])
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
