-- tool_use: how often each request ran each configured tool, and for how long.
-- One row per (request, tool, whether it is a search).
-- reads: staged_spans, span_tool
-- key: request_id, tool, is_retrieval
--   request_id    BIGINT
--   tool          VARCHAR
--   is_retrieval  BOOLEAN
--   runs          BIGINT
--   run_s         DOUBLE   s; NULL where a run was not timed
SELECT
    spans.request_id,
    span_tool.tool,
    spans.is_retrieval,
    COUNT(spans.span_key) AS runs,
    CASE
        WHEN COUNT(spans.end_ns) = COUNT(spans.span_key)
            THEN CAST(SUM(spans.end_ns - spans.start_ns) AS DOUBLE) / 1e9
    END AS run_s
FROM staged_spans AS spans
INNER JOIN span_tool ON spans.span_key = span_tool.span_key
WHERE NOT span_tool.is_within
GROUP BY spans.request_id, span_tool.tool, spans.is_retrieval
