-- stray_tokens: tokens of records that are no model call, and that no call near them tells of.
-- One row per such record in a request that started within the observation window.
-- reads: staged_spans
--   span_key       BIGINT
--   request_id     BIGINT
--   operation      VARCHAR  NULL where the record names none
--   input_tokens   BIGINT   tokens
--   output_tokens  BIGINT   tokens
-- A record names no model and counts tokens: where a call lies above or below it, it tells of that call, or sums some up.
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
ORDER BY candidates.span_key
