-- span_pool: the configured pool that serves each model call.
-- One row per model call that some pool takes.
-- reads: spans, resources, pools, pool_models, pool_matches
--   store_key  BIGINT   of spans
--   pool       VARCHAR  the first pool in the order of the configuration whose conditions all hold
-- A condition names a column, a raw key that a column was made from, or an attribute of the span or of its emitter.
-- Conditions are held against each combination of values once, however many calls have it.
WITH named AS (
    SELECT COALESCE(LIST(DISTINCT pool_matches.attribute ORDER BY pool_matches.attribute), []) AS attributes
    FROM pool_matches
),

model_calls AS (
    SELECT
        spans.store_key,
        spans.pool AS named_pool,
        COALESCE(spans.model_served, spans.model_requested) AS model,
        LIST_TRANSFORM(named.attributes, lambda attribute: COALESCE(
            CASE
                WHEN attribute IN ('service', 'service.name') THEN spans.service
                WHEN attribute IN ('replica_id', 'service.instance.id') THEN spans.replica_id
                WHEN attribute IN ('provider', 'gen_ai.provider.name', 'gen_ai.system') THEN spans.provider
                WHEN attribute = 'model' THEN COALESCE(spans.model_served, spans.model_requested)
                WHEN attribute = 'gen_ai.request.model' THEN spans.model_requested
                WHEN attribute = 'gen_ai.response.model' THEN spans.model_served
                WHEN attribute IN ('region', 'cloud.region') THEN spans.region
                WHEN attribute IN ('zone', 'cloud.availability_zone') THEN spans.zone
                WHEN attribute IN ('operation', 'gen_ai.operation.name') THEN spans.operation
                WHEN attribute = 'name' THEN spans.name
                WHEN attribute = 'tenant' THEN spans.tenant
                WHEN attribute = 'pool' THEN spans.pool
            END,
            spans.attributes[attribute],
            resources.attributes[attribute],
            CASE WHEN attribute IN ('k8s.pod.name', 'host.name', 'server.address') THEN spans.replica_id END
        )) AS observed
    FROM spans
    CROSS JOIN named
    LEFT JOIN resources ON spans.resource_id = resources.resource_id
    WHERE spans.is_model_call
        AND EXISTS (SELECT 1 FROM pools)
),

kinds AS (
    SELECT
        model_calls.named_pool,
        model_calls.model,
        model_calls.observed,
        ROW_NUMBER() OVER () AS kind
    FROM model_calls
    GROUP BY model_calls.named_pool, model_calls.model, model_calls.observed
),

conditions AS (
    SELECT
        kinds.kind,
        pool_matches.pool,
        BOOL_AND(COALESCE(
            kinds.observed[LIST_POSITION(named.attributes, pool_matches.attribute)] GLOB pool_matches.glob, FALSE
        )) AS is_met
    FROM kinds
    CROSS JOIN named
    CROSS JOIN pool_matches
    GROUP BY kinds.kind, pool_matches.pool
),

taken AS (
    SELECT
        kinds.named_pool,
        kinds.model,
        kinds.observed,
        ARG_MIN(pools.pool, pools.pool_order) AS pool
    FROM kinds
    CROSS JOIN pools
    LEFT JOIN conditions ON kinds.kind = conditions.kind AND pools.pool = conditions.pool
    LEFT JOIN pool_models ON pools.pool = pool_models.pool AND kinds.model = pool_models.model
    WHERE kinds.named_pool = pools.pool
        OR (
            pools.has_conditions
            AND COALESCE(conditions.is_met, TRUE)
            AND (NOT pools.has_models OR pool_models.model IS NOT NULL)
        )
    GROUP BY kinds.named_pool, kinds.model, kinds.observed
)

SELECT
    model_calls.store_key,
    taken.pool
FROM model_calls
INNER JOIN taken
    ON model_calls.observed = taken.observed
    AND model_calls.model IS NOT DISTINCT FROM taken.model
    AND model_calls.named_pool IS NOT DISTINCT FROM taken.named_pool
