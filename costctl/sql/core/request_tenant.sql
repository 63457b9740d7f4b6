-- request_tenant: whose each request is: all of it that is no call of another's.
-- One row per request with an entry that says whose it is.
-- reads: staged_spans
-- key: request_id
--   request_id  BIGINT
--   tenant      VARCHAR  NULL where its entries contradict each other
-- The entry by which the request is known decides. Where what enclosed it was lost, it has several entries: then what those
-- say that do, if they say the same.
SELECT
    spans.request_id,
    COALESCE(
        MAX(CASE WHEN spans.is_first THEN spans.tenant END),
        CASE WHEN MIN(spans.tenant) = MAX(spans.tenant) THEN MIN(spans.tenant) END
    ) AS tenant
FROM staged_spans AS spans
WHERE spans.depth = 0 AND spans.tenant IS NOT NULL
GROUP BY spans.request_id
