"""The canonical span: the one row shape that every format is read into and that the store keeps.

Shape out: ``SPANS``, an Arrow schema with a column for each fact that any relation reads, ``STORED_SPANS`` with what
the store adds to them, and ``RESOURCES``, the emitters' attributes, kept once per emitter and not once per span. The
store's tables are made from these schemas.

Token algebra, one for all dialects: input_tokens = uncached + cached_input_tokens + cache_write_tokens;
output_tokens includes reasoning_tokens. Audio and one-hour cache writes are parts of these. NULL is "not observed";
0 is a measurement.
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa

ATTRIBUTES: Final = pa.map_(pa.string(), pa.string())

# name, type, unit or meaning
_SPAN_COLUMNS: Final = (
    (
        "trace_id",
        pa.string(),
        "32 hex digits; for logs and calls without one, made from what they say and where",
    ),
    ("span_id", pa.string(), "16 hex digits; for logs and calls without one, made likewise"),
    ("parent_span_id", pa.string(), "NULL for an entry"),
    ("name", pa.string(), ""),
    ("kind", pa.string(), "internal, server, client, producer, consumer"),
    ("start_ns", pa.int64(), "ns UTC; NULL for a model call of which no time was recorded"),
    ("end_ns", pa.int64(), "ns UTC; NULL when only the arrival was recorded"),
    ("status", pa.string(), "ok, error; NULL when unset"),
    ("error_type", pa.string(), ""),
    ("http_status", pa.int64(), ""),
    ("service", pa.string(), "service.name"),
    ("replica_id", pa.string(), "service.instance.id, else k8s.pod.name, host.name, server.address:port"),
    ("pool", pa.string(), "the pool that the source names; configured pools are matched later"),
    ("region", pa.string(), ""),
    ("zone", pa.string(), ""),
    ("stage", pa.string(), "one of the stages of the design, where the source says or its kind shows"),
    ("operation", pa.string(), "chat, text_completion, embeddings, retrieval, execute_tool, invoke_agent, …"),
    (
        "is_model_call",
        pa.bool_(),
        "the record tells of an execution of a model, whatever its operation is called",
    ),
    ("provider", pa.string(), "lower case"),
    ("model_requested", pa.string(), ""),
    ("model_served", pa.string(), ""),
    ("input_tokens", pa.int64(), "tokens, total"),
    ("cached_input_tokens", pa.int64(), "tokens"),
    ("cache_write_tokens", pa.int64(), "tokens"),
    ("cache_write_1h_tokens", pa.int64(), "tokens, of those written the ones that are kept for an hour"),
    ("input_audio_tokens", pa.int64(), "tokens, of the input; cached ones included"),
    ("cached_audio_tokens", pa.int64(), "tokens, of the cached ones"),
    ("output_tokens", pa.int64(), "tokens, with reasoning"),
    ("reasoning_tokens", pa.int64(), "tokens"),
    ("output_audio_tokens", pa.int64(), "tokens, of the output"),
    ("input_image_tokens", pa.int64(), "tokens, of the input; cached ones included"),
    ("cached_image_tokens", pa.int64(), "tokens, of the cached ones"),
    ("output_image_tokens", pa.int64(), "tokens, of the output"),
    ("input_video_tokens", pa.int64(), "tokens, of the input; cached ones included"),
    ("cached_video_tokens", pa.int64(), "tokens, of the cached ones"),
    ("output_video_tokens", pa.int64(), "tokens, of the output"),
    ("web_searches", pa.int64(), "searches of the web that the provider ran for the call"),
    ("file_searches", pa.int64(), "searches of stored files that the provider ran for the call"),
    ("code_runs", pa.int64(), "runs of code that the provider made for the call"),
    ("input_characters", pa.int64(), "characters, of calls that are sold by them, such as speech"),
    ("input_audio_s", pa.float64(), "s of sound that went in, of calls that are sold by them"),
    ("output_audio_s", pa.float64(), "s of sound that came out, of calls that are sold by them"),
    (
        "service_tier",
        pa.string(),
        "what the call was sold as: default, batch, flex, priority, fast; lower case",
    ),
    (
        "inference_geo",
        pa.string(),
        "where the provider was told to keep the inference: us, eu, global; lower case",
    ),
    (
        "usage_conflict",
        pa.string(),
        "keys of counts, or names of limits, that contradict each other; what they count is NULL",
    ),
    (
        "unread_usage",
        pa.list_(pa.string()),
        "keys that look like usage, tokens, cost or cache, hold numbers, and that nothing reads",
    ),
    ("max_tokens", pa.int64(), "tokens, the request's cap"),
    ("is_stream", pa.bool_(), ""),
    ("finish_reason", pa.string(), ""),
    ("queue_s", pa.float64(), "s from start to admission"),
    ("ttft_s", pa.float64(), "s from start to the first token, queue included"),
    ("prefill_s", pa.float64(), "s"),
    ("decode_s", pa.float64(), "s"),
    ("batch_size", pa.int64(), "sequences or inputs in the call"),
    ("attempt", pa.int64(), "1 for the first"),
    ("documents", pa.int64(), "documents returned by a retrieval"),
    ("cache_hit", pa.bool_(), ""),
    ("storage_reads", pa.int64(), "read operations"),
    ("storage_bytes", pa.int64(), "bytes read"),
    ("egress_bytes", pa.int64(), "bytes that left the platform"),
    ("session_id", pa.string(), ""),
    ("tenant", pa.string(), ""),
    ("workload", pa.string(), "explicit class label"),
    ("data_classification", pa.string(), ""),
    (
        "content_key",
        pa.string(),
        "hash of what was fetched; of a call, of its prompt and what else decides the answer",
    ),
    (
        "prefix_keys",
        pa.list_(pa.string()),
        "hashes of the prompt up to the end of the system prompt, of each message, or of each block",
    ),
    ("prefix_tokens", pa.list_(pa.int64()), "tokens up to each of them; the last is the whole prompt"),
    (
        "prefix_blocks",
        pa.list_(pa.int64()),
        "content blocks of messages up to each of them; a run of calls of tools is one, and one of their results",
    ),
    ("recorded_usd", pa.float64(), "USD that the source claims; kept to compare, never trusted"),
    ("response_id", pa.string(), "the provider's id of its answer, which every record of one call shares"),
    ("dialect", pa.string(), "the most specific dialect of which the span carries a mark"),
    ("instrumentation", pa.string(), "name of the instrumentation scope: who recorded the span"),
    ("attributes", ATTRIBUTES, "span and scope attributes that no column took"),
    ("resource_id", pa.string(), "key of the emitter's attributes in resources"),
)

SPANS: Final = pa.schema([pa.field(name, kind) for name, kind, _ in _SPAN_COLUMNS])
SPAN_MEANINGS: Final = {name: meaning for name, _, meaning in _SPAN_COLUMNS}

# What the store adds to each span. A span's own key is source_id * SPANS_OF_A_SOURCE + its number among those that its
# source gave, from 0: who lands a source gives it without asking what else has landed, and no span gets the key of one
# that is gone.
STORE_KEY: Final = "store_key"
SPANS_OF_A_SOURCE: Final = 2**40
STORED_SPANS: Final = pa.schema(
    [
        *SPANS,
        pa.field("source_id", pa.int64()),
        pa.field("source_position", pa.int64()),
        pa.field(STORE_KEY, pa.int64()),
    ]
)

RESOURCES: Final = pa.schema([pa.field("resource_id", pa.string()), pa.field("attributes", ATTRIBUTES)])

# Of the conventions; none executes a model by its name alone, and a record of one that counts tokens is a call too.
OTHER_OPERATIONS: Final = (
    "invoke_agent", "create_agent", "invoke_workflow", "execute_tool", "retrieval", "plan", "evaluate", "guardrail",
)  # fmt: skip
MODEL_OPERATIONS: Final = ("chat", "text_completion", "generate_content", "embeddings", "rerank")

STAGES: Final = (
    "gateway",
    "auth",
    "prompt",
    "embedding",
    "cache",
    "retrieval",
    "queue",
    "prefill",
    "decode",
    "tool",
    "moderation",
    "postprocess",
    "persist",
    "logging",
    "downstream",
    "other",
)
