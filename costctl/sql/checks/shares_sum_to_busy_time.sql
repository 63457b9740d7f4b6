-- shares_sum_to_busy_time: replicas whose calls' shares do not add up to the time that they were busy.
-- One row per replica that breaks the law.
-- reads: calls, call_share, occupancy_clock
--   replica  VARCHAR
--   share_s  DOUBLE  s
--   busy_s   DOUBLE  s
WITH shares AS (
    SELECT
        calls.replica,
        SUM(call_share.share_s) AS share_s
    FROM calls
    INNER JOIN call_share ON calls.call_id = call_share.call_id
    GROUP BY calls.replica
),

busy AS (
    SELECT
        occupancy_clock.replica,
        MAX(occupancy_clock.busy_clock_s) AS busy_s
    FROM occupancy_clock
    GROUP BY occupancy_clock.replica
)

SELECT
    shares.replica,
    shares.share_s,
    busy.busy_s
FROM shares
INNER JOIN busy ON shares.replica = busy.replica
WHERE ABS(shares.share_s - busy.busy_s) > 1e-9 * busy.busy_s + 1e-9
