-- request_evidence: which facts requests carry together, counted: what a diagnosis of the telemetry reads of them.
-- One row per pattern of facts that some request shows.
-- reads: requests, staged_spans, span_facts, call_records, stage_time, charge
--   dialect                VARCHAR  of its model calls, else of any of its spans; 'unnamed' where there is no mark of one
--   is_fragment            BOOLEAN  what enclosed it was lost, while the beginning of its trace was exported
--   is_complete            BOOLEAN  it has several spans, all with an end, and none of its trace was lost between them
--   has_calls              BOOLEAN
--   is_success             BOOLEAN
--   has_entry              BOOLEAN  what received it was recorded, apart from the model call
--   is_served              BOOLEAN  its entry is the server side of a connection
--   is_generation          BOOLEAN
--   embeds_question        BOOLEAN  an embedding, and an answer
--   has_retrieval          BOOLEAN
--   is_on_calling_route    BOOLEAN  some request of its route makes model calls
--   is_explained           BOOLEAN  it makes calls, or says whether a cache had the answer
--   asks_cache             BOOLEAN
--   has_cache_outcome      BOOLEAN  it says whether the cache had the answer
--   reads_content          BOOLEAN  it generates, or reads documents
--   has_content_key        BOOLEAN
--   has_tenant             BOOLEAN  it has one, or each of its calls has
--   has_session            BOOLEAN
--   has_label              BOOLEAN
--   has_classification     BOOLEAN
--   has_egress             BOOLEAN
--   requests               BIGINT
--   duration_ms            BIGINT   ms, rounded down
--   named_ms               BIGINT   ms of it in which some span says what is done
--   usd                    DOUBLE   USD of their charges that have an amount; NULL where none has
--   unpriced_charges       BIGINT   charges without an amount
-- Amounts are summed to a billionth of a dollar as decimals, so that their order is none of the sum's business.
WITH traces AS (
    SELECT
        spans.trace_id,
        SUM(CASE WHEN span_facts.names_parent THEN 0 ELSE 1 END) AS beginnings,
        SUM(CASE WHEN span_facts.names_parent AND spans.parent_key IS NULL THEN 1 ELSE 0 END) AS torn
    FROM staged_spans AS spans
    INNER JOIN span_facts ON spans.span_key = span_facts.span_key
    GROUP BY spans.trace_id
),

own_spans AS (
    SELECT
        spans.request_id,
        MAX(CASE WHEN spans.is_first AND NOT span_facts.names_parent AND NOT spans.is_model_call THEN 1 ELSE 0 END)
            AS has_entry,
        MAX(CASE WHEN spans.is_first AND span_facts.is_from_server AND NOT spans.is_model_call THEN 1 ELSE 0 END)
            AS is_served,
        MIN(CASE WHEN spans.end_ns IS NOT NULL THEN 1 ELSE 0 END) AS is_timed,
        MAX(CASE WHEN spans.is_first AND span_facts.names_parent THEN 1 ELSE 0 END) AS names_parent,
        MAX(CASE WHEN spans.stage = 'cache' THEN 1 ELSE 0 END) AS has_cache,
        MAX(CASE WHEN span_facts.has_cache_outcome THEN 1 ELSE 0 END) AS has_cache_outcome,
        MAX(CASE WHEN span_facts.has_content_key THEN 1 ELSE 0 END) AS has_content_key,
        MIN(spans.dialect) AS dialect
    FROM staged_spans AS spans
    INNER JOIN span_facts ON spans.span_key = span_facts.span_key
    GROUP BY spans.request_id
),

own_calls AS (
    SELECT
        call_records.request_id,
        MIN(call_records.dialect) AS dialect
    FROM call_records
    WHERE call_records.is_counted
    GROUP BY call_records.request_id
),

own_time AS (
    SELECT
        stage_time.request_id,
        SUM(stage_time.self_ns) AS duration_ns,
        SUM(CASE WHEN stage_time.stage IN ('uninstrumented', 'other') THEN 0 ELSE stage_time.self_ns END) AS named_ns
    FROM stage_time
    GROUP BY stage_time.request_id
),

routes AS (
    SELECT
        requests.route,
        SUM(requests.calls) AS calls
    FROM requests
    WHERE requests.route IS NOT NULL
    GROUP BY requests.route
),

