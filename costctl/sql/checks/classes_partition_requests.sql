-- classes_partition_requests: requests with no class or more than one.
-- One row per request that breaks the law.
-- reads: requests, request_class
--   request_id  BIGINT
--   classes     BIGINT
SELECT
    requests.request_id,
    COUNT(request_class.request_class) AS classes
FROM requests
LEFT JOIN request_class ON requests.request_id = request_class.request_id
GROUP BY requests.request_id
HAVING COUNT(request_class.request_class) <> 1
