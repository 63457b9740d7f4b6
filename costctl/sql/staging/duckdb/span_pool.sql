-- span_pool: the configured pool that serves each model call.
-- One row per model call that some pool takes.
-- reads: spans, resources, pools, pool_models, pool_matches
--   span_row  BIGINT   of spans
--   pool      VARCHAR  the first pool in the order of the configuration whose conditions all hold
-- A condition names a column, a raw key that a column was made from, or an attribute of the span or of its emitter.
WITH model_calls AS (
    SELECT
        spans.rowid AS span_row,
        spans.pool AS named_pool,
        COALESCE(spans.model_served, spans.model_requested) AS model,
        MAP {
            'service': spans.service, 'service.name': spans.service,
            'replica_id': spans.replica_id, 'service.instance.id': spans.replica_id,
            'provider': spans.provider, 'gen_ai.provider.name': spans.provider, 'gen_ai.system': spans.provider,
            'model': COALESCE(spans.model_served, spans.model_requested),
            'gen_ai.request.model': spans.model_requested, 'gen_ai.response.model': spans.model_served,
            'region': spans.region, 'cloud.region': spans.region,
            'zone': spans.zone, 'cloud.availability_zone': spans.zone,
            'operation': spans.operation, 'gen_ai.operation.name': spans.operation,
            'name': spans.name, 'tenant': spans.tenant, 'pool': spans.pool
        } AS columns,
        spans.replica_id,
        spans.attributes AS attributes,
        resources.attributes AS emitter
    FROM spans
    LEFT JOIN resources ON spans.resource_id = resources.resource_id
    WHERE spans.operation IN ('chat', 'text_completion', 'generate_content', 'embeddings', 'rerank')
        AND EXISTS (SELECT 1 FROM pools)
),

conditions AS (
    SELECT
        model_calls.span_row,
        pool_matches.pool,
        BOOL_AND(COALESCE(COALESCE(
            model_calls.columns[pool_matches.attribute],
            model_calls.attributes[pool_matches.attribute],
            model_calls.emitter[pool_matches.attribute],
            CASE WHEN pool_matches.attribute IN ('k8s.pod.name', 'host.name', 'server.address')
                THEN model_calls.replica_id END
        ) GLOB pool_matches.glob, FALSE)) AS is_met
    FROM model_calls
    CROSS JOIN pool_matches
    GROUP BY model_calls.span_row, pool_matches.pool
),

candidates AS (
    SELECT
        model_calls.span_row,
        pools.pool,
        pools.pool_order
    FROM model_calls
    CROSS JOIN pools
    LEFT JOIN conditions ON model_calls.span_row = conditions.span_row AND pools.pool = conditions.pool
    LEFT JOIN pool_models ON pools.pool = pool_models.pool AND model_calls.model = pool_models.model
    WHERE model_calls.named_pool = pools.pool
        OR (
            pools.has_conditions
            AND COALESCE(conditions.is_met, TRUE)
            AND (NOT pools.has_models OR pool_models.model IS NOT NULL)
        )
)

SELECT
    candidates.span_row,
    ARG_MIN(candidates.pool, candidates.pool_order) AS pool
FROM candidates
GROUP BY candidates.span_row
