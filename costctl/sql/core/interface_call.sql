-- interface_call: each use of what a request rests on: a model, a tool, a cache, a vector store, a retrieval.
-- One row per use; of a use that encloses another of the same interface, the outer one.
-- reads: staged_spans, span_interface, span_ask, calls, requests
-- key: call_id
--   call_id              BIGINT   the span's key
--   request_id           BIGINT
--   trace_id             VARCHAR
--   kind                 VARCHAR  model, tool, cache, vector store or retrieval
--   stage                VARCHAR  model_call of every generation, streamed or not
--   operation            VARCHAR  NULL where the record names none
--   name                 VARCHAR  of the model as it was asked for, the tool or the store; NULL where not told
--   start_ns             BIGINT   ns UTC
--   duration_s           DOUBLE   s; NULL when not timed
--   is_failed            BOOLEAN
--   error_type           VARCHAR  as the source says it, else its HTTP status; NULL where it did not fail
--   attempt              BIGINT   as its source counts the attempts, from 1; NULL where it does not
--   is_request_success   BOOLEAN  what became of its request
--   shape                VARCHAR  attributes besides the columns, each "name=type" on a line of its own
--   provider             VARCHAR
--   model                VARCHAR  served, else requested
--   finish_reason        VARCHAR
--   service_tier         VARCHAR  of model calls; default where nothing else is said
--   region               VARCHAR
--   http_status          BIGINT
--   is_stream            BOOLEAN
--   cache_hit            BOOLEAN
--   documents            BIGINT
--   input_tokens         BIGINT   tokens
--   cached_input_tokens  BIGINT   tokens
--   cache_write_tokens   BIGINT   tokens
--   output_tokens        BIGINT   tokens
--   reasoning_tokens     BIGINT   tokens
--   max_tokens           BIGINT   tokens
--   batch_size           BIGINT
--   queue_s              DOUBLE   s
--   ttft_s               DOUBLE   s from start
--   prefill_s            DOUBLE   s
--   decode_s             DOUBLE   s
--   storage_bytes        BIGINT   bytes
--   has_tenant           BOOLEAN  true, else NULL
--   has_session          BOOLEAN  true, else NULL
--   has_data_classification BOOLEAN  true, else NULL
WITH named AS (
    SELECT
        span_interface.span_key,
        span_interface.kind,
        span_interface.operation,
        CASE span_interface.kind
            WHEN 'model' THEN COALESCE(spans.model_requested, calls.model)
            WHEN 'tool' THEN span_ask.tool
            ELSE COALESCE(spans.storage, span_interface.store_name)
        END AS name
    FROM span_interface
    INNER JOIN staged_spans AS spans ON span_interface.span_key = spans.span_key
    LEFT JOIN calls ON span_interface.span_key = calls.call_id
    LEFT JOIN span_ask ON span_interface.span_key = span_ask.span_key
)

SELECT
    named.span_key AS call_id,
    spans.request_id,
    requests.trace_id,
    named.kind,
    CASE WHEN spans.stage IN ('prefill', 'decode') AND named.kind = 'model' THEN 'model_call' ELSE spans.stage END AS stage,
    named.operation,
    named.name,
    COALESCE(calls.start_ns, spans.start_ns) AS start_ns,
    CAST(COALESCE(calls.end_ns, spans.end_ns) - COALESCE(calls.start_ns, spans.start_ns) AS DOUBLE) / 1e9 AS duration_s,
    spans.is_failed,
    spans.error_type,
    spans.attempt,
    requests.is_success AS is_request_success,
    span_interface.shape,
    COALESCE(calls.provider, spans.provider) AS provider,
    COALESCE(calls.model, spans.model) AS model,
    span_interface.finish_reason,
    calls.service_tier,
    spans.region,
    span_interface.http_status,
    COALESCE(calls.is_stream, spans.is_stream) AS is_stream,
    spans.cache_hit,
    spans.documents,
    calls.input_tokens,
    calls.cached_input_tokens,
    calls.cache_write_tokens,
    calls.output_tokens,
    calls.reasoning_tokens,
    calls.max_tokens,
    spans.batch_size,
    spans.queue_s,
    COALESCE(calls.ttft_s, spans.ttft_s) AS ttft_s,
    spans.prefill_s,
    spans.decode_s,
    spans.storage_bytes,
    span_interface.has_tenant,
    span_interface.has_session,
    span_interface.has_data_classification
FROM named
INNER JOIN span_interface ON named.span_key = span_interface.span_key
INNER JOIN staged_spans AS spans ON named.span_key = spans.span_key
INNER JOIN requests ON spans.request_id = requests.request_id
LEFT JOIN calls ON named.span_key = calls.call_id
LEFT JOIN named AS enclosing
    ON spans.parent_key = enclosing.span_key
    AND named.kind = enclosing.kind
    AND COALESCE(named.operation, '') = COALESCE(enclosing.operation, '')
    AND COALESCE(named.name, '') = COALESCE(enclosing.name, '')
WHERE enclosing.span_key IS NULL
