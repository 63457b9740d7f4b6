-- route_use: what each class asks for by name, and what answers: the provider or the pool, and the model.
-- One row per (class, operation, provider, pool, model asked for, model) that was called.
-- reads: calls, staged_spans, request_class
--   request_class    VARCHAR
--   operation        VARCHAR
--   provider         VARCHAR  NULL where not observed
--   pool             VARCHAR  NULL where no configured pool takes it
--   model_requested  VARCHAR  what the client asks for; NULL where not observed
--   model            VARCHAR  served, else requested
--   calls            BIGINT
--   answered_calls   BIGINT   of these, those that did not fail
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
    request_class.request_class,
    calls.operation,
    calls.provider,
    calls.pool,
    COALESCE(spans.model_requested, outer_records.model_requested) AS model_requested,
    calls.model,
    COUNT(calls.call_id) AS calls,
    COUNT(CASE WHEN NOT calls.is_failed THEN calls.call_id END) AS answered_calls
FROM calls
INNER JOIN staged_spans AS spans ON calls.call_id = spans.span_key
INNER JOIN request_class ON calls.request_id = request_class.request_id
LEFT JOIN outer_records ON calls.call_id = outer_records.call_id
GROUP BY
    request_class.request_class,
    calls.operation,
    calls.provider,
    calls.pool,
    COALESCE(spans.model_requested, outer_records.model_requested),
    calls.model
