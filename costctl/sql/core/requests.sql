-- requests: each logical request: what a caller asked for, waited for and got.
-- One row per request that started within the observation window.
-- reads: staged_spans, calls, request_counts, request_tenant
-- key: request_id
--   request_id           BIGINT   numbered in the order of start
--   trace_id             VARCHAR
--   route                VARCHAR  the entry's name
--   service              VARCHAR  the entry's service
--   start_ns             BIGINT   ns UTC
--   end_ns               BIGINT   ns UTC; NULL when not timed
--   duration_s           DOUBLE   s
--   hour_utc             BIGINT   0 to 23
--   is_success           BOOLEAN  the entry did not fail, and not every call did
--   attempts             BIGINT   1 and the calls that were made again
--   spans                BIGINT
--   calls                BIGINT
--   failed_calls         BIGINT
--   generation_calls     BIGINT   calls that neither embed nor rerank, those made again left out
--   embedding_calls      BIGINT   likewise, embeddings
--   retrievals           BIGINT
--   tools                BIGINT
--   agents               BIGINT
--   documents            BIGINT   NULL where none were reported
--   prompt_tokens        BIGINT   tokens; input of the calls that were not made again
--   input_tokens         BIGINT   tokens of all calls; NULL where none reported them
--   cached_input_tokens  BIGINT   tokens
--   output_tokens        BIGINT   tokens
--   ttft_s               DOUBLE   s from the start to the first token of the last generation that succeeded
--   operation            VARCHAR  of the first call
--   model_requested      VARCHAR  of the entry, else of the first call
--   max_tokens           BIGINT   largest of its spans
--   is_stream            BOOLEAN
--   tenant               VARCHAR  the entry's, for all but calls that name another; NULL where it names none
--   calls_with_tenant    BIGINT
--   session_id           VARCHAR
--   workload             VARCHAR  explicit class label
--   data_classification  VARCHAR
--   storage_reads        BIGINT
--   storage_bytes        BIGINT   bytes
--   egress_bytes         BIGINT   bytes
WITH request_amounts AS (
    SELECT
        spans.request_id,
        SUM(spans.documents) AS documents,
        MAX(spans.max_tokens) AS max_tokens,
        MAX(CAST(spans.is_stream AS BIGINT)) AS is_stream,
        SUM(spans.storage_reads) AS storage_reads,
        SUM(spans.storage_bytes) AS storage_bytes,
        SUM(spans.egress_bytes) AS egress_bytes
    FROM staged_spans AS spans
    WHERE
        spans.is_stream IS NOT NULL
        OR COALESCE(
            spans.documents, spans.max_tokens, spans.storage_reads, spans.storage_bytes, spans.egress_bytes
        ) IS NOT NULL
    GROUP BY spans.request_id
),

request_labels AS (
    SELECT
        spans.request_id,
        MIN(spans.session_id) AS session_id,
        MIN(spans.workload) AS workload,
        MIN(spans.data_classification) AS data_classification
    FROM staged_spans AS spans
    WHERE COALESCE(spans.session_id, spans.workload, spans.data_classification) IS NOT NULL
    GROUP BY spans.request_id
),

request_calls AS (
    SELECT
        calls.request_id,
        COUNT(calls.call_id) AS calls,
        COUNT(calls.tenant) AS calls_with_tenant,
        SUM(CAST(calls.is_failed AS BIGINT)) AS failed_calls,
        SUM(CAST(calls.is_retried AS BIGINT)) AS retried_calls,
        SUM(CASE WHEN calls.is_generation AND NOT calls.is_retried THEN 1 ELSE 0 END) AS generation_calls,
        SUM(CASE WHEN calls.operation = 'embeddings' AND NOT calls.is_retried THEN 1 ELSE 0 END) AS embedding_calls,
        SUM(CASE WHEN NOT calls.is_retried THEN calls.input_tokens END) AS prompt_tokens,
        SUM(calls.input_tokens) AS input_tokens,
        SUM(calls.cached_input_tokens) AS cached_input_tokens,
        SUM(calls.output_tokens) AS output_tokens,
        MAX(CASE WHEN calls.place = 1 THEN calls.operation END) AS first_operation,
        MAX(CASE WHEN calls.place = 1 THEN calls.model END) AS first_model,
        MAX(
            CASE WHEN calls.is_generation AND NOT calls.is_failed AND calls.ttft_s IS NOT NULL THEN calls.call_id END
        ) AS answer_id
    FROM calls
    GROUP BY calls.request_id
)

SELECT
    request_counts.request_id,
    entry.trace_id,
    entry.name AS route,
    entry.service,
    request_counts.start_ns,
    request_counts.end_ns,
    CAST(request_counts.end_ns - request_counts.start_ns AS DOUBLE) / 1e9 AS duration_s,
    entry.hour_utc,
    NOT request_counts.has_failed
        AND (request_calls.calls IS NULL OR request_calls.failed_calls < request_calls.calls) AS is_success,
    1 + COALESCE(CAST(request_calls.retried_calls AS BIGINT), 0) AS attempts,
    request_counts.spans,
    COALESCE(CAST(request_calls.calls AS BIGINT), 0) AS calls,
    COALESCE(CAST(request_calls.failed_calls AS BIGINT), 0) AS failed_calls,
    COALESCE(CAST(request_calls.generation_calls AS BIGINT), 0) AS generation_calls,
    COALESCE(CAST(request_calls.embedding_calls AS BIGINT), 0) AS embedding_calls,
    request_counts.retrievals,
    request_counts.tools,
    request_counts.agents,
    CAST(request_amounts.documents AS BIGINT) AS documents,
    CAST(request_calls.prompt_tokens AS BIGINT) AS prompt_tokens,
    CAST(request_calls.input_tokens AS BIGINT) AS input_tokens,
    CAST(request_calls.cached_input_tokens AS BIGINT) AS cached_input_tokens,
    CAST(request_calls.output_tokens AS BIGINT) AS output_tokens,
    CAST(answer.start_ns - request_counts.start_ns AS DOUBLE) / 1e9 + answer.ttft_s AS ttft_s,
    request_calls.first_operation AS operation,
    COALESCE(entry.model_requested, request_calls.first_model) AS model_requested,
    request_amounts.max_tokens,
    CAST(request_amounts.is_stream AS BOOLEAN) AS is_stream,
    request_tenant.tenant,
    COALESCE(CAST(request_calls.calls_with_tenant AS BIGINT), 0) AS calls_with_tenant,
    request_labels.session_id,
    request_labels.workload,
    request_labels.data_classification,
    CAST(request_amounts.storage_reads AS BIGINT) AS storage_reads,
    CAST(request_amounts.storage_bytes AS BIGINT) AS storage_bytes,
    CAST(request_amounts.egress_bytes AS BIGINT) AS egress_bytes
FROM request_counts
INNER JOIN staged_spans AS entry ON request_counts.request_id = entry.request_id AND entry.is_first
LEFT JOIN request_amounts ON request_counts.request_id = request_amounts.request_id
LEFT JOIN request_labels ON request_counts.request_id = request_labels.request_id
LEFT JOIN request_tenant ON request_counts.request_id = request_tenant.request_id
LEFT JOIN request_calls ON request_counts.request_id = request_calls.request_id
LEFT JOIN calls AS answer ON request_calls.answer_id = answer.call_id
