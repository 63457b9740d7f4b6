-- class_example: example requests of each class: a typical, a slow and an expensive one.
-- One row per (class, example).
-- reads: requests, request_class, request_usd
--   request_class  VARCHAR
--   example        VARCHAR  typical: the median duration; slow: its 95th percentile; expensive: the 95th percentile of USD
--   request_id     BIGINT
--   trace_id       VARCHAR
--   duration_s     DOUBLE   s
--   usd            DOUBLE   USD; NULL where nothing is priced
--   unpriced_charges BIGINT  charges without an amount: where there are any, usd is a lower bound
-- The p-quantile is the smallest value that p of the values do not exceed: rank CEIL(p n), in whole numbers.
WITH timed AS (
    SELECT
        request_class.request_class,
        requests.request_id,
        ROW_NUMBER() OVER (
            PARTITION BY request_class.request_class
            ORDER BY requests.duration_s, requests.request_id
        ) AS place,
        COUNT(requests.request_id) OVER (PARTITION BY request_class.request_class) AS of_places
    FROM requests
    INNER JOIN request_class ON requests.request_id = request_class.request_id
    WHERE requests.duration_s IS NOT NULL
),

priced AS (
    SELECT
        request_class.request_class,
        request_usd.request_id,
        ROW_NUMBER() OVER (
            PARTITION BY request_class.request_class
            ORDER BY request_usd.usd, request_usd.request_id
        ) AS place,
        COUNT(request_usd.request_id) OVER (PARTITION BY request_class.request_class) AS of_places
    FROM request_usd
    INNER JOIN request_class ON request_usd.request_id = request_class.request_id
    WHERE request_usd.usd IS NOT NULL
),

examples AS (
    SELECT
        timed.request_class,
        'typical' AS example,
        timed.request_id
    FROM timed
    WHERE 2 * timed.place >= timed.of_places AND 2 * (timed.place - 1) < timed.of_places
    UNION ALL
    SELECT
        timed.request_class,
        'slow' AS example,
        timed.request_id
    FROM timed
    WHERE 100 * timed.place >= 95 * timed.of_places AND 100 * (timed.place - 1) < 95 * timed.of_places
    UNION ALL
    SELECT
        priced.request_class,
        'expensive' AS example,
        priced.request_id
    FROM priced
    WHERE 100 * priced.place >= 95 * priced.of_places AND 100 * (priced.place - 1) < 95 * priced.of_places
)

SELECT
    examples.request_class,
    examples.example,
    examples.request_id,
    requests.trace_id,
    requests.duration_s,
    request_usd.usd,
    request_usd.unpriced_charges
FROM examples
INNER JOIN requests ON examples.request_id = requests.request_id
LEFT JOIN request_usd ON examples.request_id = request_usd.request_id
