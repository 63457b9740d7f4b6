-- span_storage: the configured storage that each reading span touched.
-- One row per span with reads or bytes that some storage takes.
-- reads: spans, resources, storages, storage_matches
--   store_key  BIGINT   of spans
--   storage    VARCHAR  the first storage in the order of the configuration whose conditions all hold
-- Conditions are held against each combination of values once, however many spans have it.
WITH named AS (
    SELECT COALESCE(LIST(DISTINCT storage_matches.attribute ORDER BY storage_matches.attribute), []) AS attributes
    FROM storage_matches
),

readers AS (
    SELECT
        spans.store_key,
        LIST_TRANSFORM(named.attributes, lambda attribute: COALESCE(
            CASE
                WHEN attribute IN ('service', 'service.name') THEN spans.service
                WHEN attribute = 'region' THEN spans.region
                WHEN attribute = 'name' THEN spans.name
            END,
            spans.attributes[attribute],
            resources.attributes[attribute]
        )) AS observed
    FROM spans
    CROSS JOIN named
    LEFT JOIN resources ON spans.resource_id = resources.resource_id
    WHERE (spans.storage_reads IS NOT NULL OR spans.storage_bytes IS NOT NULL)
        AND EXISTS (SELECT 1 FROM storages)
),

kinds AS (
    SELECT DISTINCT readers.observed
    FROM readers
),

conditions AS (
    SELECT
        kinds.observed,
        storage_matches.storage,
        BOOL_AND(COALESCE(
            kinds.observed[LIST_POSITION(named.attributes, storage_matches.attribute)] GLOB storage_matches.glob, FALSE
        )) AS is_met
    FROM kinds
    CROSS JOIN named
    CROSS JOIN storage_matches
    GROUP BY kinds.observed, storage_matches.storage
),

taken AS (
    SELECT
        conditions.observed,
        ARG_MIN(storages.storage, storages.storage_order) AS storage
    FROM conditions
    INNER JOIN storages ON conditions.storage = storages.storage
    WHERE conditions.is_met
    GROUP BY conditions.observed
)

SELECT
    readers.store_key,
    taken.storage
FROM readers
INNER JOIN taken ON readers.observed = taken.observed
