-- request_day: on which day, and in which hour, each request started.
-- One row per request with a start.
-- reads: requests
--   request_id  BIGINT
--   day         VARCHAR  UTC, YYYY-MM-DD
--   hour        VARCHAR  UTC, YYYY-MM-DDTHH:00
SELECT
    requests.request_id,
    STRFTIME(MAKE_TIMESTAMP(requests.start_ns // 1000), '%Y-%m-%d') AS day,
    STRFTIME(MAKE_TIMESTAMP(requests.start_ns // 1000), '%Y-%m-%dT%H:00') AS hour
FROM requests
WHERE requests.start_ns IS NOT NULL
