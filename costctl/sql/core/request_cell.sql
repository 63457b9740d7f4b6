-- request_cell: the class and the tenant that each request is counted under where two times are compared, and when.
-- One row per request.
-- reads: requests, request_class, request_time, calls
-- key: request_id
--   request_id     BIGINT
--   request_class  VARCHAR
--   tenant         VARCHAR  the request's, else that of its calls; NULL where none is named, or they name several
--   slot_ns        BIGINT   ns UTC; as in request_time
--   block          BIGINT   of the slot, as in request_time
WITH called AS (
    SELECT
        calls.request_id,
        CASE WHEN MIN(calls.tenant) = MAX(calls.tenant) THEN MIN(calls.tenant) END AS tenant
    FROM calls
    GROUP BY calls.request_id
)

SELECT
    requests.request_id,
    request_class.request_class,
    COALESCE(requests.tenant, called.tenant) AS tenant,
    request_time.slot_ns,
    request_time.block
FROM requests
INNER JOIN request_class ON requests.request_id = request_class.request_id
INNER JOIN request_time ON requests.request_id = request_time.request_id
LEFT JOIN called ON requests.request_id = called.request_id
