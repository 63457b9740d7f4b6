-- calls: each execution of a model, failed attempts included: what occupies an accelerator or bills tokens.
-- One row per execution.
-- reads: staged_spans, call_order, call_tenant, request_tenant
-- key: call_id
--   call_id              BIGINT   the span's key
--   request_id           BIGINT
--   operation            VARCHAR
--   provider             VARCHAR
--   model                VARCHAR  served, else requested
--   pool                 VARCHAR  NULL where no configured pool takes it
--   replica              VARCHAR  never NULL
--   is_replica_observed  BOOLEAN
--   day                  VARCHAR  UTC day of the start, YYYY-MM-DD
--   start_ns             BIGINT   ns UTC
--   busy_from_ns         BIGINT   ns UTC; when its queueing ended, as far as that is known
--   end_ns               BIGINT   ns UTC; NULL when not timed
--   duration_s           DOUBLE   s
--   queue_s              DOUBLE   s
--   ttft_s               DOUBLE   s from start
--   prefill_s            DOUBLE   s
--   decode_s             DOUBLE   s
--   input_tokens         BIGINT   tokens
--   cached_input_tokens  BIGINT   tokens
--   cache_write_tokens   BIGINT   tokens
--   uncached_tokens      BIGINT   tokens neither read from a cache nor written to one
--   output_tokens        BIGINT   tokens
--   reasoning_tokens     BIGINT   tokens
--   cache_write_1h_tokens BIGINT   tokens, of those written
--   input_audio_tokens   BIGINT   tokens, of the input, cached ones included
--   cached_audio_tokens  BIGINT   tokens, of the cached ones
--   output_audio_tokens  BIGINT   tokens, of the output
--   input_image_tokens   BIGINT   tokens, of the input, cached ones included
--   cached_image_tokens  BIGINT   tokens, of the cached ones
--   output_image_tokens  BIGINT   tokens, of the output
--   input_video_tokens   BIGINT   tokens, of the input, cached ones included
--   cached_video_tokens  BIGINT   tokens, of the cached ones
--   output_video_tokens  BIGINT   tokens, of the output
--   web_searches         BIGINT   searches of the web that the provider ran for it
--   file_searches        BIGINT   searches of stored files that the provider ran for it
--   code_runs            BIGINT   runs of code that the provider made for it
--   input_characters     BIGINT   characters, where it is sold by them
--   input_audio_s        DOUBLE   s of audio in, where it is sold by them
--   output_audio_s       DOUBLE   s of audio out, where it is sold by them
--   service_tier         VARCHAR  what it was sold as: default, batch, flex, priority, fast
--   inference_geo        VARCHAR  where inference is kept: global where nothing else is said
--   usage_conflict       VARCHAR  keys of counts that contradict each other, which are NULL; NULL where none do
--   has_unread_usage     BOOLEAN  a record of it has numbers under keys that look like usage and that nothing reads
--   recorded_usd         DOUBLE   USD that the source claims; to compare, never a price
--   tenant               VARCHAR  of the call, else of its request; NULL where neither names one
--   outcome              VARCHAR  success, or what kind of failure
--   max_tokens           BIGINT   tokens
--   batch_size           BIGINT
--   is_stream            BOOLEAN
--   is_failed            BOOLEAN
--   is_retried           BOOLEAN  failed, and followed by another call of its operation in the request
--   is_repeated          BOOLEAN  succeeded, and was made again all the same: its sibling is the next attempt
--   is_generation        BOOLEAN  neither embeddings nor rerank
--   after_call_id        BIGINT   the latest call of the request that had ended when this one started
--   think_s              DOUBLE   s from that end to this start
--   place                BIGINT   among the calls of its request, from 1, in the order of start
--   attempt              BIGINT   as its source counts the attempts, from 1; NULL where it does not
-- Where a call is recorded more than once, the innermost record counts, and what it does not say is taken from the others:
-- parts of the tokens only where the records do not contradict each other, so that no token is of two kinds. A part that
-- is known without its whole is all that is known of the whole. A record without an end takes its time from one that has.
WITH others AS (
    SELECT
        spans.leaf_call_id AS call_id,
        MAX(spans.provider) AS provider,
        MAX(spans.model) AS model,
        MAX(spans.pool) AS pool,
        MAX(CASE WHEN spans.is_replica_observed THEN spans.replica END) AS replica,
        MAX(spans.input_tokens) AS input_tokens,
        MAX(spans.cached_input_tokens) AS cached_input_tokens,
        MAX(spans.cache_write_tokens) AS cache_write_tokens,
        MAX(spans.output_tokens) AS output_tokens,
        MAX(spans.reasoning_tokens) AS reasoning_tokens,
        MAX(spans.cache_write_1h_tokens) AS cache_write_1h_tokens,
        MAX(spans.input_audio_tokens) AS input_audio_tokens,
        MAX(spans.cached_audio_tokens) AS cached_audio_tokens,
        MAX(spans.output_audio_tokens) AS output_audio_tokens,
        MAX(spans.input_image_tokens) AS input_image_tokens,
        MAX(spans.cached_image_tokens) AS cached_image_tokens,
        MAX(spans.output_image_tokens) AS output_image_tokens,
        MAX(spans.input_video_tokens) AS input_video_tokens,
        MAX(spans.cached_video_tokens) AS cached_video_tokens,
        MAX(spans.output_video_tokens) AS output_video_tokens,
        MAX(spans.web_searches) AS web_searches,
        MAX(spans.file_searches) AS file_searches,
        MAX(spans.code_runs) AS code_runs,
        MAX(spans.input_characters) AS input_characters,
        MAX(spans.input_audio_s) AS input_audio_s,
        MAX(spans.output_audio_s) AS output_audio_s,
        MAX(NULLIF(spans.inference_geo, 'global')) AS inference_geo,
        MAX(NULLIF(spans.service_tier, 'default')) AS service_tier,
        MAX(spans.usage_conflict) AS usage_conflict,
        MAX(CAST(spans.has_unread_usage AS BIGINT)) AS has_unread_usage,
        MAX(spans.recorded_usd) AS recorded_usd,
        MIN(CASE WHEN spans.end_ns IS NOT NULL THEN spans.start_ns END) AS start_ns,
        MAX(spans.end_ns) AS end_ns,
        MAX(CASE WHEN spans.end_ns IS NOT NULL THEN spans.ttft_s END) AS ttft_s,
        MAX(NULLIF(NULLIF(spans.outcome, 'failed'), 'success')) AS outcome,
        MAX(spans.max_tokens) AS max_tokens,
        MAX(CAST(spans.is_stream AS BIGINT)) AS is_stream
    FROM staged_spans AS spans
    WHERE spans.leaf_calls = 1
    GROUP BY spans.leaf_call_id
),

