-- held_call: for how long each call of a pool of your own was in progress while its request searched or read documents.
-- One row per call of a pool with any such time.
-- reads: calls, call_share, staged_spans
-- key: call_id
--   call_id     BIGINT
--   request_id  BIGINT
--   pool        VARCHAR
--   start_ns    BIGINT   ns UTC
--   held_s      DOUBLE   s; of searches beside each other each counts, up to the time of the call
--   share_s     DOUBLE   s of its replica's busy time that the call answers for in that time
-- Only searches and reads that begin after the call has, and end before it does, are within it.
WITH within AS (
    SELECT
        calls.call_id,
        CAST(SUM(spans.end_ns - spans.start_ns) AS DOUBLE) / 1e9 AS held_s
    FROM calls
    INNER JOIN staged_spans AS spans ON calls.request_id = spans.request_id
    WHERE calls.pool IS NOT NULL
        AND spans.stage = 'retrieval'
        AND NOT spans.is_model_call
        AND spans.start_ns > calls.busy_from_ns
        AND spans.end_ns < calls.end_ns
    GROUP BY calls.call_id
)

SELECT
    calls.call_id,
    calls.request_id,
    calls.pool,
    calls.start_ns,
    CASE WHEN within.held_s > calls.duration_s THEN calls.duration_s ELSE within.held_s END AS held_s,
    CASE
        WHEN within.held_s > calls.duration_s THEN call_share.share_s
        ELSE call_share.share_s * within.held_s / NULLIF(calls.duration_s, 0)
    END AS share_s
FROM within
INNER JOIN calls ON within.call_id = calls.call_id
INNER JOIN call_share ON calls.call_id = call_share.call_id
