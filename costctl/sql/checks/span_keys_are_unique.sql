-- span_keys_are_unique: spans that are stored, staged or placed more than once, or not placed at all.
-- One row per key that breaks the law.
-- reads: staged_spans, span_tree, observation_window
--   span_key  BIGINT
--   staged    BIGINT
--   placed    BIGINT
WITH staged AS (
    SELECT
        staged_spans.span_key,
        COUNT(staged_spans.span_key) AS staged
    FROM staged_spans
    GROUP BY staged_spans.span_key
),

placed AS (
    SELECT
        span_tree.span_key,
        COUNT(span_tree.span_key) AS placed
    FROM span_tree
    GROUP BY span_tree.span_key
)

SELECT
    staged.span_key,
    CAST(staged.staged AS BIGINT) AS staged,
    CAST(COALESCE(placed.placed, 0) AS BIGINT) AS placed
FROM staged
CROSS JOIN observation_window
LEFT JOIN placed ON staged.span_key = placed.span_key
WHERE staged.staged > 1
    OR placed.placed > 1
    OR (placed.placed IS NULL AND NOT observation_window.is_bounded)
