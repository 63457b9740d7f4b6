-- pool_use: how busy the replicas of each pool were.
-- One row per configured pool that took a call.
-- reads: calls, call_share, occupancy_clock
-- key: pool
--   pool                 VARCHAR
--   replicas_observed    BIGINT   replicas that the source names; 0 where it names none
--   calls                BIGINT
--   timed_calls          BIGINT
--   busy_s               DOUBLE   s; time with any call in progress, summed over replicas; NULL where none was timed
--   share_s              DOUBLE   s; sum of the calls' shares
--   first_ns             BIGINT   ns UTC
--   last_ns              BIGINT   ns UTC; NULL where none was timed
WITH pool_calls AS (
    SELECT
        calls.pool,
        COUNT(calls.call_id) AS calls,
        COUNT(calls.end_ns) AS timed_calls,
        SUM(call_share.share_s) AS share_s,
        MIN(calls.start_ns) AS first_ns,
        MAX(calls.end_ns) AS last_ns
    FROM calls
    LEFT JOIN call_share ON calls.call_id = call_share.call_id
    WHERE calls.pool IS NOT NULL
    GROUP BY calls.pool
),

pool_replicas AS (
    SELECT
        calls.pool,
        calls.replica,
        MAX(CAST(calls.is_replica_observed AS BIGINT)) AS is_observed
    FROM calls
    WHERE calls.pool IS NOT NULL
    GROUP BY calls.pool, calls.replica
),

replica_busy AS (
    SELECT
        occupancy_clock.replica,
        MAX(occupancy_clock.busy_clock_s) AS busy_s
    FROM occupancy_clock
    GROUP BY occupancy_clock.replica
),

pool_busy AS (
    SELECT
        pool_replicas.pool,
        SUM(pool_replicas.is_observed) AS replicas_observed,
        SUM(replica_busy.busy_s) AS busy_s
    FROM pool_replicas
    LEFT JOIN replica_busy ON pool_replicas.replica = replica_busy.replica
    GROUP BY pool_replicas.pool
)

SELECT
    pool_calls.pool,
    CAST(pool_busy.replicas_observed AS BIGINT) AS replicas_observed,
    CAST(pool_calls.calls AS BIGINT) AS calls,
    CAST(pool_calls.timed_calls AS BIGINT) AS timed_calls,
    pool_busy.busy_s,
    pool_calls.share_s,
    pool_calls.first_ns,
    pool_calls.last_ns
FROM pool_calls
INNER JOIN pool_busy ON pool_calls.pool = pool_busy.pool
