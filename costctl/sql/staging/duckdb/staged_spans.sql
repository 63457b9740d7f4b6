-- staged_spans: the stored spans as the relations want them: keyed, with pool, storage and what kind of work each is.
-- One row per span of a request that started within the observation window.
-- reads: spans, span_tree, span_pool, span_outcome, span_storage
-- kept as: view
--   span_key             BIGINT
--   request_id           BIGINT
--   parent_key           BIGINT   NULL for an entry; of a second record of a call, the first
--   depth                BIGINT   0 for an entry
--   is_first             BOOLEAN  the entry that its request is known by
--   is_leaf_model_call   BOOLEAN  the record of a model call that counts
--   leaf_calls           BIGINT   calls below a model call that wraps others
--   leaf_call_id         BIGINT   the first of them
--   trace_id             VARCHAR
--   name                 VARCHAR
--   start_ns             BIGINT   ns UTC
--   end_ns               BIGINT   ns UTC; NULL when only the arrival was recorded
--   day                  VARCHAR  UTC day of the start, YYYY-MM-DD, by which tokens are priced
--   hour_utc             BIGINT   UTC hour of the start, 0 to 23
--   service              VARCHAR
--   replica              VARCHAR  never NULL; stands for the whole pool where the source names no replica
--   is_replica_observed  BOOLEAN
--   pool                 VARCHAR  NULL where no configured pool takes the call
--   storage              VARCHAR  NULL where no configured storage takes the read
--   region               VARCHAR
--   zone                 VARCHAR
--   stage                VARCHAR  never NULL; model_call is a generation without a time to first token
--   operation            VARCHAR
--   is_model_call        BOOLEAN
--   is_tool              BOOLEAN
--   is_agent             BOOLEAN
--   is_retrieval         BOOLEAN
--   is_failed            BOOLEAN
--   error_type           VARCHAR  as the source says it, else its HTTP status; NULL where the span did not fail
--   provider             VARCHAR
--   model                VARCHAR  served, else requested
--   model_requested      VARCHAR
--   input_tokens         BIGINT   tokens
--   cached_input_tokens  BIGINT   tokens
--   cache_write_tokens   BIGINT   tokens
--   output_tokens        BIGINT   tokens
--   reasoning_tokens     BIGINT   tokens
--   cache_write_1h_tokens BIGINT   tokens, of those written
--   input_audio_tokens   BIGINT   tokens, of the input
--   cached_audio_tokens  BIGINT   tokens, of the cached ones
--   output_audio_tokens  BIGINT   tokens, of the output
--   input_image_tokens   BIGINT   tokens, of the input
--   cached_image_tokens  BIGINT   tokens, of the cached ones
--   output_image_tokens  BIGINT   tokens, of the output
--   input_video_tokens   BIGINT   tokens, of the input
--   cached_video_tokens  BIGINT   tokens, of the cached ones
--   output_video_tokens  BIGINT   tokens, of the output
--   web_searches         BIGINT   that the provider ran for the call
--   file_searches        BIGINT   that the provider ran for the call
--   code_runs            BIGINT   that the provider made for the call
--   input_characters     BIGINT   of calls that are sold by them
--   input_audio_s        DOUBLE   s of sound, of calls that are sold by them
--   output_audio_s       DOUBLE   s of sound, of calls that are sold by them
--   service_tier         VARCHAR  what it was sold as: default where nothing else is said
--   inference_geo        VARCHAR  where inference is kept: global where nothing else is said
--   usage_conflict       VARCHAR  keys of counts that contradict each other; NULL where none do
--   has_unread_usage     BOOLEAN  it has numbers under keys that look like usage and that nothing reads
--   has_unread_cache     BOOLEAN  one of those keys speaks of a cache
--   recorded_usd         DOUBLE   USD that the source claims
--   outcome              VARCHAR  of a model call: success, or what kind of failure; NULL for other spans
--   max_tokens           BIGINT   tokens
--   is_stream            BOOLEAN
--   queue_s              DOUBLE   s
--   ttft_s               DOUBLE   s from start
--   prefill_s            DOUBLE   s
--   decode_s             DOUBLE   s
--   batch_size           BIGINT
--   attempt              BIGINT
--   documents            BIGINT
--   cache_hit            BOOLEAN  of a look-up in a cache
--   storage_reads        BIGINT
--   storage_bytes        BIGINT   bytes
--   egress_bytes         BIGINT   bytes
--   session_id           VARCHAR
--   tenant               VARCHAR
--   workload             VARCHAR
--   data_classification  VARCHAR
--   dialect              VARCHAR  of the span's attributes
--   instrumentation      VARCHAR  the scope that recorded it
-- An answer that succeeded with no token in and none out is how some gateways write that they do not know: such counts
-- are not observed.
SELECT
    span_tree.span_key,
    span_tree.request_id,
    span_tree.parent_key,
    span_tree.depth,
    span_tree.is_first,
    span_tree.is_leaf_model_call,
    span_tree.leaf_calls,
    span_tree.leaf_call_id,
    spans.trace_id,
    spans.name,
    spans.start_ns,
    CASE WHEN spans.end_ns < spans.start_ns THEN spans.start_ns ELSE spans.end_ns END AS end_ns,
    STRFTIME(MAKE_TIMESTAMP(spans.start_ns // 1000), '%Y-%m-%d') AS day,
    CAST((spans.start_ns // 3600000000000) % 24 AS BIGINT) AS hour_utc,
    spans.service,
    COALESCE(
        spans.replica_id,
        'not observed in ' || COALESCE(span_pool.pool, spans.service, spans.provider, 'any pool')
    ) AS replica,
    spans.replica_id IS NOT NULL AS is_replica_observed,
    span_pool.pool,
    span_storage.storage,
    spans.region,
    spans.zone,
    CASE
        WHEN spans.stage = 'decode' AND spans.is_model_call AND COALESCE(spans.ttft_s < 0, TRUE) THEN 'model_call'
        ELSE COALESCE(spans.stage, 'other')
    END AS stage,
    spans.operation,
    COALESCE(spans.is_model_call, FALSE) AS is_model_call,
    COALESCE(spans.operation = 'execute_tool', FALSE) AS is_tool,
    COALESCE(spans.operation IN ('invoke_agent', 'create_agent'), FALSE) AS is_agent,
    COALESCE(spans.operation = 'retrieval', FALSE) AS is_retrieval,
    COALESCE(spans.status = 'error', FALSE) OR spans.error_type IS NOT NULL OR COALESCE(spans.http_status >= 400, FALSE)
        AS is_failed,
    CASE
        WHEN spans.error_type IS NOT NULL THEN spans.error_type
        WHEN spans.http_status >= 400 THEN 'HTTP ' || CAST(spans.http_status AS VARCHAR)
        WHEN spans.status = 'error' THEN 'unspecified error'
    END AS error_type,
    spans.provider,
    COALESCE(spans.model_served, spans.model_requested) AS model,
    spans.model_requested,
    CASE WHEN spans.input_tokens > 0 OR spans.output_tokens > 0 OR is_failed THEN spans.input_tokens END AS input_tokens,
    spans.cached_input_tokens,
    spans.cache_write_tokens,
    CASE WHEN spans.input_tokens > 0 OR spans.output_tokens > 0 OR is_failed THEN spans.output_tokens END
        AS output_tokens,
    spans.reasoning_tokens,
    spans.cache_write_1h_tokens,
    spans.input_audio_tokens,
    spans.cached_audio_tokens,
    spans.output_audio_tokens,
    spans.input_image_tokens,
    spans.cached_image_tokens,
    spans.output_image_tokens,
    spans.input_video_tokens,
    spans.cached_video_tokens,
    spans.output_video_tokens,
    spans.web_searches,
    spans.file_searches,
    spans.code_runs,
    spans.input_characters,
    spans.input_audio_s,
    spans.output_audio_s,
    CASE
        WHEN LOWER(spans.service_tier) IN ('standard', 'auto', 'on_demand', 'standard_only') THEN 'default'
        ELSE COALESCE(LOWER(spans.service_tier), 'default')
    END AS service_tier,
    CASE
        WHEN LOWER(spans.inference_geo) IN ('', 'not_available', 'none', 'default') THEN 'global'
        ELSE COALESCE(LOWER(spans.inference_geo), 'global')
    END AS inference_geo,
    spans.usage_conflict,
    COALESCE(
        LIST_BOOL_OR(LIST_TRANSFORM(
            spans.unread_usage, lambda key: NOT REGEXP_MATCHES(LOWER(key), 'cost|price|usd')
        )),
        FALSE
    ) AS has_unread_usage,
    COALESCE(
        LIST_BOOL_OR(LIST_TRANSFORM(spans.unread_usage, lambda key: REGEXP_MATCHES(LOWER(key), 'cache'))), FALSE
    ) AS has_unread_cache,
    spans.recorded_usd,
    span_outcome.outcome,
    spans.max_tokens,
    spans.is_stream,
    spans.queue_s,
    spans.ttft_s,
    spans.prefill_s,
    spans.decode_s,
    spans.batch_size,
    spans.attempt,
    spans.documents,
    spans.cache_hit,
    spans.storage_reads,
    spans.storage_bytes,
    spans.egress_bytes,
    spans.session_id,
    spans.tenant,
    spans.workload,
    spans.data_classification,
    spans.dialect,
    spans.instrumentation
FROM spans
INNER JOIN span_tree ON spans.store_key = span_tree.store_key
LEFT JOIN span_pool ON spans.store_key = span_pool.store_key
LEFT JOIN span_outcome ON spans.store_key = span_outcome.store_key
LEFT JOIN span_storage ON spans.store_key = span_storage.store_key
