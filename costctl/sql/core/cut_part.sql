-- cut_part: the row of each cut in which each call, and what else a request used, is counted.
-- One row per (cut, use): a use is a call, or the rest of a request.
-- reads: cut_value, cut_place
-- key: cut, use_id
--   cut         VARCHAR
--   use_id      BIGINT   call_id; of the rest of a request -1 - request_id
--   request_id  BIGINT
--   is_call     BOOLEAN
--   kind        VARCHAR  value, others, not_observed; no_call for what no call caused, in a cut by what only calls have
--   place       BIGINT   of cut_place; 0 for the other kinds
SELECT
    cut_value.cut,
    cut_value.use_id,
    cut_value.request_id,
    cut_value.is_call,
    CASE
        WHEN cut_value.value IS NOT NULL THEN cut_place.kind
        WHEN NOT cut_value.is_call AND cut_value.cut IN ('model', 'provider') THEN 'no_call'
        ELSE 'not_observed'
    END AS kind,
    COALESCE(cut_place.place, 0) AS place
FROM cut_value
LEFT JOIN cut_place ON cut_value.cut = cut_place.cut AND cut_value.value = cut_place.value
