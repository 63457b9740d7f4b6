-- stray_tokens: tokens that no call tells of: of records that are none, and of sums above calls that count more than these.
-- One row per such record in a request that started within the observation window.
-- reads: staged_spans
--   span_key       BIGINT
--   request_id     BIGINT
--   operation      VARCHAR  NULL where the record names none
--   input_tokens   BIGINT   tokens; of a sum what it has more than the calls
--   output_tokens  BIGINT   tokens; likewise
-- A record names no model and counts tokens: where a call lies above or below it, it tells of that call, or sums some up.
-- A sum is held against the one call below it, or against all calls of the request where it lies above all of them; where
-- it counts more, some call beneath left no record, or not of its tokens. Of several sums of a request the largest counts.
WITH RECURSIVE candidates AS (
    SELECT
        spans.span_key,
        spans.request_id,
        spans.parent_key,
        spans.operation,
        spans.input_tokens,
        spans.output_tokens
    FROM staged_spans AS spans
    WHERE NOT spans.is_model_call AND COALESCE(spans.input_tokens, 0) + COALESCE(spans.output_tokens, 0) > 0
),

nearby AS (
    SELECT
        spans.span_key,
        spans.request_id,
        spans.parent_key,
        spans.is_model_call
    FROM staged_spans AS spans
    WHERE spans.request_id IN (SELECT candidates.request_id FROM candidates)
),

above_calls AS (
    SELECT nearby.parent_key AS span_key
    FROM nearby
    WHERE nearby.is_model_call AND nearby.parent_key IS NOT NULL
    UNION
    SELECT nearby.parent_key AS span_key
    FROM above_calls
    INNER JOIN nearby ON above_calls.span_key = nearby.span_key
    WHERE nearby.parent_key IS NOT NULL
),

below_calls AS (
    SELECT nearby.span_key
    FROM nearby
    INNER JOIN nearby AS parent ON nearby.parent_key = parent.span_key
    WHERE parent.is_model_call
    UNION
    SELECT nearby.span_key
    FROM below_calls
    INNER JOIN nearby ON below_calls.span_key = nearby.parent_key
),

inner_records AS (
    SELECT candidates.parent_key AS span_key
    FROM candidates
    WHERE candidates.parent_key IS NOT NULL
    UNION
    SELECT nearby.parent_key AS span_key
    FROM inner_records
    INNER JOIN nearby ON inner_records.span_key = nearby.span_key
    WHERE nearby.parent_key IS NOT NULL
),

sums AS (
    SELECT
        spans.span_key,
        spans.request_id,
        spans.operation,
        spans.leaf_calls,
        spans.leaf_call_id,
        spans.input_tokens,
        spans.output_tokens
    FROM staged_spans AS spans
    WHERE spans.leaf_calls > 0 AND COALESCE(spans.input_tokens, 0) + COALESCE(spans.output_tokens, 0) > 0
),

leaf_sums AS (
    SELECT
        spans.request_id,
        COUNT(spans.span_key) AS leaf_calls,
        SUM(spans.input_tokens) AS input_tokens,
        SUM(spans.output_tokens) AS output_tokens
    FROM staged_spans AS spans
    WHERE spans.is_leaf_model_call AND spans.request_id IN (SELECT sums.request_id FROM sums)
    GROUP BY spans.request_id
),

beyond AS (
    SELECT
        sums.span_key,
        sums.request_id,
        sums.operation,
        CAST(GREATEST(sums.input_tokens - COALESCE(leaf.input_tokens, leaf_sums.input_tokens), 0) AS BIGINT)
            AS input_tokens,
        CAST(GREATEST(sums.output_tokens - COALESCE(leaf.output_tokens, leaf_sums.output_tokens), 0) AS BIGINT)
            AS output_tokens,
        ROW_NUMBER() OVER (
            PARTITION BY sums.request_id ORDER BY sums.input_tokens DESC NULLS LAST, sums.span_key
        ) AS place
    FROM sums
    LEFT JOIN staged_spans AS leaf ON sums.leaf_calls = 1 AND sums.leaf_call_id = leaf.span_key
    LEFT JOIN leaf_sums ON sums.request_id = leaf_sums.request_id AND sums.leaf_calls = leaf_sums.leaf_calls
)

SELECT
    candidates.span_key,
    candidates.request_id,
    candidates.operation,
    candidates.input_tokens,
    candidates.output_tokens
FROM candidates
ANTI JOIN above_calls ON candidates.span_key = above_calls.span_key
ANTI JOIN below_calls ON candidates.span_key = below_calls.span_key
ANTI JOIN inner_records ON candidates.span_key = inner_records.span_key
UNION ALL
SELECT
    beyond.span_key,
    beyond.request_id,
    beyond.operation,
    beyond.input_tokens,
    beyond.output_tokens
FROM beyond
WHERE beyond.place = 1 AND COALESCE(beyond.input_tokens, 0) + COALESCE(beyond.output_tokens, 0) > 0
ORDER BY span_key
