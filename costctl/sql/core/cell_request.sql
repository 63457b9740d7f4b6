-- cell_request: how many requests and calls each class and tenant made, in short blocks of time.
-- One row per (class, tenant, slot, block) in which a request started.
-- reads: request_cell, calls
-- key: request_class, tenant, slot_ns, block
--   request_class  VARCHAR
--   tenant         VARCHAR  as in request_cell
--   slot_ns        BIGINT   ns UTC; as in request_time
--   block          BIGINT
--   requests       BIGINT
--   first_calls    BIGINT   calls that were not made again
WITH made AS (
    SELECT
        calls.request_id,
        SUM(CASE WHEN calls.is_retried OR calls.is_repeated THEN 0 ELSE 1 END) AS first_calls
    FROM calls
    GROUP BY calls.request_id
)

SELECT
    request_cell.request_class,
    request_cell.tenant,
    request_cell.slot_ns,
    request_cell.block,
    COUNT(request_cell.request_id) AS requests,
    CAST(COALESCE(SUM(made.first_calls), 0) AS BIGINT) AS first_calls
FROM request_cell
LEFT JOIN made ON request_cell.request_id = made.request_id
GROUP BY
    request_cell.request_class,
    request_cell.tenant,
    request_cell.slot_ns,
    request_cell.block
