-- shares_lie_within_their_bounds: calls whose share is below their time alone or above their duration.
-- One row per call that breaks the law.
-- reads: calls, call_share
--   call_id  BIGINT
--   alone_s  DOUBLE  s
--   share_s  DOUBLE  s
--   held_s   DOUBLE  s from the end of queueing to the end
SELECT
    calls.call_id,
    call_share.alone_s,
    call_share.share_s,
    CAST(calls.end_ns - calls.busy_from_ns AS DOUBLE) / 1e9 AS held_s
FROM calls
INNER JOIN call_share ON calls.call_id = call_share.call_id
WHERE call_share.share_s < call_share.alone_s - 1e-8
    OR call_share.share_s > CAST(calls.end_ns - calls.busy_from_ns AS DOUBLE) / 1e9 + 1e-8
