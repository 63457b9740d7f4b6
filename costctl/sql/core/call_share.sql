-- call_share: the part of its replica's busy time that each call answers for.
-- One row per timed call.
-- reads: calls, occupancy_clock
-- key: call_id
--   call_id  BIGINT
--   share_s  DOUBLE   s; sums, over calls, to the time that replicas were busy
--   alone_s  DOUBLE   s in which no other call was in progress on the replica
-- The clock advances by dt / active while a replica is busy; a call's share is the clock at its end less that at its
-- beginning. Between classes this equal split of each instant is the Shapley value of the busy-time game.
SELECT
    calls.call_id,
    COALESCE(at_end.clock_s - at_start.clock_s, 0.0) AS share_s,
    COALESCE(at_end.alone_clock_s - at_start.alone_clock_s, 0.0) AS alone_s
FROM calls
LEFT JOIN occupancy_clock AS at_start
    ON calls.replica = at_start.replica AND calls.busy_from_ns = at_start.at_ns AND calls.busy_from_ns < calls.end_ns
LEFT JOIN occupancy_clock AS at_end
    ON calls.replica = at_end.replica AND calls.end_ns = at_end.at_ns AND calls.busy_from_ns < calls.end_ns
WHERE calls.end_ns IS NOT NULL
