-- occupancy_clock: a clock for each replica that runs at the rate 1 / (calls in progress).
-- One row per (replica, instant at which the calls in progress change).
-- reads: calls
-- key: replica, at_ns
--   replica        VARCHAR
--   at_ns          BIGINT   ns UTC
--   active         BIGINT   calls in progress from this instant on
--   clock_s        DOUBLE   s; integral of dt / active up to this instant, over the time that the replica was busy
--   alone_clock_s  DOUBLE   s; time up to this instant with exactly one call in progress
--   busy_clock_s   DOUBLE   s; time up to this instant with any call in progress
WITH changes AS (
    SELECT
        calls.replica,
        calls.busy_from_ns AS at_ns,
        1 AS change
    FROM calls
    WHERE calls.busy_from_ns < calls.end_ns
    UNION ALL
    SELECT
        calls.replica,
        calls.end_ns AS at_ns,
        -1 AS change
    FROM calls
    WHERE calls.busy_from_ns < calls.end_ns
),

instants AS (
    SELECT
        changes.replica,
        changes.at_ns,
        SUM(changes.change) AS change
    FROM changes
    GROUP BY changes.replica, changes.at_ns
),

levels AS (
    SELECT
        instants.replica,
        instants.at_ns,
        SUM(instants.change) OVER (PARTITION BY instants.replica ORDER BY instants.at_ns) AS active
    FROM instants
),

steps AS (
    SELECT
        levels.replica,
        levels.at_ns,
        levels.active,
        levels.at_ns - LAG(levels.at_ns) OVER (PARTITION BY levels.replica ORDER BY levels.at_ns) AS elapsed_ns,
        LAG(levels.active) OVER (PARTITION BY levels.replica ORDER BY levels.at_ns) AS active_before
    FROM levels
)

SELECT
    steps.replica,
    steps.at_ns,
    CAST(steps.active AS BIGINT) AS active,
    SUM(
        CASE WHEN steps.active_before > 0
            THEN CAST(steps.elapsed_ns AS DOUBLE) / NULLIF(CAST(steps.active_before AS DOUBLE), 0) / 1e9
            ELSE 0.0
        END
    ) OVER (PARTITION BY steps.replica ORDER BY steps.at_ns) AS clock_s,
    SUM(CASE WHEN steps.active_before = 1 THEN CAST(steps.elapsed_ns AS DOUBLE) / 1e9 ELSE 0.0 END)
        OVER (PARTITION BY steps.replica ORDER BY steps.at_ns) AS alone_clock_s,
    SUM(CASE WHEN steps.active_before > 0 THEN CAST(steps.elapsed_ns AS DOUBLE) / 1e9 ELSE 0.0 END)
        OVER (PARTITION BY steps.replica ORDER BY steps.at_ns) AS busy_clock_s
FROM steps
