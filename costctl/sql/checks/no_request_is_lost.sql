-- no_request_is_lost: requests of the span tree that requests does not hold, and calls that belong to none.
-- One row per id that breaks the law.
-- reads: span_tree, requests, calls
--   lost_id  BIGINT
WITH wanted AS (
    SELECT span_tree.request_id
    FROM span_tree
    GROUP BY span_tree.request_id
)

SELECT wanted.request_id AS lost_id
FROM wanted
LEFT JOIN requests ON wanted.request_id = requests.request_id
WHERE requests.request_id IS NULL
UNION ALL
SELECT calls.call_id AS lost_id
FROM calls
LEFT JOIN requests ON calls.request_id = requests.request_id
WHERE requests.request_id IS NULL
