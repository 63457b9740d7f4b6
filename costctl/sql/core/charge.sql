-- charge: what each request used, of what, at which price.
-- One row per (request, call or none, component, resource).
-- reads: calls, call_share, call_outcome, token_charge, unit_charge, storage_use, network_transfer, tool_use, requests, pools, storages, tools, settings, request_tenant
-- key: request_id, call_id, component, resource
--   request_id         BIGINT
--   call_id            BIGINT   NULL for what no call caused
--   tenant             VARCHAR  of the call, else of its request; NULL where neither names one
--   component          VARCHAR  accelerator, api_tokens, api_units, storage_reads, storage_bytes, egress, retrieval, tool, cpu
--   resource           VARCHAR  pool, provider/model/kind of token, unit, or as recorded, storage, tool, internet, or the path between two places
--   quantity           DOUBLE   in the unit, of what is billed; NULL when not observed
--   unit               VARCHAR  s, tokens, searches, runs, requests, characters, reads, bytes, calls, USD
--   usd_per_unit       DOUBLE   USD; NULL when there is no price
--   usd                DOUBLE   USD; 0 for what is not billed; NULL when quantity or price is unknown
--   is_recorded        BOOLEAN  the amount is the one that the call's own record names, as there is no price
--   is_wasted          BOOLEAN  of an attempt that failed or was repeated
--   outcome            VARCHAR  of the call; NULL for what no call caused
--   billing_rule       VARCHAR  by which the call was billed; NULL for what no call caused
--   note               VARCHAR  why there is no amount; NULL where there is one
-- Where the settings ask for it, a call to a provider of which some part has no amount is charged what its record says that
-- it cost, and nothing else. A record that says 0 says nothing: sources write it where they know no price.
WITH stored AS (
    SELECT
        storage_use.request_id,
        storage_use.storage,
        SUM(storage_use.reads) AS reads,
        SUM(storage_use.bytes) AS bytes
    FROM storage_use
    GROUP BY storage_use.request_id, storage_use.storage
),

used AS (
    SELECT
        calls.request_id,
        calls.call_id,
        'accelerator' AS component,
        calls.pool AS resource,
        call_share.share_s AS quantity,
        's' AS unit,
        pools.usd_per_replica_s AS usd_per_unit,
        TRUE AS is_billed,
        CASE
            WHEN pools.usd_per_replica_s IS NULL THEN '[pools.' || calls.pool || '] usd_per_replica_hour is not set'
            WHEN call_share.share_s IS NULL THEN 'the call was not timed'
        END AS note
    FROM calls
    INNER JOIN pools ON calls.pool = pools.pool
    LEFT JOIN call_share ON calls.call_id = call_share.call_id
    UNION ALL
    SELECT
        token_charge.request_id,
        token_charge.call_id,
        'api_tokens' AS component,
        token_charge.resource,
        CAST(token_charge.tokens AS DOUBLE) AS quantity,
        'tokens' AS unit,
        token_charge.usd_per_token AS usd_per_unit,
        token_charge.is_billed,
        token_charge.note
    FROM token_charge
    UNION ALL
    SELECT
        unit_charge.request_id,
        unit_charge.call_id,
        'api_units' AS component,
        unit_charge.resource,
        unit_charge.quantity,
        unit_charge.unit,
        unit_charge.usd_per_unit,
        unit_charge.is_billed,
        unit_charge.note
    FROM unit_charge
    UNION ALL
    SELECT
        stored.request_id,
        CAST(NULL AS BIGINT) AS call_id,
        'storage_reads' AS component,
        COALESCE(stored.storage, 'storage not configured') AS resource,
        CAST(stored.reads AS DOUBLE) AS quantity,
        'reads' AS unit,
        storages.usd_per_read AS usd_per_unit,
        TRUE AS is_billed,
        CASE
            WHEN stored.storage IS NULL THEN 'no [storage.NAME] matches the read'
            WHEN storages.usd_per_read IS NULL THEN '[storage.' || stored.storage || '] usd_per_1k_reads is not set'
        END AS note
    FROM stored
    LEFT JOIN storages ON stored.storage = storages.storage
    WHERE stored.reads IS NOT NULL
    UNION ALL
    SELECT
        stored.request_id,
        CAST(NULL AS BIGINT) AS call_id,
        'storage_bytes' AS component,
        stored.storage AS resource,
        CAST(stored.bytes AS DOUBLE) AS quantity,
        'bytes' AS unit,
        storages.usd_per_byte_egress AS usd_per_unit,
        TRUE AS is_billed,
        CAST(NULL AS VARCHAR) AS note
    FROM stored
    INNER JOIN storages ON stored.storage = storages.storage
    WHERE stored.bytes IS NOT NULL AND storages.usd_per_byte_egress IS NOT NULL
    UNION ALL
    SELECT
        network_transfer.request_id,
        CAST(NULL AS BIGINT) AS call_id,
        'egress' AS component,
        network_transfer.border || ': ' || network_transfer.path AS resource,
        CAST(network_transfer.bytes AS DOUBLE) AS quantity,
        'bytes' AS unit,
        settings.value AS usd_per_unit,
        TRUE AS is_billed,
        CASE
            WHEN settings.value IS NULL AND network_transfer.border = 'between zones'
                THEN '[network] usd_per_gb_between_zones is not set'
            WHEN settings.value IS NULL THEN '[network] usd_per_gb_between_regions is not set'
        END AS note
    FROM network_transfer
    LEFT JOIN settings
        ON settings.name = CASE
            WHEN network_transfer.border = 'between zones' THEN 'usd_per_byte_between_zones'
            ELSE 'usd_per_byte_between_regions'
        END
    UNION ALL
    SELECT
        tool_use.request_id,
        CAST(NULL AS BIGINT) AS call_id,
        CASE WHEN tool_use.is_retrieval THEN 'retrieval' ELSE 'tool' END AS component,
        tool_use.tool AS resource,
        CAST(tool_use.runs AS DOUBLE) AS quantity,
        'calls' AS unit,
        tools.usd_per_call AS usd_per_unit,
        TRUE AS is_billed,
        CAST(NULL AS VARCHAR) AS note
    FROM tool_use
    INNER JOIN tools ON tool_use.tool = tools.tool
    WHERE tools.usd_per_call IS NOT NULL
    UNION ALL
    SELECT
        tool_use.request_id,
        CAST(NULL AS BIGINT) AS call_id,
        'cpu' AS component,
        CASE WHEN tool_use.is_retrieval THEN tool_use.tool || ' searches' ELSE tool_use.tool END AS resource,
        tool_use.run_s AS quantity,
        's' AS unit,
        tools.usd_per_cpu_s AS usd_per_unit,
        TRUE AS is_billed,
        CASE WHEN tool_use.run_s IS NULL THEN 'a run was not timed' END AS note
    FROM tool_use
    INNER JOIN tools ON tool_use.tool = tools.tool
    WHERE tools.usd_per_cpu_s IS NOT NULL
    UNION ALL
    SELECT
        requests.request_id,
        CAST(NULL AS BIGINT) AS call_id,
        'egress' AS component,
        'internet' AS resource,
        CAST(requests.egress_bytes AS DOUBLE) AS quantity,
        'bytes' AS unit,
        settings.value AS usd_per_unit,
        TRUE AS is_billed,
        CASE WHEN settings.value IS NULL THEN 'internet_usd_per_gb_egress is not set' END AS note
    FROM requests
    LEFT JOIN settings ON settings.name = 'internet_usd_per_byte_egress'
    WHERE requests.egress_bytes IS NOT NULL
),

