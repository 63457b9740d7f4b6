-- charge: what each request used, of what, at which price.
-- One row per (request, call or none, component, resource).
-- reads: calls, call_share, token_prices, pools, storages, staged_spans, requests, settings
-- key: request_id, call_id, component, resource
--   request_id         BIGINT
--   call_id            BIGINT   NULL for what no call caused
--   component          VARCHAR  accelerator, api_tokens, storage_reads, storage_bytes, egress
--   resource           VARCHAR  pool, provider/model/kind of token, storage, or internet
--   quantity           DOUBLE   in the unit; NULL when not observed
--   unit               VARCHAR  s, tokens, reads, bytes
--   usd_per_unit       DOUBLE   USD; NULL when there is no price
--   usd                DOUBLE   USD; NULL when quantity or price is unknown
--   is_failed_attempt  BOOLEAN
--   note               VARCHAR  why there is no amount; NULL where there is one
WITH accelerator AS (
    SELECT
        calls.request_id,
        calls.call_id,
        'accelerator' AS component,
        calls.pool AS resource,
        call_share.share_s AS quantity,
        's' AS unit,
        pools.usd_per_replica_s AS usd_per_unit,
        calls.is_failed AS is_failed_attempt,
        CASE
            WHEN pools.usd_per_replica_s IS NULL THEN '[pools.' || calls.pool || '] usd_per_replica_hour is not set'
            WHEN call_share.share_s IS NULL THEN 'the call was not timed'
        END AS note
    FROM calls
    INNER JOIN pools ON calls.pool = pools.pool
    LEFT JOIN call_share ON calls.call_id = call_share.call_id
),

token_counts AS (
    SELECT
        calls.call_id,
        'input' AS token_kind,
        calls.uncached_tokens AS tokens
    FROM calls
    WHERE calls.pool IS NULL
    UNION ALL
    SELECT
        calls.call_id,
        'cached_input' AS token_kind,
        calls.cached_input_tokens AS tokens
    FROM calls
    WHERE calls.pool IS NULL AND calls.cached_input_tokens > 0
    UNION ALL
    SELECT
        calls.call_id,
        'cache_write' AS token_kind,
        calls.cache_write_tokens AS tokens
    FROM calls
    WHERE calls.pool IS NULL AND calls.cache_write_tokens > 0
    UNION ALL
    SELECT
        calls.call_id,
        'output' AS token_kind,
        calls.output_tokens AS tokens
    FROM calls
    WHERE calls.pool IS NULL AND calls.is_generation
),

api_tokens AS (
    SELECT
        calls.request_id,
        calls.call_id,
        'api_tokens' AS component,
        COALESCE(calls.provider, 'provider not observed') || '/' || COALESCE(calls.model, 'model not observed')
            || '/' || token_counts.token_kind AS resource,
        CAST(token_counts.tokens AS DOUBLE) AS quantity,
        'tokens' AS unit,
        token_prices.usd_per_token AS usd_per_unit,
        calls.is_failed AS is_failed_attempt,
        CASE
            WHEN token_counts.tokens IS NULL THEN 'tokens were not observed'
            WHEN calls.model IS NULL THEN 'the model was not observed'
            WHEN calls.day IS NULL THEN 'the day of the call was not observed'
            WHEN token_prices.usd_per_token IS NULL THEN 'no price for ' || calls.model
        END AS note
    FROM token_counts
    INNER JOIN calls ON token_counts.call_id = calls.call_id
    LEFT JOIN token_prices
        ON calls.model = token_prices.model
        AND COALESCE(calls.provider, '') = COALESCE(token_prices.provider, '')
        AND calls.day = token_prices.day
        AND token_counts.token_kind = token_prices.token_kind
        AND calls.input_tokens >= token_prices.from_input_tokens
        AND (token_prices.below_input_tokens IS NULL OR calls.input_tokens < token_prices.below_input_tokens)
),

storage_use AS (
    SELECT
        spans.request_id,
        spans.storage,
        SUM(spans.storage_reads) AS reads,
        SUM(spans.storage_bytes) AS bytes
    FROM staged_spans AS spans
    WHERE spans.storage_reads IS NOT NULL OR spans.storage_bytes IS NOT NULL
    GROUP BY spans.request_id, spans.storage
),

