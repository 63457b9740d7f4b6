-- call_evidence: which facts model calls carry together, counted: what a diagnosis of the telemetry reads of them.
-- One row per pattern of facts that some call shows.
-- reads: calls, call_records, staged_spans, span_facts, token_prices, unit_prices, pools, charge
--   dialect               VARCHAR  of the record that counts; 'unnamed' where no mark of a dialect was seen
--   is_generation         BOOLEAN
--   is_answered           BOOLEAN  it did not fail
--   is_self_hosted        BOOLEAN  a configured pool takes it, or the server itself recorded it
--   is_from_caller        BOOLEAN  only who asked recorded it
--   is_whole              BOOLEAN  known to have been answered in one piece, not streamed
--   has_model             BOOLEAN
--   has_provider          BOOLEAN
--   is_timed              BOOLEAN
--   has_input_tokens      BOOLEAN
--   has_output_tokens     BOOLEAN
--   has_cached_tokens     BOOLEAN
--   has_max_tokens        BOOLEAN
--   has_stream_flag       BOOLEAN
--   has_ttft              BOOLEAN
--   has_queue             BOOLEAN
--   has_replica           BOOLEAN  of the one that answered; a caller's own instance is none
--   has_error_type        BOOLEAN
--   has_finish_reason     BOOLEAN
--   has_region            BOOLEAN
--   shows_attempts        BOOLEAN  a failed attempt that was retried would be visible
--   is_priced             BOOLEAN  its pool or its tokens have a price
--   has_tenant            BOOLEAN
--   calls                 BIGINT
--   model_ns              BIGINT   ns that the calls took; of those that are timed
--   input_tokens          BIGINT   tokens; sum of what is known
--   largest_input_tokens  BIGINT   tokens
--   output_tokens         BIGINT   tokens; sum of what is known
--   largest_output_tokens BIGINT   tokens
--   usd                   DOUBLE   USD of their charges that have an amount; NULL where none has
--   unpriced_charges      BIGINT   charges without an amount
-- Amounts are summed to a billionth of a dollar as decimals, so that their order is none of the sum's business.
WITH records AS (
    SELECT
        call_records.call_id,
        MAX(CAST(span_facts.is_from_server AS BIGINT)) AS is_from_server,
        MAX(CAST(span_facts.is_from_caller AS BIGINT)) AS is_from_caller,
        MAX(CAST(span_facts.has_error_type AS BIGINT)) AS has_error_type,
        MAX(CAST(span_facts.has_finish_reason AS BIGINT)) AS has_finish_reason,
        MAX(CAST(span_facts.has_region AS BIGINT)) AS has_region,
        MAX(CASE WHEN call_records.is_counted THEN call_records.dialect END) AS dialect
    FROM call_records
    INNER JOIN span_facts ON call_records.span_key = span_facts.span_key
    WHERE call_records.call_id IS NOT NULL
    GROUP BY call_records.call_id
),

tries AS (
    SELECT
        staged_spans.parent_key AS call_id,
        COUNT(staged_spans.span_key) AS tries
    FROM staged_spans
    WHERE staged_spans.stage = 'downstream' AND staged_spans.parent_key IS NOT NULL
    GROUP BY staged_spans.parent_key
),

priced AS (
    SELECT
        COALESCE(token_prices.provider, '') AS provider,
        token_prices.model,
        token_prices.day,
        token_prices.service_tier,
        token_prices.inference_geo
    FROM token_prices
    UNION ALL
    SELECT
        COALESCE(unit_prices.provider, '') AS provider,
        unit_prices.model,
        unit_prices.day,
        unit_prices.service_tier,
        unit_prices.inference_geo
    FROM unit_prices
),

priced_models AS (
    SELECT
        priced.provider,
        priced.model,
        priced.day,
        priced.service_tier,
        priced.inference_geo,
        COUNT(priced.model) AS prices
    FROM priced
    GROUP BY priced.provider, priced.model, priced.day, priced.service_tier, priced.inference_geo
),

charged AS (
    SELECT
        charge.call_id,
        SUM(CAST(charge.usd AS DECIMAL(38, 9))) AS usd,
        COUNT(charge.component) - COUNT(charge.usd) AS unpriced_charges
    FROM charge
    WHERE charge.call_id IS NOT NULL
    GROUP BY charge.call_id
),

