-- class_window: each class over time: what the statistics draw their blocks from.
-- One row per (class, block of time in which any of its requests started).
-- reads: requests, request_class, call_share, calls, request_usd, settings
-- key: request_class, window_index
--   request_class  VARCHAR
--   window_index   BIGINT   block number from the Unix epoch, settings.block_s long
--   requests       BIGINT
--   successes      BIGINT
--   calls          BIGINT
--   input_tokens   BIGINT   tokens; NULL where none were reported
--   output_tokens  BIGINT   tokens
--   busy_s         DOUBLE   s; shares of busy time, NULL where no call was timed
--   usd            DOUBLE   USD of what is priced; NULL where nothing is
--   retry_tax_usd  DOUBLE   USD of attempts that failed or were repeated
WITH request_busy AS (
    SELECT
        calls.request_id,
        SUM(call_share.share_s) AS busy_s
    FROM calls
    INNER JOIN call_share ON calls.call_id = call_share.call_id
    GROUP BY calls.request_id
),

placed AS (
    SELECT
        request_class.request_class,
        CAST(requests.start_ns AS DOUBLE) / NULLIF(settings.value * 1e9, 0.0) AS block,
        requests.is_success,
        requests.calls,
        requests.input_tokens,
        requests.output_tokens,
        request_busy.busy_s,
        request_usd.usd,
        request_usd.retry_tax_usd
    FROM requests
    INNER JOIN request_class ON requests.request_id = request_class.request_id
    INNER JOIN settings ON settings.name = 'block_s'
    LEFT JOIN request_busy ON requests.request_id = request_busy.request_id
    LEFT JOIN request_usd ON requests.request_id = request_usd.request_id
)

SELECT
    placed.request_class,
    CAST(FLOOR(placed.block) AS BIGINT) AS window_index,
    COUNT(placed.request_class) AS requests,
    CAST(SUM(CAST(placed.is_success AS BIGINT)) AS BIGINT) AS successes,
    CAST(SUM(placed.calls) AS BIGINT) AS calls,
    CAST(SUM(placed.input_tokens) AS BIGINT) AS input_tokens,
    CAST(SUM(placed.output_tokens) AS BIGINT) AS output_tokens,
    SUM(placed.busy_s) AS busy_s,
    SUM(placed.usd) AS usd,
    SUM(placed.retry_tax_usd) AS retry_tax_usd
FROM placed
GROUP BY placed.request_class, CAST(FLOOR(placed.block) AS BIGINT)
