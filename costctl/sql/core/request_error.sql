-- request_error: what went wrong in each request, and how often, recovered by a retry or not.
-- One row per (request, type of error).
-- reads: staged_spans
-- key: request_id, error_type
--   request_id  BIGINT
--   error_type  VARCHAR  as the source says it, else its HTTP status
--   spans       BIGINT   failed spans of the type with no failed span directly below: an error that was passed up counts once
WITH failed AS (
    SELECT
        spans.request_id,
        spans.span_key,
        spans.parent_key,
        spans.error_type
    FROM staged_spans AS spans
    WHERE spans.is_failed
),

passed_up AS (
    SELECT failed.parent_key
    FROM failed
    WHERE failed.parent_key IS NOT NULL
    GROUP BY failed.parent_key
)

SELECT
    failed.request_id,
    failed.error_type,
    CAST(COUNT(failed.span_key) AS BIGINT) AS spans
FROM failed
LEFT JOIN passed_up ON failed.span_key = passed_up.parent_key
WHERE passed_up.parent_key IS NULL
GROUP BY failed.request_id, failed.error_type
