-- cut_block: each row of a cut in short blocks of time: how much its cost varies by chance.
-- One row per (cut, kind, place, slot, half of the window, block) in which a request started.
-- reads: charge, cut_part, request_time
-- key: cut, kind, place, slot_ns, is_second_half, block
--   cut             VARCHAR
--   kind            VARCHAR  as in cut_part
--   place           BIGINT   as in cut_part
--   slot_ns         BIGINT   ns UTC; as in request_time
--   is_second_half  BOOLEAN
--   block           BIGINT   of the slot, as in request_time
--   usd             DOUBLE   USD of what has an amount
--   usd_squared     DOUBLE   USD²; sum over the requests of the square of what each is charged
WITH spent AS (
    SELECT
        cut_part.cut,
        cut_part.kind,
        cut_part.place,
        cut_part.request_id,
        COALESCE(SUM(charge.usd), 0.0) AS usd
    FROM cut_part
    LEFT JOIN charge ON cut_part.use_id = COALESCE(charge.call_id, -1 - charge.request_id)
    GROUP BY cut_part.cut, cut_part.kind, cut_part.place, cut_part.request_id
)

SELECT
    spent.cut,
    spent.kind,
    spent.place,
    request_time.slot_ns,
    request_time.is_second_half,
    request_time.block,
    SUM(spent.usd) AS usd,
    SUM(spent.usd * spent.usd) AS usd_squared
FROM spent
INNER JOIN request_time ON spent.request_id = request_time.request_id
GROUP BY
    spent.cut,
    spent.kind,
    spent.place,
    request_time.slot_ns,
    request_time.is_second_half,
    request_time.block
