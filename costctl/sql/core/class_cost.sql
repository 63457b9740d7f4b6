-- class_cost: what each class did and what is charged to it.
-- One row per class.
-- reads: requests, request_class, charge
-- key: request_class
--   request_class        VARCHAR
--   requests             BIGINT
--   successes            BIGINT
--   failed               BIGINT
--   attempts             BIGINT
--   calls                BIGINT
--   input_tokens         BIGINT   tokens; NULL where none were reported
--   cached_input_tokens  BIGINT   tokens
--   output_tokens        BIGINT   tokens
--   attributed_usd       DOUBLE   USD of all that is priced; NULL where nothing is
--   accelerator_usd      DOUBLE   USD of shared accelerator time
--   direct_usd           DOUBLE   USD of tokens, reads and bytes
--   retry_tax_usd        DOUBLE   USD of attempts that failed or were repeated; 0 where none was
WITH class_requests AS (
    SELECT
        request_class.request_class,
        COUNT(requests.request_id) AS requests,
        SUM(CAST(requests.is_success AS BIGINT)) AS successes,
        SUM(requests.attempts) AS attempts,
        SUM(requests.calls) AS calls,
        SUM(requests.input_tokens) AS input_tokens,
        SUM(requests.cached_input_tokens) AS cached_input_tokens,
        SUM(requests.output_tokens) AS output_tokens
    FROM requests
    INNER JOIN request_class ON requests.request_id = request_class.request_id
    GROUP BY request_class.request_class
),

class_charges AS (
    SELECT
        request_class.request_class,
        SUM(charge.usd) AS attributed_usd,
        SUM(CASE WHEN charge.component = 'accelerator' THEN charge.usd END) AS accelerator_usd,
        SUM(CASE WHEN charge.component <> 'accelerator' THEN charge.usd END) AS direct_usd,
        CASE
            WHEN SUM(CAST(charge.is_wasted AS BIGINT)) > 0
                THEN SUM(CASE WHEN charge.is_wasted THEN charge.usd END)
            WHEN COUNT(charge.usd) > 0 THEN 0.0
        END AS retry_tax_usd
    FROM charge
    INNER JOIN request_class ON charge.request_id = request_class.request_id
    GROUP BY request_class.request_class
)

SELECT
    class_requests.request_class,
    CAST(class_requests.requests AS BIGINT) AS requests,
    CAST(class_requests.successes AS BIGINT) AS successes,
    CAST(class_requests.requests - class_requests.successes AS BIGINT) AS failed,
    CAST(class_requests.attempts AS BIGINT) AS attempts,
    CAST(class_requests.calls AS BIGINT) AS calls,
    CAST(class_requests.input_tokens AS BIGINT) AS input_tokens,
    CAST(class_requests.cached_input_tokens AS BIGINT) AS cached_input_tokens,
    CAST(class_requests.output_tokens AS BIGINT) AS output_tokens,
    class_charges.attributed_usd,
    class_charges.accelerator_usd,
    class_charges.direct_usd,
    class_charges.retry_tax_usd
FROM class_requests
LEFT JOIN class_charges ON class_requests.request_class = class_charges.request_class
