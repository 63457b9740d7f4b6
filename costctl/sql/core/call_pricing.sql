-- call_pricing: how much of each call is known: its tokens, and an amount for all that it is charged.
-- One row per call.
-- reads: calls, call_outcome, request_class, charge
-- key: call_id
--   call_id           BIGINT
--   request_id        BIGINT
--   request_class     VARCHAR
--   is_wasted         BOOLEAN  the attempt failed, or was repeated
--   has_tokens        BOOLEAN  it reports all of its tokens: input, and output where it generates
--   has_unread_usage  BOOLEAN  a record of it has numbers under keys that look like usage and that nothing reads
--   tokens            BIGINT   input and output; 0 where none were reported
--   charges           BIGINT
--   unpriced_charges  BIGINT   charges without an amount
--   recorded_charges  BIGINT   charges of what its own record names
WITH charged AS (
    SELECT
        charge.call_id,
        COUNT(charge.component) AS charges,
        COUNT(charge.component) - COUNT(charge.usd) AS unpriced_charges,
        SUM(CAST(charge.is_recorded AS BIGINT)) AS recorded_charges
    FROM charge
    WHERE charge.call_id IS NOT NULL
    GROUP BY charge.call_id
)

SELECT
    calls.call_id,
    calls.request_id,
    request_class.request_class,
    call_outcome.is_wasted,
    calls.input_tokens IS NOT NULL AND (calls.output_tokens IS NOT NULL OR NOT calls.is_generation) AS has_tokens,
    calls.has_unread_usage,
    COALESCE(calls.input_tokens, 0) + COALESCE(calls.output_tokens, 0) AS tokens,
    CAST(COALESCE(charged.charges, 0) AS BIGINT) AS charges,
    CAST(COALESCE(charged.unpriced_charges, 0) AS BIGINT) AS unpriced_charges,
    CAST(COALESCE(charged.recorded_charges, 0) AS BIGINT) AS recorded_charges
FROM calls
INNER JOIN call_outcome ON calls.call_id = call_outcome.call_id
INNER JOIN request_class ON calls.request_id = request_class.request_id
LEFT JOIN charged ON calls.call_id = charged.call_id
