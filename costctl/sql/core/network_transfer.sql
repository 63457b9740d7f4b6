-- network_transfer: which bytes each request moved between zones or regions of your own.
-- One row per (request, border, path).
-- reads: storage_use, storages
-- key: request_id, border, path
--   request_id  BIGINT
--   border      VARCHAR  between zones, between regions
--   path        VARCHAR  from zone or region to zone or region
--   bytes       BIGINT   bytes
-- Only where both ends are known; one that names no region is taken to read from its own. Bytes that cross both borders
-- count once, for the wider one.
WITH crossings AS (
    SELECT
        storage_use.request_id,
        'between regions' AS border,
        storages.region || ' to ' || storage_use.region AS path,
        storage_use.bytes
    FROM storage_use
    INNER JOIN storages ON storage_use.storage = storages.storage
    WHERE storages.region <> storage_use.region
    UNION ALL
    SELECT
        storage_use.request_id,
        'between zones' AS border,
        storages.zone || ' to ' || storage_use.zone AS path,
        storage_use.bytes
    FROM storage_use
    INNER JOIN storages ON storage_use.storage = storages.storage
    WHERE
        storages.zone <> storage_use.zone
        AND COALESCE(storages.region, '') = COALESCE(storage_use.region, storages.region, '')
)

SELECT
    crossings.request_id,
    crossings.border,
    crossings.path,
    CAST(SUM(crossings.bytes) AS BIGINT) AS bytes
FROM crossings
WHERE crossings.bytes IS NOT NULL
GROUP BY crossings.request_id, crossings.border, crossings.path
