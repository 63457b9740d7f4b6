-- unread_keys: keys that look like usage or cost, hold numbers, and that nothing reads.
-- One row per (key, dialect) of the records of requests that started within the observation window.
-- reads: spans, span_tree
--   key      VARCHAR
--   dialect  VARCHAR  'unnamed' where no mark of a dialect was seen
--   records  BIGINT   that have the key
--   calls    BIGINT   of these, those that tell of a model call
SELECT
    found.key,
    found.dialect,
    COUNT(found.store_key) AS records,
    COUNT(CASE WHEN found.is_model_call THEN found.store_key END) AS calls
FROM (
    SELECT
        spans.store_key,
        COALESCE(spans.dialect, 'unnamed') AS dialect,
        COALESCE(spans.is_model_call, FALSE) AS is_model_call,
        UNNEST(spans.unread_usage) AS key
    FROM spans
    INNER JOIN span_tree ON spans.store_key = span_tree.store_key
    WHERE spans.unread_usage IS NOT NULL
) AS found
GROUP BY found.key, found.dialect
ORDER BY calls DESC, records DESC, found.key, found.dialect