timed AS (
    SELECT
        spans.span_key AS call_id,
        COALESCE(others.start_ns, spans.start_ns) AS start_ns,
        others.end_ns,
        COALESCE(others.ttft_s, spans.ttft_s) AS ttft_s
    FROM staged_spans AS spans
    INNER JOIN others ON spans.span_key = others.call_id
    WHERE spans.is_leaf_model_call AND spans.end_ns IS NULL AND others.end_ns IS NOT NULL
),

numbered AS (
    SELECT
        spans.span_key AS call_id,
        LEAD(spans.attempt) OVER (
            PARTITION BY spans.request_id, spans.parent_key, spans.operation
            ORDER BY spans.start_ns, spans.span_key
        ) AS next_attempt
    FROM staged_spans AS spans
    WHERE spans.is_leaf_model_call AND spans.attempt IS NOT NULL
),

leaves AS (
    SELECT
        spans.span_key AS call_id,
        spans.request_id,
        spans.operation,
        COALESCE(spans.provider, others.provider) AS provider,
        COALESCE(spans.model, others.model) AS model,
        COALESCE(spans.pool, others.pool) AS pool,
        CASE
            WHEN spans.is_replica_observed OR others.replica IS NULL THEN spans.replica
            ELSE others.replica
        END AS replica,
        spans.is_replica_observed OR others.replica IS NOT NULL AS is_replica_observed,
        spans.day,
        COALESCE(timed.start_ns, spans.start_ns) AS start_ns,
        COALESCE(timed.end_ns, spans.end_ns) AS end_ns,
        spans.queue_s,
        COALESCE(timed.ttft_s, spans.ttft_s) AS ttft_s,
        spans.prefill_s,
        spans.decode_s,
        COALESCE(spans.input_tokens, others.input_tokens) AS input_tokens,
        COALESCE(
            spans.cached_input_tokens,
            cache.cached_input_tokens,
            CASE
                WHEN
                    COALESCE(spans.cached_audio_tokens, parts.cached_audio_tokens, spans.cached_image_tokens) IS NOT NULL
                    OR COALESCE(parts.cached_image_tokens, spans.cached_video_tokens, parts.cached_video_tokens) IS NOT NULL
                    THEN COALESCE(spans.cached_audio_tokens, parts.cached_audio_tokens, 0)
                    + COALESCE(spans.cached_image_tokens, parts.cached_image_tokens, 0)
                    + COALESCE(spans.cached_video_tokens, parts.cached_video_tokens, 0)
            END
        ) AS cached_input_tokens,
        COALESCE(
            spans.cache_write_tokens, cache.cache_write_tokens, spans.cache_write_1h_tokens, cache.cache_write_1h_tokens
        ) AS cache_write_tokens,
        COALESCE(spans.cache_write_1h_tokens, cache.cache_write_1h_tokens) AS cache_write_1h_tokens,
        COALESCE(
            spans.input_audio_tokens, parts.input_audio_tokens, spans.cached_audio_tokens, parts.cached_audio_tokens
        ) AS input_audio_tokens,
        COALESCE(spans.cached_audio_tokens, parts.cached_audio_tokens) AS cached_audio_tokens,
        COALESCE(
            spans.input_image_tokens, parts.input_image_tokens, spans.cached_image_tokens, parts.cached_image_tokens
        ) AS input_image_tokens,
        COALESCE(spans.cached_image_tokens, parts.cached_image_tokens) AS cached_image_tokens,
        COALESCE(
            spans.input_video_tokens, parts.input_video_tokens, spans.cached_video_tokens, parts.cached_video_tokens
        ) AS input_video_tokens,
        COALESCE(spans.cached_video_tokens, parts.cached_video_tokens) AS cached_video_tokens,
        COALESCE(spans.output_tokens, others.output_tokens) AS output_tokens,
        COALESCE(spans.reasoning_tokens, written.reasoning_tokens) AS reasoning_tokens,
        COALESCE(spans.output_audio_tokens, written.output_audio_tokens) AS output_audio_tokens,
        COALESCE(spans.output_image_tokens, written.output_image_tokens) AS output_image_tokens,
        COALESCE(spans.output_video_tokens, written.output_video_tokens) AS output_video_tokens,
        COALESCE(spans.web_searches, others.web_searches) AS web_searches,
        COALESCE(spans.file_searches, others.file_searches) AS file_searches,
        COALESCE(spans.code_runs, others.code_runs) AS code_runs,
        COALESCE(spans.input_characters, others.input_characters) AS input_characters,
        COALESCE(spans.input_audio_s, others.input_audio_s) AS input_audio_s,
        COALESCE(spans.output_audio_s, others.output_audio_s) AS output_audio_s,
        COALESCE(NULLIF(spans.service_tier, 'default'), others.service_tier, 'default') AS service_tier,
        COALESCE(NULLIF(spans.inference_geo, 'global'), others.inference_geo, 'global') AS inference_geo,
        COALESCE(spans.usage_conflict, others.usage_conflict) AS usage_conflict,
        spans.has_unread_usage OR COALESCE(others.has_unread_usage, 0) = 1 AS has_unread_usage,
        COALESCE(NULLIF(spans.recorded_usd, 0), others.recorded_usd, spans.recorded_usd) AS recorded_usd,
        CASE
            WHEN spans.is_failed THEN COALESCE(NULLIF(spans.outcome, 'failed'), others.outcome, 'failed')
            ELSE COALESCE(spans.outcome, 'success')
        END AS outcome,
        NOT spans.is_failed AND COALESCE(numbered.next_attempt = spans.attempt + 1, FALSE) AS is_repeated,
        COALESCE(spans.max_tokens, others.max_tokens) AS max_tokens,
        spans.batch_size,
        spans.attempt,
        COALESCE(spans.is_stream, CAST(others.is_stream AS BOOLEAN)) AS is_stream,
        spans.is_failed,
        CASE
            WHEN timed.end_ns IS NOT NULL THEN timed.start_ns
            WHEN spans.end_ns IS NULL THEN CAST(NULL AS BIGINT)
            WHEN spans.queue_s IS NULL OR spans.queue_s < 0 THEN spans.start_ns
            WHEN spans.start_ns + CAST(FLOOR(spans.queue_s * 1e9 + 0.5) AS BIGINT) > spans.end_ns THEN spans.end_ns
            ELSE spans.start_ns + CAST(FLOOR(spans.queue_s * 1e9 + 0.5) AS BIGINT)
        END AS busy_from_ns
    FROM staged_spans AS spans
    LEFT JOIN others ON spans.span_key = others.call_id
    LEFT JOIN timed ON spans.span_key = timed.call_id
    LEFT JOIN others AS cache
        ON spans.span_key = cache.call_id
        AND COALESCE(spans.input_tokens, cache.input_tokens) = cache.input_tokens
        AND COALESCE(spans.cached_input_tokens, cache.cached_input_tokens, 0) = COALESCE(cache.cached_input_tokens, 0)
        AND COALESCE(spans.cache_write_tokens, cache.cache_write_tokens, 0) = COALESCE(cache.cache_write_tokens, 0)
    LEFT JOIN others AS parts
        ON spans.span_key = parts.call_id
        AND COALESCE(spans.input_tokens, parts.input_tokens) = parts.input_tokens
        AND COALESCE(spans.input_audio_tokens, parts.input_audio_tokens, 0) = COALESCE(parts.input_audio_tokens, 0)
        AND COALESCE(spans.input_image_tokens, parts.input_image_tokens, 0) = COALESCE(parts.input_image_tokens, 0)
        AND COALESCE(spans.input_video_tokens, parts.input_video_tokens, 0) = COALESCE(parts.input_video_tokens, 0)
    LEFT JOIN others AS written
        ON spans.span_key = written.call_id
        AND COALESCE(spans.output_tokens, written.output_tokens) = written.output_tokens
    LEFT JOIN numbered ON spans.span_key = numbered.call_id
    WHERE spans.is_leaf_model_call
)

