-- attribute_key: by which attributes the cost could be told apart.
-- One row per key that a model call, an entry of a request, or an emitter of either has.
-- reads: spans, resources, span_tree
--   attribute  VARCHAR
--   spans      BIGINT   calls and entries that have it, or whose emitter has
WITH looked_at AS (
    SELECT
        spans.store_key,
        MAP_KEYS(spans.attributes) AS own,
        MAP_KEYS(resources.attributes) AS of_emitter
    FROM spans
    INNER JOIN span_tree ON spans.store_key = span_tree.store_key
    LEFT JOIN resources ON spans.resource_id = resources.resource_id
    WHERE span_tree.is_first OR spans.is_model_call
),

keyed AS (
    SELECT
        looked_at.store_key,
        UNNEST(LIST_CONCAT(COALESCE(looked_at.own, []), COALESCE(looked_at.of_emitter, []))) AS attribute
    FROM looked_at
)

SELECT
    keyed.attribute,
    COUNT(DISTINCT keyed.store_key) AS spans
FROM keyed
GROUP BY keyed.attribute
