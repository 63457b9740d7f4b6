-- sessions: what the requests of one conversation did together, and what they cost.
-- One row per session id.
-- reads: requests, request_steps, request_usd
-- key: session_id
--   session_id        VARCHAR
--   requests          BIGINT
--   failed            BIGINT   requests that did not succeed
--   is_completed      BOOLEAN  its last request succeeded
--   start_ns          BIGINT   ns UTC of the first start
--   end_ns            BIGINT   ns UTC of the last end; NULL where none was timed
--   span_s            DOUBLE   s from the first start to the last end, pauses between requests included
--   calls             BIGINT   model calls, those made again included
--   tool_runs         BIGINT
--   steps             BIGINT   model calls, those made again left out, and tool runs
--   looping           BIGINT   requests that went round in circles
--   input_tokens      BIGINT   tokens; NULL where none were reported
--   output_tokens     BIGINT   tokens; NULL where none were reported
--   usd               DOUBLE   USD of all that is priced; NULL where nothing is
--   unpriced_charges  BIGINT
WITH placed AS (
    SELECT
        requests.session_id,
        requests.request_id,
        requests.is_success,
        requests.start_ns,
        requests.end_ns,
        requests.calls,
        requests.input_tokens,
        requests.output_tokens,
        ROW_NUMBER() OVER (
            PARTITION BY requests.session_id
            ORDER BY COALESCE(requests.start_ns, 0) DESC, requests.request_id DESC
        ) AS from_last
    FROM requests
    WHERE requests.session_id IS NOT NULL
)

SELECT
    placed.session_id,
    COUNT(placed.request_id) AS requests,
    CAST(SUM(CASE WHEN placed.is_success THEN 0 ELSE 1 END) AS BIGINT) AS failed,
    CAST(MAX(CASE WHEN placed.from_last = 1 THEN CAST(placed.is_success AS BIGINT) END) AS BOOLEAN) AS is_completed,
    MIN(placed.start_ns) AS start_ns,
    MAX(placed.end_ns) AS end_ns,
    CAST(MAX(placed.end_ns) - MIN(placed.start_ns) AS DOUBLE) / 1e9 AS span_s,
    CAST(SUM(placed.calls) AS BIGINT) AS calls,
    CAST(SUM(COALESCE(request_steps.tool_runs, 0)) AS BIGINT) AS tool_runs,
    CAST(SUM(COALESCE(request_steps.steps, placed.calls)) AS BIGINT) AS steps,
    CAST(SUM(CASE WHEN request_steps.is_looping THEN 1 ELSE 0 END) AS BIGINT) AS looping,
    CAST(SUM(placed.input_tokens) AS BIGINT) AS input_tokens,
    CAST(SUM(placed.output_tokens) AS BIGINT) AS output_tokens,
    SUM(request_usd.usd) AS usd,
    CAST(SUM(COALESCE(request_usd.unpriced_charges, 0)) AS BIGINT) AS unpriced_charges
FROM placed
LEFT JOIN request_steps ON placed.request_id = request_steps.request_id
LEFT JOIN request_usd ON placed.request_id = request_usd.request_id
GROUP BY placed.session_id
