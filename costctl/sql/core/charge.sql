-- charge: what each request used, of what, at which price.
-- One row per (request, call or none, component, resource).
-- reads: calls, call_share, call_outcome, token_prices, price_gaps, pools, storages, tools, span_tool, staged_spans, requests, settings
-- key: request_id, call_id, component, resource
--   request_id         BIGINT
--   call_id            BIGINT   NULL for what no call caused
--   component          VARCHAR  accelerator, api_tokens, storage_reads, storage_bytes, egress, retrieval, tool, cpu
--   resource           VARCHAR  pool, provider/model/kind of token, storage, tool, internet, or the way between two places
--   quantity           DOUBLE   in the unit, of what is billed; NULL when not observed
--   unit               VARCHAR  s, tokens, reads, bytes, calls
--   usd_per_unit       DOUBLE   USD; NULL when there is no price
--   usd                DOUBLE   USD; 0 for what is not billed; NULL when quantity or price is unknown
--   is_failed_attempt  BOOLEAN
--   is_wasted          BOOLEAN  of an attempt that failed or was repeated
--   outcome            VARCHAR  of the call; NULL for what no call caused
--   billing_rule       VARCHAR  by which the call was billed; NULL for what no call caused
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
        'input' AS direction,
        calls.uncached_tokens - COALESCE(calls.input_audio_tokens, 0) + COALESCE(calls.cached_audio_tokens, 0) AS tokens
    FROM calls
    WHERE calls.pool IS NULL
    UNION ALL
    SELECT
        calls.call_id,
        'input_audio' AS token_kind,
        'input' AS direction,
        calls.input_audio_tokens - COALESCE(calls.cached_audio_tokens, 0) AS tokens
    FROM calls
    WHERE calls.pool IS NULL AND calls.input_audio_tokens > COALESCE(calls.cached_audio_tokens, 0)
    UNION ALL
    SELECT
        calls.call_id,
        'cached_input' AS token_kind,
        'input' AS direction,
        calls.cached_input_tokens - COALESCE(calls.cached_audio_tokens, 0) AS tokens
    FROM calls
    WHERE calls.pool IS NULL AND calls.cached_input_tokens > COALESCE(calls.cached_audio_tokens, 0)
    UNION ALL
    SELECT
        calls.call_id,
        'cached_audio' AS token_kind,
        'input' AS direction,
        calls.cached_audio_tokens AS tokens
    FROM calls
    WHERE calls.pool IS NULL AND calls.cached_audio_tokens > 0
    UNION ALL
    SELECT
        calls.call_id,
        'cache_write' AS token_kind,
        'input' AS direction,
        calls.cache_write_tokens - COALESCE(calls.cache_write_1h_tokens, 0) AS tokens
    FROM calls
    WHERE calls.pool IS NULL AND calls.cache_write_tokens > COALESCE(calls.cache_write_1h_tokens, 0)
    UNION ALL
    SELECT
        calls.call_id,
        'cache_write_1h' AS token_kind,
        'input' AS direction,
        calls.cache_write_1h_tokens AS tokens
    FROM calls
    WHERE calls.pool IS NULL AND calls.cache_write_1h_tokens > 0
    UNION ALL
    SELECT
        calls.call_id,
        'output' AS token_kind,
        'output' AS direction,
        calls.output_tokens - COALESCE(calls.output_audio_tokens, 0) AS tokens
    FROM calls
    WHERE calls.pool IS NULL AND calls.is_generation
    UNION ALL
    SELECT
        calls.call_id,
        'output_audio' AS token_kind,
        'output' AS direction,
        calls.output_audio_tokens AS tokens
    FROM calls
    WHERE calls.pool IS NULL AND calls.output_audio_tokens > 0
),

billed_tokens AS (
    SELECT
        token_counts.call_id,
        token_counts.token_kind,
        token_counts.tokens,
        CASE
            WHEN token_counts.direction = 'input' THEN call_outcome.is_input_billed
            ELSE call_outcome.is_output_billed
        END AS is_billed
    FROM token_counts
    INNER JOIN call_outcome ON token_counts.call_id = call_outcome.call_id
),

