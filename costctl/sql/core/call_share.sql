-- call_share: the part of its replica's busy time that each call answers for.
-- One row per timed call.
-- reads: calls, call_phase, occupancy_clock
-- key: call_id
--   call_id  BIGINT
--   share_s  DOUBLE   s; sums, over calls, to the time that replicas were busy
--   alone_s  DOUBLE   s in which no other call was in progress on the replica
-- The clock advances by dt / (weight of the calls in progress) while a replica is busy; a call's share is its weight times
-- the clock at its end less that at its beginning, phase by phase. With equal weights, the default, this equal split of each
-- instant is the Shapley value of the busy-time game.
SELECT
    calls.call_id,
    COALESCE(
        CAST(call_phase.first_milliweight AS DOUBLE) / 1000.0
        * (COALESCE(at_first.clock_s, at_end.clock_s) - at_start.clock_s)
        + CASE
            WHEN at_first.clock_s IS NULL THEN 0.0
            ELSE CAST(call_phase.last_milliweight AS DOUBLE) / 1000.0 * (at_end.clock_s - at_first.clock_s)
        END,
        0.0
    ) AS share_s,
    COALESCE(at_end.alone_clock_s - at_start.alone_clock_s, 0.0) AS alone_s
FROM calls
LEFT JOIN call_phase ON calls.call_id = call_phase.call_id
LEFT JOIN occupancy_clock AS at_start
    ON call_phase.replica = at_start.replica AND call_phase.busy_from_ns = at_start.at_ns
LEFT JOIN occupancy_clock AS at_first
    ON call_phase.replica = at_first.replica AND call_phase.first_token_ns = at_first.at_ns
LEFT JOIN occupancy_clock AS at_end
    ON call_phase.replica = at_end.replica AND call_phase.end_ns = at_end.at_ns
WHERE calls.end_ns IS NOT NULL
