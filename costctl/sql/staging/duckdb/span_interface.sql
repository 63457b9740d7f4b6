-- span_interface: which interface a span is a use of, and which attributes its record carries, with their types.
-- One row per span that calls a model, runs a tool, looks into a cache, searches or reads.
-- reads: spans, span_tree
--   span_key       BIGINT
--   kind           VARCHAR  model, tool, cache, vector store or retrieval
--   operation      VARCHAR  lower case; NULL where the record names none
--   store_name     VARCHAR  data source, bucket or system of what is searched, read or looked into; NULL where not told
--   shape          VARCHAR  attributes besides the columns, each "name=type" on a line of its own; numbers in names as *
--   finish_reason  VARCHAR
--   http_status    BIGINT
--   has_tenant     BOOLEAN  true, else NULL
--   has_session    BOOLEAN  true, else NULL
--   has_data_classification BOOLEAN  true, else NULL
-- Types are told by how values are written. Attributes whose name is withheld are left out, and those that only say how
-- much an SDK dropped.
WITH uses AS (
    SELECT
        span_tree.span_key,
        CASE
            WHEN span_tree.is_leaf_model_call THEN 'model'
            WHEN spans.is_model_call THEN CAST(NULL AS VARCHAR)
            WHEN spans.operation = 'execute_tool' OR spans.stage = 'tool' THEN 'tool'
            WHEN spans.stage = 'cache' THEN 'cache'
            WHEN spans.stage <> 'retrieval' AND COALESCE(spans.operation <> 'retrieval', TRUE) THEN CAST(NULL AS VARCHAR)
            WHEN COALESCE(spans.attributes['db.system.name'], spans.attributes['db.system']) IS NOT NULL
                THEN 'vector store'
            WHEN spans.stage = 'retrieval' OR spans.operation = 'retrieval' THEN 'retrieval'
        END AS kind,
        spans.operation,
        COALESCE(
            spans.attributes['db.operation.name'], spans.attributes['db.operation'], spans.attributes['rpc.method']
        ) AS asked_for,
        COALESCE(
            spans.attributes['gen_ai.data_source.id'],
            spans.attributes['aws.s3.bucket'],
            spans.attributes['db.system.name'],
            spans.attributes['db.system']
        ) AS store_name,
        spans.attributes,
        spans.finish_reason,
        spans.http_status,
        spans.tenant,
        spans.session_id,
        spans.data_classification
    FROM spans
    INNER JOIN span_tree ON spans.store_key = span_tree.store_key
)

SELECT
    uses.span_key,
    uses.kind,
    LOWER(CASE WHEN uses.kind IN ('model', 'tool') THEN uses.operation ELSE COALESCE(uses.asked_for, uses.operation) END)
        AS operation,
    CASE WHEN uses.kind NOT IN ('model', 'tool') THEN uses.store_name END AS store_name,
    ARRAY_TO_STRING(
        LIST_SORT(LIST_DISTINCT(LIST_TRANSFORM(
            LIST_FILTER(
                MAP_ENTRIES(uses.attributes),
                lambda each: NOT CONTAINS(each.key, 'sha256:') AND NOT STARTS_WITH(each.key, 'otel.dropped')
            ),
            lambda each: REGEXP_REPLACE(each.key, '\.[0-9]+\b', '.*', 'g') || '=' || CASE
                WHEN REGEXP_FULL_MATCH(each.value, '[+-]?[0-9]+') THEN 'integer'
                WHEN REGEXP_FULL_MATCH(each.value, '[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?') THEN 'number'
                WHEN LOWER(each.value) IN ('true', 'false') THEN 'boolean'
                WHEN REGEXP_MATCHES(each.value, '^[\[{]') THEN 'json'
                ELSE 'text'
            END
        ))),
        CHR(10)
    ) AS shape,
    uses.finish_reason,
    uses.http_status,
    CASE WHEN uses.tenant IS NOT NULL THEN TRUE END AS has_tenant,
    CASE WHEN uses.session_id IS NOT NULL THEN TRUE END AS has_session,
    CASE WHEN uses.data_classification IS NOT NULL THEN TRUE END AS has_data_classification
FROM uses
WHERE uses.kind IS NOT NULL
