-- admission_shape: what a gateway sees of a request when it arrives, before anything has run.
-- One row per request.
-- reads: request_shape, calls, staged_spans, call_records, declared_tools
-- key: request_id
--   request_id           BIGINT
--   route                VARCHAR  the entry's name
--   model                VARCHAR  requested by the first call; else of the entry
--   operation            VARCHAR  of the first call
--   prompt_tokens        BIGINT   tokens of the first call's prompt; NULL where they were not counted, or counted as 0
--   max_tokens           BIGINT   tokens; the first call's limit, NULL where it has none
--   is_stream            BOOLEAN  of the first call
--   has_tools            BOOLEAN  the first call declares tools
--   tenant               VARCHAR
--   data_classification  VARCHAR
--   workload             VARCHAR  explicit class label
-- What later calls ask for is not known yet: the first one stands for the request. The model that was served, and the
-- prompt tokens of all calls together, are known only afterwards.
WITH tool_calls AS (
    SELECT
        call_records.call_id,
        COUNT(declared_tools.span_key) AS records
    FROM call_records
    INNER JOIN declared_tools ON call_records.span_key = declared_tools.span_key
    GROUP BY call_records.call_id
)

SELECT
    request_shape.request_id,
    request_shape.route,
    COALESCE(first_span.model_requested, request_shape.model_requested) AS model,
    first_call.operation,
    NULLIF(first_call.input_tokens, 0) AS prompt_tokens,
    first_call.max_tokens,
    first_call.is_stream,
    COALESCE(tool_calls.records, 0) > 0 AS has_tools,
    request_shape.tenant,
    request_shape.data_classification,
    request_shape.workload
FROM request_shape
LEFT JOIN calls AS first_call ON request_shape.request_id = first_call.request_id AND first_call.place = 1
LEFT JOIN staged_spans AS first_span ON first_call.call_id = first_span.span_key
LEFT JOIN tool_calls ON first_call.call_id = tool_calls.call_id
