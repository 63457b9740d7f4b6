-- class_calls: how many calls the requests of each class made, and how much of them is known.
-- One row per class that made a call.
-- reads: calls, call_pricing
-- key: request_class
--   request_class               VARCHAR
--   calls                       BIGINT
--   wasted_calls                BIGINT   attempts that failed or were repeated
--   unpriced_wasted_calls       BIGINT   of these, those with a charge without an amount
--   told_calls                  BIGINT   calls that report all of their tokens and have an amount for every charge
--   told_tokens                 BIGINT   tokens of these, input and output
--   calls_without_input         BIGINT   calls that do not report what they read
--   calls_without_cached_input  BIGINT   calls that do not report what a cache gave
--   calls_without_output        BIGINT   calls that generate, and do not report how much
SELECT
    call_pricing.request_class,
    COUNT(call_pricing.call_id) AS calls,
    CAST(SUM(CAST(call_pricing.is_wasted AS BIGINT)) AS BIGINT) AS wasted_calls,
    COUNT(
        CASE WHEN call_pricing.is_wasted AND call_pricing.unpriced_charges > 0 THEN call_pricing.call_id END
    ) AS unpriced_wasted_calls,
    COUNT(
        CASE WHEN call_pricing.has_tokens AND call_pricing.unpriced_charges = 0 THEN call_pricing.call_id END
    ) AS told_calls,
    CAST(SUM(
        CASE WHEN call_pricing.has_tokens AND call_pricing.unpriced_charges = 0 THEN call_pricing.tokens ELSE 0 END
    ) AS BIGINT) AS told_tokens,
    COUNT(calls.call_id) - COUNT(calls.input_tokens) AS calls_without_input,
    COUNT(calls.call_id) - COUNT(calls.cached_input_tokens) AS calls_without_cached_input,
    COUNT(
        CASE WHEN calls.output_tokens IS NULL AND calls.is_generation THEN calls.call_id END
    ) AS calls_without_output
FROM call_pricing
INNER JOIN calls ON call_pricing.call_id = calls.call_id
GROUP BY call_pricing.request_class
