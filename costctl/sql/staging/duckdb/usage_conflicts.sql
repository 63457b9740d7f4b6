-- usage_conflicts: counts and limits that contradict each other within one record of a model call.
-- One row per (keys, dialect) of the records of requests that started within the observation window.
-- reads: spans, span_tree
--   keys     VARCHAR  with spaces between
--   dialect  VARCHAR  'unnamed' where no mark of a dialect was seen
--   calls    BIGINT   records of model calls
SELECT
    spans.usage_conflict AS keys,
    COALESCE(spans.dialect, 'unnamed') AS dialect,
    COUNT(spans.store_key) AS calls
FROM spans
INNER JOIN span_tree ON spans.store_key = span_tree.store_key
WHERE spans.usage_conflict IS NOT NULL AND spans.is_model_call
GROUP BY spans.usage_conflict, COALESCE(spans.dialect, 'unnamed')
ORDER BY calls DESC, keys, dialect
