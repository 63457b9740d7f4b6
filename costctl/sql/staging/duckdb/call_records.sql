-- call_records: every span that tells of a model call: which call it tells of, whether it counts, and why.
-- One row per span of a model call in a request that started within the observation window.
-- reads: staged_spans
--   span_key             BIGINT
--   request_id           BIGINT
--   call_id              BIGINT   the record that counts for the call; NULL where the span sums up several calls
--   is_counted           BOOLEAN
--   reason               VARCHAR
--   dialect              VARCHAR
--   instrumentation      VARCHAR  the scope that recorded it
-- Of records that enclose one another the innermost counts: it lies nearest to the work, and what encloses it may sum up
-- several attempts.
WITH RECURSIVE wrapped AS (
    SELECT DISTINCT staged_spans.request_id
    FROM staged_spans
    WHERE staged_spans.is_model_call AND NOT staged_spans.is_leaf_model_call
),

above AS (
    SELECT
        staged_spans.span_key AS call_id,
        staged_spans.parent_key AS span_key
    FROM staged_spans
    INNER JOIN wrapped ON staged_spans.request_id = wrapped.request_id
    WHERE staged_spans.is_leaf_model_call AND staged_spans.parent_key IS NOT NULL
    UNION
    SELECT
        above.call_id,
        staged_spans.parent_key AS span_key
    FROM above
    INNER JOIN staged_spans ON above.span_key = staged_spans.span_key
    WHERE staged_spans.parent_key IS NOT NULL
),

enclosing AS (
    SELECT
        above.span_key,
        COUNT(above.call_id) AS calls,
        MIN(above.call_id) AS call_id
    FROM above
    INNER JOIN staged_spans ON above.span_key = staged_spans.span_key
    WHERE staged_spans.is_model_call
    GROUP BY above.span_key
),

accounts AS (
    SELECT
        enclosing.call_id,
        COUNT(enclosing.span_key) AS wrappers
    FROM enclosing
    WHERE enclosing.calls = 1
    GROUP BY enclosing.call_id
)

SELECT
    spans.span_key,
    spans.request_id,
    CASE
        WHEN spans.is_leaf_model_call THEN spans.span_key
        WHEN enclosing.calls = 1 THEN enclosing.call_id
    END AS call_id,
    spans.is_leaf_model_call AS is_counted,
    CASE
        WHEN spans.is_leaf_model_call AND accounts.wrappers IS NULL THEN 'the only record of the call'
        WHEN spans.is_leaf_model_call THEN 'the innermost record of the call'
        WHEN enclosing.calls = 1 THEN 'the same call is recorded inside it'
        ELSE 'sums up the calls inside it'
    END AS reason,
    spans.dialect,
    spans.instrumentation
FROM staged_spans AS spans
LEFT JOIN enclosing ON spans.span_key = enclosing.span_key
LEFT JOIN accounts ON spans.span_key = accounts.call_id
WHERE spans.is_model_call
