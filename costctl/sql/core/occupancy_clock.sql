-- occupancy_clock: a clock for each replica that runs at the rate 1 / (weight of the calls in progress).
-- One row per (replica, instant at which the calls in progress change).
-- reads: call_phase
-- key: replica, at_ns
--   replica        VARCHAR
--   at_ns          BIGINT   ns UTC
--   active         BIGINT   calls in progress from this instant on
--   milliweight    BIGINT   thousandths; their weight
--   clock_s        DOUBLE   s; integral of dt / Σ weight up to this instant, over the time that the replica was busy
--   alone_clock_s  DOUBLE   s; time up to this instant with exactly one call in progress
--   busy_clock_s   DOUBLE   s; time up to this instant with any call in progress
WITH changes AS (
    SELECT
        call_phase.replica,
        call_phase.busy_from_ns AS at_ns,
        1 AS change,
        call_phase.first_milliweight AS weight_change
    FROM call_phase
    UNION ALL
    SELECT
        call_phase.replica,
        call_phase.first_token_ns AS at_ns,
        0 AS change,
        call_phase.last_milliweight - call_phase.first_milliweight AS weight_change
    FROM call_phase
    WHERE call_phase.first_token_ns IS NOT NULL
    UNION ALL
    SELECT
        call_phase.replica,
        call_phase.end_ns AS at_ns,
        -1 AS change,
        CASE WHEN call_phase.first_token_ns IS NULL THEN -call_phase.first_milliweight ELSE -call_phase.last_milliweight END
            AS weight_change
    FROM call_phase
),

instants AS (
    SELECT
        changes.replica,
        changes.at_ns,
        SUM(changes.change) AS change,
        SUM(changes.weight_change) AS weight_change
    FROM changes
    GROUP BY changes.replica, changes.at_ns
),

levels AS (
    SELECT
        instants.replica,
        instants.at_ns,
        SUM(instants.change) OVER (PARTITION BY instants.replica ORDER BY instants.at_ns) AS active,
        SUM(instants.weight_change) OVER (PARTITION BY instants.replica ORDER BY instants.at_ns) AS milliweight
    FROM instants
),

steps AS (
    SELECT
        levels.replica,
        levels.at_ns,
        levels.active,
        levels.milliweight,
        levels.at_ns - LAG(levels.at_ns) OVER (PARTITION BY levels.replica ORDER BY levels.at_ns) AS elapsed_ns,
        LAG(levels.active) OVER (PARTITION BY levels.replica ORDER BY levels.at_ns) AS active_before,
        LAG(levels.milliweight) OVER (PARTITION BY levels.replica ORDER BY levels.at_ns) AS milliweight_before
    FROM levels
)

SELECT
    steps.replica,
    steps.at_ns,
    CAST(steps.active AS BIGINT) AS active,
    CAST(steps.milliweight AS BIGINT) AS milliweight,
    SUM(
        CASE WHEN steps.active_before > 0
            THEN
                CAST(steps.elapsed_ns AS DOUBLE)
                / NULLIF(CAST(steps.milliweight_before AS DOUBLE) / 1000.0, 0) / 1e9
            ELSE 0.0
        END
    ) OVER (PARTITION BY steps.replica ORDER BY steps.at_ns) AS clock_s,
    SUM(CASE WHEN steps.active_before = 1 THEN CAST(steps.elapsed_ns AS DOUBLE) / 1e9 ELSE 0.0 END)
        OVER (PARTITION BY steps.replica ORDER BY steps.at_ns) AS alone_clock_s,
    SUM(CASE WHEN steps.active_before > 0 THEN CAST(steps.elapsed_ns AS DOUBLE) / 1e9 ELSE 0.0 END)
        OVER (PARTITION BY steps.replica ORDER BY steps.at_ns) AS busy_clock_s
FROM steps
