-- call_route: what each call asked for by name, what answered it, when, and how long it waited.
-- One row per call.
-- reads: calls, requests, staged_spans, request_class, call_data
--   call_id          BIGINT   the span's key
--   request_id       BIGINT
--   trace_id         VARCHAR
--   request_class    VARCHAR
--   operation        VARCHAR
--   provider         VARCHAR  NULL where not observed
--   pool             VARCHAR  NULL where no configured pool takes it
--   model_requested  VARCHAR  what the client asks for; NULL where not observed
--   model            VARCHAR  served, else requested
--   start_ns         BIGINT   ns UTC
--   busy_from_ns     BIGINT   ns UTC; when its queueing ended, as far as that is known
--   end_ns           BIGINT   ns UTC; NULL when not timed
--   queue_s          DOUBLE   s
--   output_tokens    BIGINT   tokens
--   input_tokens     BIGINT   tokens
--   cached_input_tokens BIGINT tokens read from a cache, of the input
--   data_classification VARCHAR of the data that it carries; NULL where nothing tells it
--   service_tier     VARCHAR  what it was sold as: default, batch, flex, priority, fast
--   place            BIGINT   among the calls of its request, from 1, in the order of start
--   is_failed        BOOLEAN
--   is_retried       BOOLEAN  failed, and followed by another call of its operation in the request
-- The innermost record of a call need not say what was asked for: then an outer record of it does.
WITH outer_records AS (
    SELECT
        spans.leaf_call_id AS call_id,
        MAX(spans.model_requested) AS model_requested
    FROM staged_spans AS spans
    WHERE spans.leaf_calls = 1
    GROUP BY spans.leaf_call_id
)

SELECT
    calls.call_id,
    calls.request_id,
    requests.trace_id,
    request_class.request_class,
    calls.operation,
    calls.provider,
    calls.pool,
    COALESCE(spans.model_requested, outer_records.model_requested) AS model_requested,
    calls.model,
    calls.start_ns,
    calls.busy_from_ns,
    calls.end_ns,
    calls.queue_s,
    calls.output_tokens,
    calls.input_tokens,
    calls.cached_input_tokens,
    call_data.data_classification,
    calls.service_tier,
    calls.place,
    calls.is_failed,
    calls.is_retried
FROM calls
INNER JOIN requests ON calls.request_id = requests.request_id
INNER JOIN staged_spans AS spans ON calls.call_id = spans.span_key
INNER JOIN request_class ON calls.request_id = request_class.request_id
LEFT JOIN outer_records ON calls.call_id = outer_records.call_id
LEFT JOIN call_data ON calls.call_id = call_data.call_id
