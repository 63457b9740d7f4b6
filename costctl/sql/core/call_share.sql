-- call_share: the part of its replica's busy time that each call answers for.
-- One row per timed call.
-- reads: calls, call_phase
-- computed by: call_share
--   call_id  BIGINT
--   share_s  DOUBLE   s; sums, over calls, to the time that replicas were busy
--   alone_s  DOUBLE   s in which no other call was in progress on the replica
-- The clock advances by dt / (weight of the calls in progress) while a replica is busy; a call's share is its weight times
-- the clock at its end less that at its beginning, phase by phase. With equal weights, the default, this equal split of each
-- instant is the Shapley value of the busy-time game.
-- Made by costctl/span_trees/occupancy.py of the calls that this selects and of call_phase; a call that held no replica has
-- a share of 0.
SELECT
    calls.call_id
FROM calls
WHERE calls.end_ns IS NOT NULL AND calls.busy_from_ns IS NOT NULL
ORDER BY calls.call_id
