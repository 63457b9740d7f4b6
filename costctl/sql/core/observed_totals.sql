-- observed_totals: how much was observed in the window, and of how much the figures speak.
-- One row per window: always one.
-- reads: requests, calls, call_pricing, request_usd, stage_time, sessions
--   first_ns            BIGINT   ns UTC; of the first start of a request or call; NULL where nothing was timed
--   last_ns             BIGINT   ns UTC; of the last end of a request or call
--   requests            BIGINT
--   successes           BIGINT
--   charged_requests    BIGINT   requests that used anything that could have a price
--   priced_requests     BIGINT   of these, those with an amount for every charge, and no call whose usage nothing read
--   unpriced_requests   BIGINT   requests with a charge without an amount
--   staged_requests     BIGINT   requests with time in a stage that has a name
--   sessions            BIGINT
--   completed_sessions  BIGINT   whose last request succeeded
--   calls               BIGINT
--   bought_calls        BIGINT   calls that no pool of your own took
--   told_calls          BIGINT   calls that report all of their tokens
--   timed_generations   BIGINT   generations of which the end is known
--   undivided_calls     BIGINT   of these, those without a time to first token
--   tokens              BIGINT   of all calls, input and output
--   priced_tokens       BIGINT   of calls whose usage was read, and whose every charge has an amount
--   recorded_tokens     BIGINT   of calls that are charged what their own record names
WITH of_requests AS (
    SELECT
        MIN(requests.start_ns) AS first_start_ns,
        MIN(requests.end_ns) AS first_end_ns,
        MAX(requests.start_ns) AS last_start_ns,
        MAX(requests.end_ns) AS last_end_ns,
        COUNT(requests.request_id) AS requests,
        SUM(CAST(requests.is_success AS BIGINT)) AS successes
    FROM requests
),

of_calls AS (
    SELECT
        MIN(calls.start_ns) AS first_start_ns,
        MIN(calls.end_ns) AS first_end_ns,
        MAX(calls.start_ns) AS last_start_ns,
        MAX(calls.end_ns) AS last_end_ns,
        COUNT(calls.call_id) AS calls,
        COUNT(calls.call_id) - COUNT(calls.pool) AS bought_calls,
        COUNT(CASE WHEN calls.is_generation THEN calls.end_ns END) AS timed_generations,
        COUNT(CASE WHEN calls.is_generation AND COALESCE(calls.ttft_s < 0, TRUE) THEN calls.end_ns END)
            AS undivided_calls
    FROM calls
),

of_pricing AS (
    SELECT
        COUNT(CASE WHEN call_pricing.has_tokens THEN call_pricing.call_id END) AS told_calls,
        SUM(call_pricing.tokens) AS tokens,
        SUM(CASE
            WHEN
                call_pricing.charges > 0 AND call_pricing.unpriced_charges = 0
                AND NOT call_pricing.has_unread_usage
                THEN call_pricing.tokens
            ELSE 0
        END) AS priced_tokens,
        SUM(CASE WHEN call_pricing.recorded_charges > 0 THEN call_pricing.tokens ELSE 0 END) AS recorded_tokens
    FROM call_pricing
),

unread AS (
    SELECT call_pricing.request_id
    FROM call_pricing
    WHERE call_pricing.has_unread_usage
    GROUP BY call_pricing.request_id
),

of_charges AS (
    SELECT
        COUNT(request_usd.request_id) AS charged_requests,
        COUNT(
            CASE WHEN request_usd.unpriced_charges = 0 AND unread.request_id IS NULL THEN request_usd.request_id END
        ) AS priced_requests,
        COUNT(CASE WHEN request_usd.unpriced_charges > 0 THEN request_usd.request_id END) AS unpriced_requests
    FROM request_usd
    LEFT JOIN unread ON request_usd.request_id = unread.request_id
),

staged AS (
    SELECT stage_time.request_id
    FROM stage_time
    WHERE stage_time.stage NOT IN ('other', 'uninstrumented')
    GROUP BY stage_time.request_id
),

of_stages AS (
    SELECT COUNT(staged.request_id) AS staged_requests
    FROM staged
),

of_sessions AS (
    SELECT
        COUNT(sessions.session_id) AS sessions,
        SUM(CAST(sessions.is_completed AS BIGINT)) AS completed_sessions
    FROM sessions
),

instants AS (
    SELECT
        of_requests.first_start_ns AS first_ns,
        of_requests.last_start_ns AS last_ns
    FROM of_requests
    UNION ALL
    SELECT
        of_requests.first_end_ns AS first_ns,
        of_requests.last_end_ns AS last_ns
    FROM of_requests
    UNION ALL
    SELECT
        of_calls.first_start_ns AS first_ns,
        of_calls.last_start_ns AS last_ns
    FROM of_calls
    UNION ALL
    SELECT
        of_calls.first_end_ns AS first_ns,
        of_calls.last_end_ns AS last_ns
    FROM of_calls
),

window_ends AS (
    SELECT
        MIN(instants.first_ns) AS first_ns,
        MAX(instants.last_ns) AS last_ns
    FROM instants
)

SELECT
    window_ends.first_ns,
    window_ends.last_ns,
    of_requests.requests,
    CAST(COALESCE(of_requests.successes, 0) AS BIGINT) AS successes,
    of_charges.charged_requests,
    of_charges.priced_requests,
    of_charges.unpriced_requests,
    of_stages.staged_requests,
    of_sessions.sessions,
    CAST(COALESCE(of_sessions.completed_sessions, 0) AS BIGINT) AS completed_sessions,
    of_calls.calls,
    of_calls.bought_calls,
    of_pricing.told_calls,
    of_calls.timed_generations,
    of_calls.undivided_calls,
    CAST(COALESCE(of_pricing.tokens, 0) AS BIGINT) AS tokens,
    CAST(COALESCE(of_pricing.priced_tokens, 0) AS BIGINT) AS priced_tokens,
    CAST(COALESCE(of_pricing.recorded_tokens, 0) AS BIGINT) AS recorded_tokens
FROM window_ends
CROSS JOIN of_requests
CROSS JOIN of_calls
CROSS JOIN of_pricing
CROSS JOIN of_charges
CROSS JOIN of_stages
CROSS JOIN of_sessions