patterns AS (
    SELECT
        COALESCE(records.dialect, 'unnamed') AS dialect,
        calls.is_generation,
        NOT calls.is_failed AS is_answered,
        calls.pool IS NOT NULL OR records.is_from_server = 1 AS is_self_hosted,
        records.is_from_caller = 1 AND records.is_from_server = 0 AS is_from_caller,
        COALESCE(NOT calls.is_stream, FALSE) AS is_whole,
        calls.model IS NOT NULL AS has_model,
        calls.provider IS NOT NULL AS has_provider,
        calls.start_ns IS NOT NULL AND calls.end_ns IS NOT NULL AS is_timed,
        calls.input_tokens IS NOT NULL AS has_input_tokens,
        calls.output_tokens IS NOT NULL AS has_output_tokens,
        calls.cached_input_tokens IS NOT NULL AS has_cached_tokens,
        calls.max_tokens IS NOT NULL AS has_max_tokens,
        calls.is_stream IS NOT NULL AS has_stream_flag,
        calls.ttft_s IS NOT NULL AS has_ttft,
        calls.queue_s IS NOT NULL AS has_queue,
        calls.is_replica_observed AND (records.is_from_server = 1 OR records.is_from_caller = 0) AS has_replica,
        records.has_error_type = 1 AS has_error_type,
        records.has_finish_reason = 1 AS has_finish_reason,
        records.has_region = 1 AS has_region,
        records.is_from_server = 1 OR tries.tries IS NOT NULL OR spans.attempt IS NOT NULL AS shows_attempts,
        pools.usd_per_replica_s IS NOT NULL OR calls.pool IS NULL AND priced_models.prices IS NOT NULL AS is_priced,
        calls.tenant IS NOT NULL AS has_tenant,
        calls.call_id,
        calls.end_ns - calls.start_ns AS duration_ns,
        calls.input_tokens,
        calls.output_tokens,
        charged.usd,
        charged.unpriced_charges
    FROM calls
    INNER JOIN records ON calls.call_id = records.call_id
    INNER JOIN staged_spans AS spans ON calls.call_id = spans.span_key
    LEFT JOIN tries ON calls.call_id = tries.call_id
    LEFT JOIN pools ON calls.pool = pools.pool
    LEFT JOIN charged ON calls.call_id = charged.call_id
    LEFT JOIN priced_models
        ON calls.model = priced_models.model AND calls.day = priced_models.day
        AND COALESCE(calls.provider, '') = priced_models.provider
        AND calls.service_tier = priced_models.service_tier
        AND calls.inference_geo = priced_models.inference_geo
)

SELECT
    patterns.dialect,
    patterns.is_generation,
    patterns.is_answered,
    patterns.is_self_hosted,
    patterns.is_from_caller,
    patterns.is_whole,
    patterns.has_model,
    patterns.has_provider,
    patterns.is_timed,
    patterns.has_input_tokens,
    patterns.has_output_tokens,
    patterns.has_cached_tokens,
    patterns.has_max_tokens,
    patterns.has_stream_flag,
    patterns.has_ttft,
    patterns.has_queue,
    patterns.has_replica,
    patterns.has_error_type,
    patterns.has_finish_reason,
    patterns.has_region,
    patterns.shows_attempts,
    patterns.is_priced,
    patterns.has_tenant,
    COUNT(patterns.call_id) AS calls,
    CAST(SUM(patterns.duration_ns) AS BIGINT) AS model_ns,
    CAST(SUM(patterns.input_tokens) AS BIGINT) AS input_tokens,
    MAX(patterns.input_tokens) AS largest_input_tokens,
    CAST(SUM(patterns.output_tokens) AS BIGINT) AS output_tokens,
    MAX(patterns.output_tokens) AS largest_output_tokens,
    CAST(SUM(patterns.usd) AS DOUBLE) AS usd,
    CAST(COALESCE(SUM(patterns.unpriced_charges), 0) AS BIGINT) AS unpriced_charges
FROM patterns
GROUP BY
    patterns.dialect,
    patterns.is_generation,
    patterns.is_answered,
    patterns.is_self_hosted,
    patterns.is_from_caller,
    patterns.is_whole,
    patterns.has_model,
    patterns.has_provider,
    patterns.is_timed,
    patterns.has_input_tokens,
    patterns.has_output_tokens,
    patterns.has_cached_tokens,
    patterns.has_max_tokens,
    patterns.has_stream_flag,
    patterns.has_ttft,
    patterns.has_queue,
    patterns.has_replica,
    patterns.has_error_type,
    patterns.has_finish_reason,
    patterns.has_region,
    patterns.shows_attempts,
    patterns.is_priced,
    patterns.has_tenant
