-- call_records: every span that tells of a model call: which call it tells of, whether it counts, and why.
-- One row per span of a model call in a request that started within the observation window.
-- reads: staged_spans, call_twins, span_tree
--   span_key             BIGINT
--   request_id           BIGINT
--   call_id              BIGINT   the record that counts for the call; NULL where the span sums up several calls
--   is_counted           BOOLEAN
--   reason               VARCHAR  and which other recorder's record was joined with it, and by what
--   dialect              VARCHAR
--   instrumentation      VARCHAR  the scope that recorded it
-- Of records that enclose one another the innermost counts: it lies nearest to the work, and what encloses it may sum up
-- several attempts.
WITH wrapped AS (
    SELECT
        staged_spans.leaf_call_id AS call_id,
        COUNT(staged_spans.span_key) AS wrappers
    FROM staged_spans
    WHERE staged_spans.leaf_calls = 1
    GROUP BY staged_spans.leaf_call_id
),

pairs AS (
    SELECT
        twin.span_key AS twin_key,
        beside.span_key AS outer_key,
        call_twins.joined_by
    FROM call_twins
    INNER JOIN span_tree AS twin ON call_twins.store_key = twin.store_key
    INNER JOIN span_tree AS beside ON call_twins.outer_store_key = beside.store_key
),

either_way AS (
    SELECT
        pairs.twin_key AS span_key,
        pairs.outer_key AS other_key,
        pairs.joined_by
    FROM pairs
    UNION ALL
    SELECT
        pairs.outer_key AS span_key,
        pairs.twin_key AS other_key,
        pairs.joined_by
    FROM pairs
),

joined AS (
    SELECT
        either_way.span_key,
        STRING_AGG(
            DISTINCT 'recorded also by ' || COALESCE(other.instrumentation, other.dialect, 'a recorder without a name')
            || ', joined by ' || either_way.joined_by,
            '; '
            ORDER BY
                'recorded also by ' || COALESCE(other.instrumentation, other.dialect, 'a recorder without a name')
                || ', joined by ' || either_way.joined_by
        ) AS words
    FROM either_way
    INNER JOIN staged_spans AS other ON either_way.other_key = other.span_key
    GROUP BY either_way.span_key
)

SELECT
    spans.span_key,
    spans.request_id,
    CASE
        WHEN spans.is_leaf_model_call THEN spans.span_key
        WHEN spans.leaf_calls = 1 THEN spans.leaf_call_id
    END AS call_id,
    spans.is_leaf_model_call AS is_counted,
    CASE
        WHEN spans.is_leaf_model_call AND wrapped.wrappers IS NULL THEN 'the only record of the call'
        WHEN spans.is_leaf_model_call THEN 'the innermost record of the call'
        WHEN spans.leaf_calls = 1 THEN 'the same call is recorded inside it'
        ELSE 'sums up the calls inside it'
    END || COALESCE('; ' || joined.words, '') AS reason,
    spans.dialect,
    spans.instrumentation
FROM staged_spans AS spans
LEFT JOIN wrapped ON spans.span_key = wrapped.call_id
LEFT JOIN joined ON spans.span_key = joined.span_key
WHERE spans.is_model_call
