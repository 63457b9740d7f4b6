-- request_shape: what a request looks like; the rules that sort requests into classes read this and nothing else.
-- One row per request.
-- reads: requests
-- kept as: view
--   request_id        BIGINT
--   operation         VARCHAR  known at admission, like the next nine
--   model_requested   VARCHAR
--   route             VARCHAR
--   tenant            VARCHAR
--   workload          VARCHAR
--   data_classification VARCHAR
--   prompt_tokens     BIGINT   tokens
--   max_tokens        BIGINT   tokens
--   is_stream         BOOLEAN
--   hour_utc          BIGINT   0 to 23
--   output_tokens     BIGINT   tokens; known only afterwards, like the rest
--   generation_calls  BIGINT
--   embedding_calls   BIGINT
--   retrievals        BIGINT
--   documents         BIGINT
--   tools             BIGINT
--   agents            BIGINT
--   duration_s        DOUBLE   s
SELECT
    requests.request_id,
    requests.operation,
    requests.model_requested,
    requests.route,
    requests.tenant,
    requests.workload,
    requests.data_classification,
    requests.prompt_tokens,
    requests.max_tokens,
    requests.is_stream,
    requests.hour_utc,
    requests.output_tokens,
    requests.generation_calls,
    requests.embedding_calls,
    requests.retrievals,
    requests.documents,
    requests.tools,
    requests.agents,
    requests.duration_s
FROM requests
