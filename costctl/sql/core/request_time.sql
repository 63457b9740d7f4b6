-- request_time: when each request is counted: in which day or hour, in which half of the window, in which block of time.
-- One row per request.
-- reads: requests, observed_totals
-- key: request_id
--   request_id      BIGINT
--   slot_ns         BIGINT   ns UTC; start of the UTC day of its start; of the hour, where the window is shorter than 46 h
--   is_second_half  BOOLEAN  it started in the second half of the window
--   block           BIGINT   of the slot, from 0: 150 s of an hour; of a day a quarter of an hour, of eight days and more an hour
-- 46 hours are two days but for an hour at each end. A request without a start is counted where the window begins. All that
-- it is charged is counted with it, so that what a request costs and how many there are speak of the same requests.
WITH started AS (
    SELECT
        requests.request_id,
        COALESCE(requests.start_ns, observed_totals.first_ns) AS at_ns,
        observed_totals.first_ns + (observed_totals.last_ns - observed_totals.first_ns) // 2 AS middle_ns,
        CASE
            WHEN observed_totals.last_ns - observed_totals.first_ns < 165600000000000 THEN 3600000000000
            ELSE 86400000000000
        END AS slot_length_ns,
        CASE
            WHEN observed_totals.last_ns - observed_totals.first_ns < 165600000000000 THEN 150000000000
            WHEN observed_totals.last_ns - observed_totals.first_ns < 691200000000000 THEN 900000000000
            ELSE 3600000000000
        END AS block_length_ns
    FROM requests
    CROSS JOIN observed_totals
)

SELECT
    started.request_id,
    started.at_ns // started.slot_length_ns * started.slot_length_ns AS slot_ns,
    started.at_ns > started.middle_ns AS is_second_half,
    started.at_ns % started.slot_length_ns // started.block_length_ns AS block
FROM started