storage_reads AS (
    SELECT
        storage_use.request_id,
        CAST(NULL AS BIGINT) AS call_id,
        'storage_reads' AS component,
        COALESCE(storage_use.storage, 'storage not configured') AS resource,
        CAST(storage_use.reads AS DOUBLE) AS quantity,
        'reads' AS unit,
        storages.usd_per_read AS usd_per_unit,
        FALSE AS is_failed_attempt,
        CASE
            WHEN storage_use.storage IS NULL THEN 'no [storage.NAME] matches the read'
            WHEN storages.usd_per_read IS NULL
                THEN '[storage.' || storage_use.storage || '] usd_per_1k_reads is not set'
        END AS note
    FROM storage_use
    LEFT JOIN storages ON storage_use.storage = storages.storage
    WHERE storage_use.reads IS NOT NULL
),

storage_bytes AS (
    SELECT
        storage_use.request_id,
        CAST(NULL AS BIGINT) AS call_id,
        'storage_bytes' AS component,
        storage_use.storage AS resource,
        CAST(storage_use.bytes AS DOUBLE) AS quantity,
        'bytes' AS unit,
        storages.usd_per_byte_egress AS usd_per_unit,
        FALSE AS is_failed_attempt,
        CAST(NULL AS VARCHAR) AS note
    FROM storage_use
    INNER JOIN storages ON storage_use.storage = storages.storage
    WHERE storage_use.bytes IS NOT NULL AND storages.usd_per_byte_egress IS NOT NULL
),

egress AS (
    SELECT
        requests.request_id,
        CAST(NULL AS BIGINT) AS call_id,
        'egress' AS component,
        'internet' AS resource,
        CAST(requests.egress_bytes AS DOUBLE) AS quantity,
        'bytes' AS unit,
        settings.value AS usd_per_unit,
        FALSE AS is_failed_attempt,
        CASE WHEN settings.value IS NULL THEN 'internet_usd_per_gb_egress is not set' END AS note
    FROM requests
    LEFT JOIN settings ON settings.name = 'internet_usd_per_byte_egress'
    WHERE requests.egress_bytes IS NOT NULL
),

quantities AS (
    SELECT accelerator.request_id, accelerator.call_id, accelerator.component, accelerator.resource,
        accelerator.quantity, accelerator.unit, accelerator.usd_per_unit, accelerator.is_failed_attempt,
        accelerator.note
    FROM accelerator
    UNION ALL
    SELECT api_tokens.request_id, api_tokens.call_id, api_tokens.component, api_tokens.resource,
        api_tokens.quantity, api_tokens.unit, api_tokens.usd_per_unit, api_tokens.is_failed_attempt, api_tokens.note
    FROM api_tokens
    UNION ALL
    SELECT storage_reads.request_id, storage_reads.call_id, storage_reads.component, storage_reads.resource,
        storage_reads.quantity, storage_reads.unit, storage_reads.usd_per_unit, storage_reads.is_failed_attempt,
        storage_reads.note
    FROM storage_reads
    UNION ALL
    SELECT storage_bytes.request_id, storage_bytes.call_id, storage_bytes.component, storage_bytes.resource,
        storage_bytes.quantity, storage_bytes.unit, storage_bytes.usd_per_unit, storage_bytes.is_failed_attempt,
        storage_bytes.note
    FROM storage_bytes
    UNION ALL
    SELECT egress.request_id, egress.call_id, egress.component, egress.resource, egress.quantity, egress.unit,
        egress.usd_per_unit, egress.is_failed_attempt, egress.note
    FROM egress
)

SELECT
    quantities.request_id,
    quantities.call_id,
    quantities.component,
    quantities.resource,
    quantities.quantity,
    quantities.unit,
    quantities.usd_per_unit,
    quantities.quantity * quantities.usd_per_unit AS usd,
    quantities.is_failed_attempt,
    quantities.note
FROM quantities
