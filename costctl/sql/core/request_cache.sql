-- request_cache: how often each request looked into a cache of answers or documents, and found what it sought.
-- One row per request with a look-up whose end was reported.
-- reads: staged_spans
-- key: request_id
--   request_id  BIGINT
--   lookups     BIGINT
--   hits        BIGINT
SELECT
    spans.request_id,
    CAST(COUNT(spans.cache_hit) AS BIGINT) AS lookups,
    CAST(SUM(CAST(spans.cache_hit AS BIGINT)) AS BIGINT) AS hits
FROM staged_spans AS spans
WHERE spans.cache_hit IS NOT NULL
GROUP BY spans.request_id
