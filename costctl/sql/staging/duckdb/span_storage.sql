-- span_storage: the configured storage that each reading span touched.
-- One row per span with reads or bytes that some storage takes.
-- reads: spans, resources, storages, storage_matches
--   span_row  BIGINT   of spans
--   storage   VARCHAR  the first storage in the order of the configuration whose conditions all hold
WITH readers AS (
    SELECT
        spans.rowid AS span_row,
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
        readers.span_row,
        storage_matches.storage,
        BOOL_AND(COALESCE(COALESCE(
            readers.columns[storage_matches.attribute],
            readers.attributes[storage_matches.attribute],
            readers.emitter[storage_matches.attribute]
        ) GLOB storage_matches.glob, FALSE)) AS is_met
    FROM readers
    CROSS JOIN storage_matches
    GROUP BY readers.span_row, storage_matches.storage
)

SELECT
    conditions.span_row,
    ARG_MIN(storages.storage, storages.storage_order) AS storage
FROM conditions
INNER JOIN storages ON conditions.storage = storages.storage
WHERE conditions.is_met
GROUP BY conditions.span_row
