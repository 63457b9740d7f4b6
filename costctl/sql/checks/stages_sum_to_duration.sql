-- stages_sum_to_duration: requests whose stages do not add up to their duration, to the nanosecond.
-- One row per request that breaks the law.
-- reads: requests, stage_time
--   request_id   BIGINT
--   stages_ns    BIGINT  ns
--   duration_ns  BIGINT  ns
WITH sums AS (
    SELECT
        stage_time.request_id,
        SUM(stage_time.self_ns) AS stages_ns
    FROM stage_time
    GROUP BY stage_time.request_id
)

SELECT
    requests.request_id,
    CAST(COALESCE(sums.stages_ns, 0) AS BIGINT) AS stages_ns,
    requests.end_ns - requests.start_ns AS duration_ns
FROM requests
LEFT JOIN sums ON requests.request_id = sums.request_id
WHERE requests.end_ns IS NOT NULL AND COALESCE(sums.stages_ns, 0) <> requests.end_ns - requests.start_ns
