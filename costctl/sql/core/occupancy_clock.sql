-- occupancy_clock: a clock for each replica that runs at the rate 1 / (calls in progress).
-- One row per (replica, instant at which the calls in progress change).
-- reads: calls
-- computed by: occupancy_clock
--   replica        VARCHAR
--   at_ns          BIGINT   ns UTC
--   active         BIGINT   calls in progress from this instant on
--   clock_s        DOUBLE   s; integral of dt / active up to this instant, over the time that the replica was busy
--   alone_clock_s  DOUBLE   s; time up to this instant with exactly one call in progress
--   busy_clock_s   DOUBLE   s; time up to this instant with any call in progress
-- Made by costctl/span_trees/occupancy.py of the calls that this selects.
SELECT
    calls.call_id,
    calls.replica,
    calls.busy_from_ns,
    calls.end_ns
FROM calls
WHERE calls.end_ns IS NOT NULL AND calls.busy_from_ns IS NOT NULL
ORDER BY calls.call_id
