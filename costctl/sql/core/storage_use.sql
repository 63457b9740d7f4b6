-- storage_use: what each request read, from which storage and to where.
-- One row per (request, storage or none, region, zone) that was read.
-- reads: staged_spans
-- key: request_id, storage, region, zone
--   request_id  BIGINT
--   storage     VARCHAR  NULL where no configured storage takes the read
--   region      VARCHAR  of what read; NULL when not observed
--   zone        VARCHAR  of what read; NULL when not observed
--   reads       BIGINT   NULL when not observed
--   bytes       BIGINT   bytes; NULL when not observed
SELECT
    spans.request_id,
    spans.storage,
    spans.region,
    spans.zone,
    CAST(SUM(spans.storage_reads) AS BIGINT) AS reads,
    CAST(SUM(spans.storage_bytes) AS BIGINT) AS bytes
FROM staged_spans AS spans
WHERE spans.storage_reads IS NOT NULL OR spans.storage_bytes IS NOT NULL
GROUP BY spans.request_id, spans.storage, spans.region, spans.zone
