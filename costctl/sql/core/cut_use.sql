-- cut_use: what each row of a cut comes to in each day or hour and each half of the window, exactly.
-- One row per (cut, kind, place, slot, half of the window, binary place).
-- reads: charge_parts, cut_part, request_time, requests
-- key: cut, kind, place, slot_ns, is_second_half, power
--   cut               VARCHAR
--   kind              VARCHAR  value, others, not_observed, no_call, as in cut_part
--   place             BIGINT   of cut_place; 0 for the other kinds
--   slot_ns           BIGINT   ns UTC; as in request_time
--   is_second_half    BOOLEAN
--   power             BIGINT   the binary place, as in charge_parts
--   requests          BIGINT   counted on the rows of power 0: requests of which any part is in the row
--   successes         BIGINT   likewise, of these that succeeded
--   calls             BIGINT   likewise
--   unpriced_charges  BIGINT   likewise, charges without an amount
--   usd               BIGINT   in 2^power USD; NULL where nothing has an amount
WITH touched AS (
    SELECT
        cut_part.cut,
        cut_part.kind,
        cut_part.place,
        cut_part.request_id,
        SUM(CAST(cut_part.is_call AS BIGINT)) AS calls
    FROM cut_part
    GROUP BY cut_part.cut, cut_part.kind, cut_part.place, cut_part.request_id
),

counted AS (
    SELECT
        touched.cut,
        touched.kind,
        touched.place,
        touched.request_id,
        0 AS power,
        1 AS requests,
        CAST(requests.is_success AS BIGINT) AS successes,
        touched.calls,
        0 AS unpriced_charges,
        CAST(NULL AS BIGINT) AS usd
    FROM touched
    INNER JOIN requests ON touched.request_id = requests.request_id
    UNION ALL
    SELECT
        cut_part.cut,
        cut_part.kind,
        cut_part.place,
        cut_part.request_id,
        parts.power,
        0 AS requests,
        0 AS successes,
        0 AS calls,
        parts.unpriced_charges,
        parts.usd
    FROM charge_parts AS parts
    INNER JOIN cut_part ON COALESCE(parts.call_id, -1 - parts.request_id) = cut_part.use_id
)

SELECT
    counted.cut,
    counted.kind,
    counted.place,
    request_time.slot_ns,
    request_time.is_second_half,
    CAST(counted.power AS BIGINT) AS power,
    CAST(SUM(counted.requests) AS BIGINT) AS requests,
    CAST(SUM(counted.successes) AS BIGINT) AS successes,
    CAST(SUM(counted.calls) AS BIGINT) AS calls,
    CAST(SUM(counted.unpriced_charges) AS BIGINT) AS unpriced_charges,
    CAST(SUM(counted.usd) AS BIGINT) AS usd
FROM counted
INNER JOIN request_time ON counted.request_id = request_time.request_id
GROUP BY
    counted.cut,
    counted.kind,
    counted.place,
    request_time.slot_ns,
    request_time.is_second_half,
    counted.power