api_tokens AS (
    SELECT
        calls.request_id,
        calls.call_id,
        'api_tokens' AS component,
        COALESCE(calls.provider, 'provider not observed') || '/' || COALESCE(calls.model, 'model not observed')
            || '/' || billed_tokens.token_kind AS resource,
        CASE WHEN billed_tokens.is_billed THEN CAST(billed_tokens.tokens AS DOUBLE) ELSE 0.0 END AS quantity,
        'tokens' AS unit,
        token_prices.usd_per_token AS usd_per_unit,
        calls.is_failed AS is_failed_attempt,
        CASE
            WHEN NOT billed_tokens.is_billed THEN NULL
            WHEN billed_tokens.tokens IS NULL THEN 'tokens were not observed'
            WHEN calls.model IS NULL THEN 'the model was not observed'
            WHEN calls.day IS NULL THEN 'the day of the call was not observed'
            WHEN token_prices.usd_per_token IS NULL
                THEN COALESCE(
                    price_gaps.reason,
                    'no price for ' || billed_tokens.token_kind || ' of ' || calls.model
                        || CASE WHEN calls.input_tokens IS NULL THEN ' after a prompt of unknown length' ELSE '' END
                )
        END AS note
    FROM billed_tokens
    INNER JOIN calls ON billed_tokens.call_id = calls.call_id
    LEFT JOIN token_prices
        ON calls.model = token_prices.model
        AND COALESCE(calls.provider, '') = COALESCE(token_prices.provider, '')
        AND calls.day = token_prices.day
        AND calls.service_tier = token_prices.service_tier
        AND billed_tokens.token_kind = token_prices.token_kind
        AND (
            calls.input_tokens >= token_prices.from_input_tokens
            OR (calls.input_tokens IS NULL AND token_prices.from_input_tokens = 0)
        )
        AND (
            token_prices.below_input_tokens IS NULL
            OR calls.input_tokens < token_prices.below_input_tokens
        )
    LEFT JOIN price_gaps
        ON calls.model = price_gaps.model
        AND COALESCE(calls.provider, '') = COALESCE(price_gaps.provider, '')
        AND calls.day = price_gaps.day
        AND calls.service_tier = price_gaps.service_tier
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

transfers AS (
    SELECT
        spans.request_id,
        CASE
            WHEN storages.region <> spans.region THEN 'between regions'
            ELSE 'between zones'
        END AS boundary,
        CASE
            WHEN storages.region <> spans.region THEN storages.region || ' to ' || spans.region
            ELSE storages.zone || ' to ' || spans.zone
        END AS way,
        SUM(spans.storage_bytes) AS bytes
    FROM staged_spans AS spans
    INNER JOIN storages ON spans.storage = storages.storage
    WHERE spans.storage_bytes IS NOT NULL AND (
        storages.region <> spans.region
        OR (COALESCE(storages.region, '') = COALESCE(spans.region, storages.region, '') AND storages.zone <> spans.zone)
    )
    GROUP BY
        spans.request_id,
        CASE
            WHEN storages.region <> spans.region THEN 'between regions'
            ELSE 'between zones'
        END,
        CASE
            WHEN storages.region <> spans.region THEN storages.region || ' to ' || spans.region
            ELSE storages.zone || ' to ' || spans.zone
        END
),

network AS (
    SELECT
        transfers.request_id,
        CAST(NULL AS BIGINT) AS call_id,
        'egress' AS component,
        transfers.boundary || ': ' || transfers.way AS resource,
        CAST(transfers.bytes AS DOUBLE) AS quantity,
        'bytes' AS unit,
        settings.value AS usd_per_unit,
        FALSE AS is_failed_attempt,
        CASE
            WHEN settings.value IS NULL AND transfers.boundary = 'between zones'
                THEN '[network] usd_per_gb_between_zones is not set'
            WHEN settings.value IS NULL THEN '[network] usd_per_gb_between_regions is not set'
        END AS note
    FROM transfers
    LEFT JOIN settings
        ON (settings.name = 'usd_per_byte_between_zones' AND transfers.boundary = 'between zones')
        OR (settings.name = 'usd_per_byte_between_regions' AND transfers.boundary = 'between regions')
),

tool_runs AS (
    SELECT
        spans.request_id,
        span_tool.tool,
        spans.is_retrieval,
        COUNT(spans.span_key) AS runs,
        SUM(CAST(spans.end_ns - spans.start_ns AS DOUBLE)) / 1e9 AS run_s,
        COUNT(spans.end_ns) AS timed
    FROM staged_spans AS spans
    INNER JOIN span_tool ON spans.span_key = span_tool.span_key
    LEFT JOIN span_tool AS around ON spans.parent_key = around.span_key AND span_tool.tool = around.tool
    WHERE around.span_key IS NULL
    GROUP BY spans.request_id, span_tool.tool, spans.is_retrieval
),

tools_run AS (
    SELECT
        tool_runs.request_id,
        CAST(NULL AS BIGINT) AS call_id,
        CASE WHEN tool_runs.is_retrieval THEN 'retrieval' ELSE 'tool' END AS component,
        tool_runs.tool AS resource,
        CAST(tool_runs.runs AS DOUBLE) AS quantity,
        'calls' AS unit,
        tools.usd_per_call AS usd_per_unit,
        FALSE AS is_failed_attempt,
        CAST(NULL AS VARCHAR) AS note
    FROM tool_runs
    INNER JOIN tools ON tool_runs.tool = tools.tool
    WHERE tools.usd_per_call IS NOT NULL
),

processors AS (
    SELECT
        tool_runs.request_id,
        CAST(NULL AS BIGINT) AS call_id,
        'cpu' AS component,
        CASE WHEN tool_runs.is_retrieval THEN tool_runs.tool || ' searches' ELSE tool_runs.tool END AS resource,
        CASE WHEN tool_runs.timed = tool_runs.runs THEN tool_runs.run_s END AS quantity,
        's' AS unit,
        tools.usd_per_cpu_s AS usd_per_unit,
        FALSE AS is_failed_attempt,
        CASE WHEN tool_runs.timed < tool_runs.runs THEN 'a run was not timed' END AS note
    FROM tool_runs
    INNER JOIN tools ON tool_runs.tool = tools.tool
    WHERE tools.usd_per_cpu_s IS NOT NULL
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
    UNION ALL
    SELECT network.request_id, network.call_id, network.component, network.resource, network.quantity, network.unit,
        network.usd_per_unit, network.is_failed_attempt, network.note
    FROM network
    UNION ALL
    SELECT tools_run.request_id, tools_run.call_id, tools_run.component, tools_run.resource, tools_run.quantity, tools_run.unit,
        tools_run.usd_per_unit, tools_run.is_failed_attempt, tools_run.note
    FROM tools_run
    UNION ALL
    SELECT processors.request_id, processors.call_id, processors.component, processors.resource, processors.quantity, processors.unit,
        processors.usd_per_unit, processors.is_failed_attempt, processors.note
    FROM processors
)

SELECT
    quantities.request_id,
    quantities.call_id,
    quantities.component,
    quantities.resource,
    quantities.quantity,
    quantities.unit,
    quantities.usd_per_unit,
    CASE WHEN quantities.note IS NULL THEN quantities.quantity * COALESCE(quantities.usd_per_unit, 0.0) END AS usd,
    quantities.is_failed_attempt,
    COALESCE(call_outcome.is_wasted, FALSE) AS is_wasted,
    call_outcome.outcome,
    call_outcome.billing_rule,
    quantities.note
FROM quantities
LEFT JOIN call_outcome ON quantities.call_id = call_outcome.call_id
