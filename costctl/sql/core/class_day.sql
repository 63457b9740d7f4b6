-- class_day: how many requests started on each day, by class and tenant.
-- One row per (UTC day, class, tenant).
-- reads: requests, request_class, observed_totals
-- key: day, request_class, tenant
--   day            BIGINT   days from the Unix epoch: of the start, else the first of the window
--   request_class  VARCHAR
--   tenant         VARCHAR  of the request; NULL for nobody's
--   requests       BIGINT
--   successes      BIGINT
WITH dated AS (
    SELECT
        COALESCE(requests.start_ns, observed_totals.first_ns) // 86400000000000 AS day,
        request_class.request_class,
        requests.tenant,
        requests.is_success
    FROM requests
    INNER JOIN request_class ON requests.request_id = request_class.request_id
    CROSS JOIN observed_totals
)

SELECT
    dated.day,
    dated.request_class,
    dated.tenant,
    COUNT(dated.request_class) AS requests,
    COUNT(CASE WHEN dated.is_success THEN 1 END) AS successes
FROM dated
GROUP BY
    dated.day,
    dated.request_class,
    dated.tenant
