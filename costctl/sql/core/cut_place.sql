-- cut_place: the row in which each value of a cut is counted: one of its own for those that cost most, one for all others.
-- One row per (cut, value).
-- reads: charge, cut_value, cuts
-- key: cut, value
--   cut    VARCHAR
--   value  VARCHAR
--   kind   VARCHAR  value, where the row is its own; others
--   place  BIGINT   from 1, the dearest first, ties by name; one beyond cuts.most for all others
-- Ranked by whole femto-dollars, so that no order of rows changes the places.
WITH spent AS (
    SELECT
        cut_value.cut,
        cut_value.value,
        SUM(COALESCE(CAST(FLOOR(charge.usd * 1e15) AS HUGEINT), 0)) AS femto_usd
    FROM cut_value
    LEFT JOIN charge ON cut_value.use_id = COALESCE(charge.call_id, -1 - charge.request_id)
    WHERE cut_value.value IS NOT NULL
    GROUP BY cut_value.cut, cut_value.value
),

ranked AS (
    SELECT
        spent.cut,
        spent.value,
        ROW_NUMBER() OVER (PARTITION BY spent.cut ORDER BY spent.femto_usd DESC, spent.value) AS place
    FROM spent
)

SELECT
    ranked.cut,
    ranked.value,
    CASE WHEN ranked.place <= cuts.most THEN 'value' ELSE 'others' END AS kind,
    CASE WHEN ranked.place <= cuts.most THEN ranked.place ELSE cuts.most + 1 END AS place
FROM ranked
INNER JOIN cuts ON ranked.cut = cuts.cut
