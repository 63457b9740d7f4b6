-- span_storage: the configured storage that each reading span touched.
-- One row per span with reads or bytes that some storage takes.
-- reads: spans, resources, storages, storage_matches
--   span_key  VARCHAR
--   storage   VARCHAR  the first storage in the order of the configuration whose conditions all hold
WITH readers AS (
    SELECT
        spans.trace_id || ':' || spans.span_id AS span_key,
        MAP {'service': spans.service, 'service.name': spans.service, 'region': spans.region, 'name': spans.name}
            AS columns,
        spans.attributes AS attributes,
        resources.attributes AS emitter
    FROM spans
    LEFT JOIN resources ON spans.resource_id = resources.resource_id
    WHERE (spans.storage_reads IS NOT NULL OR spans.storage_bytes IS NOT NULL)
        AND EXISTS (SELECT 1 FROM storages)
),

conditions AS (
    SELECT
        readers.span_key,
        storage_matches.storage,
        BOOL_AND(COALESCE(COALESCE(
            readers.columns[storage_matches.attribute],
            readers.attributes[storage_matches.attribute],
            readers.emitter[storage_matches.attribute]
        ) GLOB storage_matches.glob, FALSE)) AS is_met
    FROM readers
    CROSS JOIN storage_matches
    GROUP BY readers.span_key, storage_matches.storage
)

SELECT
    conditions.span_key,
    ARG_MIN(storages.storage, storages.storage_order) AS storage
FROM conditions
INNER JOIN storages ON conditions.storage = storages.storage
WHERE conditions.is_met
GROUP BY conditions.span_key
