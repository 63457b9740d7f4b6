-- bought_slot: what calls to providers were charged in each half hour, by model, kind of token or unit, and key, exactly.
-- One row per (half hour, provider, model, service tier, kind, key, team, binary place), of calls that no pool took.
-- reads: calls, call_outcome, charge_parts, use_attribute
-- key: slot, provider, model, service_tier, kind, api_key, team, power
--   slot              BIGINT   half hours from the Unix epoch, of the call's start; NULL where no start is known
--   provider          VARCHAR  NULL where calls name none
--   model             VARCHAR  NULL where calls name none
--   service_tier      VARCHAR
--   kind              VARCHAR  kind of token or unit; calls, which is charged nothing and counts the calls
--   api_key           VARCHAR  as the cut of this name; NULL where it was not asked for, or is not observed
--   team              VARCHAR  likewise
--   power             BIGINT   the binary place, as in charge_parts
--   calls             BIGINT   on rows of kind calls: those whose outcome lets their provider bill them
--   unpriced_charges  BIGINT   charges without an amount, on the rows of power 0
--   unknown_charges   BIGINT   likewise, charges of which the quantity was not observed
--   quantity          BIGINT   in 2^power of the unit; NULL where nothing was observed
--   usd               BIGINT   in 2^power USD; NULL where nothing has an amount
WITH whose AS (
    SELECT
        calls.call_id,
        calls.start_ns // 1800000000000 AS slot,
        calls.provider,
        calls.model,
        calls.service_tier,
        api_keys.value AS api_key,
        COALESCE(teams.value, calls.tenant) AS team
    FROM calls
    LEFT JOIN use_attribute AS api_keys ON calls.call_id = api_keys.use_id AND api_keys.cut = 'key'
    LEFT JOIN use_attribute AS teams ON calls.call_id = teams.use_id AND teams.cut = 'team'
    WHERE calls.pool IS NULL
),

counted AS (
    SELECT
        whose.slot,
        whose.provider,
        whose.model,
        whose.service_tier,
        'calls' AS kind,
        whose.api_key,
        whose.team,
        0 AS power,
        CASE WHEN call_outcome.is_input_billed THEN 1 ELSE 0 END AS calls,
        0 AS unpriced_charges,
        0 AS unknown_charges,
        CAST(NULL AS BIGINT) AS quantity,
        CAST(NULL AS BIGINT) AS usd
    FROM whose
    INNER JOIN call_outcome ON whose.call_id = call_outcome.call_id
    UNION ALL
    SELECT
        whose.slot,
        whose.provider,
        whose.model,
        whose.service_tier,
        REGEXP_EXTRACT(parts.resource, '[^/]*$') AS kind,
        whose.api_key,
        whose.team,
        parts.power,
        0 AS calls,
        parts.unpriced_charges,
        CASE WHEN parts.power = 0 AND parts.quantity IS NULL THEN 1 ELSE 0 END AS unknown_charges,
        parts.quantity,
        parts.usd
    FROM charge_parts AS parts
    INNER JOIN whose ON parts.call_id = whose.call_id
    WHERE parts.component IN ('api_tokens', 'api_units')
)

SELECT
    counted.slot,
    counted.provider,
    counted.model,
    counted.service_tier,
    counted.kind,
    counted.api_key,
    counted.team,
    CAST(counted.power AS BIGINT) AS power,
    CAST(SUM(counted.calls) AS BIGINT) AS calls,
    CAST(SUM(counted.unpriced_charges) AS BIGINT) AS unpriced_charges,
    CAST(SUM(counted.unknown_charges) AS BIGINT) AS unknown_charges,
    CAST(SUM(counted.quantity) AS BIGINT) AS quantity,
    CAST(SUM(counted.usd) AS BIGINT) AS usd
FROM counted
GROUP BY
    counted.slot,
    counted.provider,
    counted.model,
    counted.service_tier,
    counted.kind,
    counted.api_key,
    counted.team,
    counted.power