charged AS (
    SELECT
        charge.request_id,
        SUM(CAST(charge.usd AS DECIMAL(38, 9))) AS usd,
        COUNT(charge.component) - COUNT(charge.usd) AS unpriced_charges
    FROM charge
    GROUP BY charge.request_id
),

patterns AS (
    SELECT
        COALESCE(own_calls.dialect, own_spans.dialect, 'unnamed') AS dialect,
        own_spans.names_parent = 1 AND traces.beginnings > 0 AS is_fragment,
        own_spans.is_timed = 1 AND requests.spans > 1 AND (traces.torn = 0 OR traces.beginnings = 0) AS is_complete,
        requests.calls > 0 AS has_calls,
        requests.is_success,
        own_spans.has_entry = 1 AS has_entry,
        own_spans.is_served = 1 AS is_served,
        requests.generation_calls > 0 AS is_generation,
        requests.generation_calls > 0 AND requests.embedding_calls > 0 AS embeds_question,
        requests.retrievals > 0 AS has_retrieval,
        COALESCE(routes.calls > 0, FALSE) AS is_on_calling_route,
        requests.calls > 0 OR own_spans.has_cache_outcome = 1 AS is_explained,
        own_spans.has_cache = 1 AS asks_cache,
        own_spans.has_cache_outcome = 1 AS has_cache_outcome,
        requests.generation_calls > 0 OR requests.storage_reads IS NOT NULL AS reads_content,
        own_spans.has_content_key = 1 AS has_content_key,
        requests.tenant IS NOT NULL OR (requests.calls > 0 AND requests.calls_with_tenant = requests.calls)
            AS has_tenant,
        requests.session_id IS NOT NULL AS has_session,
        requests.workload IS NOT NULL AS has_label,
        requests.data_classification IS NOT NULL AS has_classification,
        requests.egress_bytes IS NOT NULL AS has_egress,
        requests.request_id,
        COALESCE(own_time.duration_ns, 0) AS duration_ns,
        COALESCE(own_time.named_ns, 0) AS named_ns,
        charged.usd,
        charged.unpriced_charges
    FROM requests
    INNER JOIN own_spans ON requests.request_id = own_spans.request_id
    INNER JOIN traces ON requests.trace_id = traces.trace_id
    LEFT JOIN own_calls ON requests.request_id = own_calls.request_id
    LEFT JOIN own_time ON requests.request_id = own_time.request_id
    LEFT JOIN routes ON requests.route = routes.route
    LEFT JOIN charged ON requests.request_id = charged.request_id
)

SELECT
    patterns.dialect,
    patterns.is_fragment,
    patterns.is_complete,
    patterns.has_calls,
    patterns.is_success,
    patterns.has_entry,
    patterns.is_served,
    patterns.is_generation,
    patterns.embeds_question,
    patterns.has_retrieval,
    patterns.is_on_calling_route,
    patterns.is_explained,
    patterns.asks_cache,
    patterns.has_cache_outcome,
    patterns.reads_content,
    patterns.has_content_key,
    patterns.has_tenant,
    patterns.has_session,
    patterns.has_label,
    patterns.has_classification,
    patterns.has_egress,
    COUNT(patterns.request_id) AS requests,
    CAST(FLOOR(CAST(SUM(patterns.duration_ns) AS DOUBLE) / 1e6) AS BIGINT) AS duration_ms,
    CAST(FLOOR(CAST(SUM(patterns.named_ns) AS DOUBLE) / 1e6) AS BIGINT) AS named_ms,
    CAST(SUM(patterns.usd) AS DOUBLE) AS usd,
    CAST(COALESCE(SUM(patterns.unpriced_charges), 0) AS BIGINT) AS unpriced_charges
FROM patterns
GROUP BY
    patterns.dialect,
    patterns.is_fragment,
    patterns.is_complete,
    patterns.has_calls,
    patterns.is_success,
    patterns.has_entry,
    patterns.is_served,
    patterns.is_generation,
    patterns.embeds_question,
    patterns.has_retrieval,
    patterns.is_on_calling_route,
    patterns.is_explained,
    patterns.asks_cache,
    patterns.has_cache_outcome,
    patterns.reads_content,
    patterns.has_content_key,
    patterns.has_tenant,
    patterns.has_session,
    patterns.has_label,
    patterns.has_classification,
    patterns.has_egress