without_amount AS (
    SELECT used.call_id
    FROM used
    INNER JOIN settings ON settings.name = 'unpriced_is_recorded' AND settings.value = 1
    WHERE used.call_id IS NOT NULL AND used.is_billed AND used.note IS NOT NULL
    GROUP BY used.call_id
),

as_recorded AS (
    SELECT
        calls.request_id,
        calls.call_id,
        COALESCE(calls.provider, 'provider not observed') || '/' || COALESCE(calls.model, 'model not observed')
            || '/as recorded' AS resource,
        calls.recorded_usd
    FROM without_amount
    INNER JOIN calls ON without_amount.call_id = calls.call_id
    WHERE calls.pool IS NULL AND calls.recorded_usd > 0 AND calls.recorded_usd < 1e12
),

amounts AS (
    SELECT
        used.request_id,
        used.call_id,
        used.component,
        used.resource,
        used.quantity,
        used.unit,
        used.usd_per_unit,
        used.is_billed,
        FALSE AS is_recorded,
        used.note
    FROM used
    LEFT JOIN as_recorded ON used.call_id = as_recorded.call_id
    WHERE as_recorded.call_id IS NULL
    UNION ALL
    SELECT
        as_recorded.request_id,
        as_recorded.call_id,
        'api_tokens' AS component,
        as_recorded.resource,
        as_recorded.recorded_usd AS quantity,
        'USD' AS unit,
        1.0 AS usd_per_unit,
        TRUE AS is_billed,
        TRUE AS is_recorded,
        CAST(NULL AS VARCHAR) AS note
    FROM as_recorded
)

SELECT
    amounts.request_id,
    amounts.call_id,
    COALESCE(calls.tenant, request_tenant.tenant) AS tenant,
    amounts.component,
    amounts.resource,
    amounts.quantity,
    amounts.unit,
    amounts.usd_per_unit,
    CASE
        WHEN NOT amounts.is_billed THEN 0.0
        WHEN amounts.note IS NULL THEN amounts.quantity * amounts.usd_per_unit
    END AS usd,
    amounts.is_recorded,
    COALESCE(call_outcome.is_wasted, FALSE) AS is_wasted,
    call_outcome.outcome,
    call_outcome.billing_rule,
    amounts.note
FROM amounts
LEFT JOIN call_outcome ON amounts.call_id = call_outcome.call_id
LEFT JOIN calls ON amounts.call_id = calls.call_id
LEFT JOIN request_tenant ON amounts.request_id = request_tenant.request_id
