-- occupancy_clock: a clock for each replica that runs at the rate 1 / (weight of the calls in progress).
-- One row per (replica, instant at which the calls in progress change).
-- reads: call_phase
-- computed by: occupancy_clock
--   replica        VARCHAR
--   at_ns          BIGINT   ns UTC
--   active         BIGINT   calls in progress from this instant on
--   milliweight    BIGINT   thousandths; their weight
--   clock_s        DOUBLE   s; integral of dt / Σ weight up to this instant, over the time that the replica was busy
--   alone_clock_s  DOUBLE   s; time up to this instant with exactly one call in progress
--   busy_clock_s   DOUBLE   s; time up to this instant with any call in progress
-- Made by costctl/span_trees/occupancy.py of the calls that this selects.
SELECT
    call_phase.call_id,
    call_phase.replica,
    call_phase.busy_from_ns,
    call_phase.first_token_ns,
    call_phase.end_ns,
    call_phase.first_milliweight,
    call_phase.last_milliweight
FROM call_phase
ORDER BY call_phase.call_id
