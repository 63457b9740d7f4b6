-- outcome_use: what calls came to, by provider and rule, and what they are charged, exactly.
-- One row per (provider, outcome, billing rule, source of the rule, binary place).
-- reads: calls, call_outcome, charge_parts
-- key: provider, outcome, billing_rule, rule_source, power
--   provider          VARCHAR  NULL where calls name none
--   outcome           VARCHAR  success, or what kind of failure
--   billing_rule      VARCHAR
--   rule_source       VARCHAR
--   power             BIGINT   the binary place, as in charge_parts
--   calls             BIGINT   counted on the rows of power 0
--   unpriced_charges  BIGINT   likewise, charges without an amount
--   usd               BIGINT   in 2^power USD; NULL where nothing has an amount
WITH kinds AS (
    SELECT
        calls.call_id,
        calls.provider,
        call_outcome.outcome,
        call_outcome.billing_rule,
        call_outcome.rule_source
    FROM calls
    INNER JOIN call_outcome ON calls.call_id = call_outcome.call_id
),

counted AS (
    SELECT
        kinds.provider,
        kinds.outcome,
        kinds.billing_rule,
        kinds.rule_source,
        0 AS power,
        1 AS calls,
        0 AS unpriced_charges,
        CAST(NULL AS BIGINT) AS usd
    FROM kinds
    UNION ALL
    SELECT
        kinds.provider,
        kinds.outcome,
        kinds.billing_rule,
        kinds.rule_source,
        parts.power,
        0 AS calls,
        parts.unpriced_charges,
        parts.usd
    FROM charge_parts AS parts
    INNER JOIN kinds ON parts.call_id = kinds.call_id
)

SELECT
    counted.provider,
    counted.outcome,
    counted.billing_rule,
    counted.rule_source,
    CAST(counted.power AS BIGINT) AS power,
    CAST(SUM(counted.calls) AS BIGINT) AS calls,
    CAST(SUM(counted.unpriced_charges) AS BIGINT) AS unpriced_charges,
    CAST(SUM(counted.usd) AS BIGINT) AS usd
FROM counted
GROUP BY counted.provider, counted.outcome, counted.billing_rule, counted.rule_source, counted.power
