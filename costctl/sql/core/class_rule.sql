-- class_rule: which rules gave each class its requests.
-- One row per (class, rule).
-- reads: request_class
-- key: request_class, rule
--   request_class  VARCHAR
--   rule           VARCHAR
--   requests       BIGINT   that the rule took
SELECT
    request_class.request_class,
    request_class.rule,
    COUNT(request_class.request_id) AS requests
FROM request_class
GROUP BY request_class.request_class, request_class.rule
