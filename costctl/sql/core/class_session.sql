-- class_session: how many sessions the requests of each class belong to.
-- One row per class with a request that names its session.
-- reads: requests, request_class, sessions
-- key: request_class
--   request_class       VARCHAR
--   sessions            BIGINT   a session of requests of several classes counts in each
--   completed_sessions  BIGINT   sessions whose last request succeeded, whatever its class
WITH held AS (
    SELECT
        request_class.request_class,
        requests.session_id
    FROM requests
    INNER JOIN request_class ON requests.request_id = request_class.request_id
    WHERE requests.session_id IS NOT NULL
    GROUP BY request_class.request_class, requests.session_id
)

SELECT
    held.request_class,
    COUNT(held.session_id) AS sessions,
    CAST(SUM(CAST(sessions.is_completed AS BIGINT)) AS BIGINT) AS completed_sessions
FROM held
INNER JOIN sessions ON held.session_id = sessions.session_id
GROUP BY held.request_class
