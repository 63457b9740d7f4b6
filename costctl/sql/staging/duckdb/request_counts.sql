-- request_counts: what the spans of each request add up to.
-- One row per request that started within the observation window.
-- reads: spans, span_tree
-- computed by: request_counts
--   request_id  BIGINT
--   start_ns    BIGINT   ns UTC; of its first entry
--   end_ns      BIGINT   ns UTC; of the entry that ended last; NULL when not timed
--   has_failed  BOOLEAN  every entry failed
--   spans       BIGINT
--   retrievals  BIGINT
--   tools       BIGINT
--   agents      BIGINT
-- Made by costctl/span_trees/request_counts.py of the spans that this selects.
SELECT
    spans.store_key,
    spans.start_ns,
    CASE WHEN spans.end_ns < spans.start_ns THEN spans.start_ns ELSE spans.end_ns END AS end_ns,
    COALESCE(spans.status = 'error', FALSE) OR spans.error_type IS NOT NULL OR COALESCE(spans.http_status >= 400, FALSE)
        AS is_failed,
    CASE
        WHEN spans.operation = 'retrieval' THEN CAST(1 AS UTINYINT)
        WHEN spans.operation = 'execute_tool' THEN CAST(2 AS UTINYINT)
        WHEN spans.operation IN ('invoke_agent', 'create_agent') THEN CAST(3 AS UTINYINT)
        ELSE CAST(0 AS UTINYINT)
    END AS kind_code
FROM spans
