-- class_costs_sum_to_charges: totals that differ between charges, classes and windows of time.
-- One row per total that breaks the law.
-- reads: charge, class_cost, class_window, requests
--   total           VARCHAR
--   from_facts      DOUBLE
--   from_classes    DOUBLE
--   from_windows    DOUBLE
WITH charged AS (
    SELECT
        COALESCE(SUM(charge.usd), 0.0) AS usd,
        COALESCE(SUM(ABS(charge.usd)), 0.0) AS size_usd
    FROM charge
),

by_class AS (
    SELECT
        COALESCE(SUM(class_cost.attributed_usd), 0.0) AS usd,
        COALESCE(SUM(class_cost.requests), 0) AS requests
    FROM class_cost
),

by_window AS (
    SELECT
        COALESCE(SUM(class_window.usd), 0.0) AS usd,
        COALESCE(SUM(class_window.requests), 0) AS requests
    FROM class_window
),

counted AS (
    SELECT COUNT(requests.request_id) AS requests
    FROM requests
)

SELECT
    'usd' AS total,
    charged.usd AS from_facts,
    by_class.usd AS from_classes,
    by_window.usd AS from_windows
FROM charged
CROSS JOIN by_class
CROSS JOIN by_window
WHERE ABS(charged.usd - by_class.usd) > 1e-9 * charged.size_usd
    OR ABS(charged.usd - by_window.usd) > 1e-9 * charged.size_usd
UNION ALL
SELECT
    'requests' AS total,
    CAST(counted.requests AS DOUBLE) AS from_facts,
    CAST(by_class.requests AS DOUBLE) AS from_classes,
    CAST(by_window.requests AS DOUBLE) AS from_windows
FROM counted
CROSS JOIN by_class
CROSS JOIN by_window
WHERE counted.requests <> by_class.requests OR counted.requests <> by_window.requests
