-- use_attribute: what an attribute that a cut is asked for says of each call, and of the rest of each request.
-- One row per (cut, use) of which some attribute of the cut is observed.
-- reads: spans, resources, span_tree, staged_spans, cut_attributes
--   cut     VARCHAR
--   use_id  BIGINT   call_id; of the rest of a request -1 - request_id
--   value   VARCHAR
-- What the call's own span says, else another record of the call, else the entry of its request; failing these, who emitted
-- the call's span, else who emitted the entry. An attribute may name a column, or a raw key that a column was made from.
WITH asked AS (
    SELECT
        cut_attributes.cut,
        LIST(cut_attributes.attribute ORDER BY cut_attributes.place) AS attributes
    FROM cut_attributes
    GROUP BY cut_attributes.cut
),

heard AS (
    SELECT
        asked.cut,
        spans.store_key,
        LIST_FILTER(
            LIST_TRANSFORM(asked.attributes, lambda attribute: COALESCE(
                NULLIF(spans.attributes[attribute], ''),
                CASE
                    WHEN attribute IN ('service', 'service.name') THEN spans.service
                    WHEN attribute IN ('replica_id', 'service.instance.id') THEN spans.replica_id
                    WHEN attribute IN ('provider', 'gen_ai.provider.name', 'gen_ai.system') THEN spans.provider
                    WHEN attribute = 'gen_ai.request.model' THEN spans.model_requested
                    WHEN attribute = 'gen_ai.response.model' THEN spans.model_served
                    WHEN attribute IN ('region', 'cloud.region') THEN spans.region
                    WHEN attribute IN ('zone', 'cloud.availability_zone') THEN spans.zone
                    WHEN attribute IN ('operation', 'gen_ai.operation.name') THEN spans.operation
                    WHEN attribute IN ('session_id', 'session.id', 'gen_ai.conversation.id') THEN spans.session_id
                    WHEN attribute IN ('tenant', 'tenant.id') THEN spans.tenant
                    WHEN attribute = 'name' THEN spans.name
                    WHEN attribute = 'pool' THEN spans.pool
                    WHEN attribute = 'service_tier' THEN spans.service_tier
                    WHEN attribute = 'finish_reason' THEN spans.finish_reason
                    WHEN attribute IN ('error_type', 'error.type') THEN spans.error_type
                    WHEN attribute = 'workload' THEN spans.workload
                    WHEN attribute = 'data_classification' THEN spans.data_classification
                    WHEN attribute = 'dialect' THEN spans.dialect
                END
            )),
            lambda said: said IS NOT NULL
        )[1] AS of_span,
        LIST_FILTER(
            LIST_TRANSFORM(asked.attributes, lambda attribute: NULLIF(resources.attributes[attribute], '')),
            lambda said: said IS NOT NULL
        )[1] AS of_emitter
    FROM spans
    CROSS JOIN asked
    LEFT JOIN resources ON spans.resource_id = resources.resource_id
),

told AS (
    SELECT
        heard.cut,
        heard.of_span,
        heard.of_emitter,
        staged_spans.request_id,
        staged_spans.is_first,
        CASE WHEN staged_spans.is_leaf_model_call THEN staged_spans.span_key END AS call_id,
        CASE WHEN staged_spans.leaf_calls = 1 THEN staged_spans.leaf_call_id END AS recorded_call_id
    FROM heard
    INNER JOIN span_tree ON heard.store_key = span_tree.store_key
    INNER JOIN staged_spans ON span_tree.span_key = staged_spans.span_key
    WHERE COALESCE(heard.of_span, heard.of_emitter) IS NOT NULL
        AND (staged_spans.is_first OR staged_spans.is_leaf_model_call OR staged_spans.leaf_calls = 1)
),

entries AS (
    SELECT
        told.cut,
        told.request_id,
        told.of_span,
        told.of_emitter
    FROM told
    WHERE told.is_first
),

others AS (
    SELECT
        told.cut,
        told.recorded_call_id AS call_id,
        MIN(told.of_span) AS of_span
    FROM told
    WHERE told.recorded_call_id IS NOT NULL
    GROUP BY told.cut, told.recorded_call_id
),

uses AS (
    SELECT
        staged_spans.span_key AS use_id,
        staged_spans.request_id,
        TRUE AS is_call
    FROM staged_spans
    WHERE staged_spans.is_leaf_model_call
    UNION ALL
    SELECT
        -1 - staged_spans.request_id AS use_id,
        staged_spans.request_id,
        FALSE AS is_call
    FROM staged_spans
    WHERE staged_spans.is_first
),

combined AS (
    SELECT
        asked.cut,
        uses.use_id,
        COALESCE(own.of_span, others.of_span, entries.of_span, own.of_emitter, entries.of_emitter) AS value
    FROM uses
    CROSS JOIN asked
    LEFT JOIN told AS own ON asked.cut = own.cut AND uses.use_id = own.call_id
    LEFT JOIN others ON asked.cut = others.cut AND uses.use_id = others.call_id
    LEFT JOIN entries ON asked.cut = entries.cut AND uses.request_id = entries.request_id
)

SELECT
    combined.cut,
    combined.use_id,
    combined.value
FROM combined
WHERE combined.value IS NOT NULL
