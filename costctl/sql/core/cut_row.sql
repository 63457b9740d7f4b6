-- cut_row: the rows of each cut that are of values: which one, or how many.
-- One row per (cut, place of cut_place).
-- reads: cut_place
-- key: cut, place
--   cut             VARCHAR
--   place           BIGINT
--   value           VARCHAR  NULL for all others together
--   counted_values  BIGINT   that it is of
SELECT
    cut_place.cut,
    cut_place.place,
    CASE WHEN MIN(cut_place.kind) = 'value' THEN MIN(cut_place.value) END AS value,
    COUNT(cut_place.value) AS counted_values
FROM cut_place
GROUP BY cut_place.cut, cut_place.place