SELECT
    leaves.call_id,
    leaves.request_id,
    leaves.operation,
    leaves.provider,
    leaves.model,
    leaves.pool,
    leaves.replica,
    leaves.is_replica_observed,
    leaves.day,
    leaves.start_ns,
    leaves.busy_from_ns,
    leaves.end_ns,
    CAST(leaves.end_ns - leaves.start_ns AS DOUBLE) / 1e9 AS duration_s,
    leaves.queue_s,
    leaves.ttft_s,
    leaves.prefill_s,
    leaves.decode_s,
    leaves.input_tokens,
    leaves.cached_input_tokens,
    leaves.cache_write_tokens,
    leaves.input_tokens - COALESCE(leaves.cached_input_tokens, 0) - COALESCE(leaves.cache_write_tokens, 0)
        AS uncached_tokens,
    leaves.output_tokens,
    leaves.reasoning_tokens,
    leaves.cache_write_1h_tokens,
    leaves.input_audio_tokens,
    leaves.cached_audio_tokens,
    leaves.output_audio_tokens,
    leaves.input_image_tokens,
    leaves.cached_image_tokens,
    leaves.output_image_tokens,
    leaves.input_video_tokens,
    leaves.cached_video_tokens,
    leaves.output_video_tokens,
    leaves.web_searches,
    leaves.file_searches,
    leaves.code_runs,
    leaves.input_characters,
    leaves.input_audio_s,
    leaves.output_audio_s,
    leaves.service_tier,
    leaves.inference_geo,
    leaves.usage_conflict,
    leaves.has_unread_usage,
    leaves.recorded_usd,
    COALESCE(call_tenant.tenant, request_tenant.tenant) AS tenant,
    leaves.outcome,
    leaves.max_tokens,
    leaves.batch_size,
    leaves.is_stream,
    leaves.is_failed,
    leaves.is_failed AND call_order.is_followed AS is_retried,
    leaves.is_repeated,
    COALESCE(leaves.operation NOT IN ('embeddings', 'rerank'), TRUE) AS is_generation,
    call_order.after_call_id,
    CAST(leaves.start_ns - call_order.after_end_ns AS DOUBLE) / 1e9 AS think_s,
    call_order.place,
    leaves.attempt
FROM leaves
INNER JOIN call_order ON leaves.call_id = call_order.call_id
LEFT JOIN call_tenant ON leaves.call_id = call_tenant.call_id
LEFT JOIN request_tenant ON leaves.request_id = request_tenant.request_id
