-- call_outcome: the outcome of each call, and by which rule its provider bills it.
-- One row per call.
-- reads: calls, billing_rules
-- key: call_id
--   call_id           BIGINT
--   outcome           VARCHAR  success, or what kind of failure
--   billing_rule      VARCHAR  billed, billed_if_reported, input_only, not_billed; by_time for replicas of your own
--   rule_source       VARCHAR  default, or costctl.toml
--   is_input_billed   BOOLEAN
--   is_output_billed  BOOLEAN
--   is_wasted         BOOLEAN  the attempt failed, or was repeated
-- A rule for the call's own provider goes before one for any. A call that reports what it wrote has read its prompt; one
-- that reports its prompt alone may have written nothing.
WITH ruled AS (
    SELECT
        calls.call_id,
        calls.outcome,
        CASE WHEN calls.pool IS NULL THEN COALESCE(own.billing_rule, others.billing_rule, 'billed') ELSE 'by_time' END
            AS billing_rule,
        CASE WHEN calls.pool IS NULL THEN COALESCE(own.rule_source, others.rule_source, 'default') ELSE 'default' END
            AS rule_source,
        calls.input_tokens IS NOT NULL OR calls.output_tokens IS NOT NULL AS is_reported,
        calls.output_tokens IS NOT NULL AS is_output_reported,
        calls.is_failed OR calls.is_repeated AS is_wasted
    FROM calls
    LEFT JOIN billing_rules AS own ON calls.provider = own.provider AND calls.outcome = own.outcome
    LEFT JOIN billing_rules AS others ON others.provider = '*' AND calls.outcome = others.outcome
)

SELECT
    ruled.call_id,
    ruled.outcome,
    ruled.billing_rule,
    ruled.rule_source,
    ruled.billing_rule IN ('billed', 'input_only') OR (ruled.billing_rule = 'billed_if_reported' AND ruled.is_reported)
        AS is_input_billed,
    ruled.billing_rule = 'billed' OR (ruled.billing_rule = 'billed_if_reported' AND ruled.is_output_reported)
        AS is_output_billed,
    ruled.is_wasted
FROM ruled
