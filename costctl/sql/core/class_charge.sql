-- class_charge: what each class is charged for each thing that it uses, exactly.
-- One row per (class, component, resource, unit, kind of charge, binary place).
-- reads: charge_parts, request_class, requests, call_pricing
-- key: request_class, component, resource, unit, is_wasted, is_recorded, is_in_session, is_told, power
--   request_class     VARCHAR
--   component         VARCHAR  accelerator, api_tokens, … as in charge
--   resource          VARCHAR
--   unit              VARCHAR
--   is_wasted         BOOLEAN  of an attempt that failed or was repeated
--   is_recorded       BOOLEAN  the amount is the one that the call's own record names
--   is_in_session     BOOLEAN  of a request that names its session
--   is_told           BOOLEAN  of a call that reports all of its tokens and has an amount for every charge
--   power             BIGINT   the binary place, as in charge_parts
--   charges           BIGINT   counted on the rows of power 0
--   unpriced_charges  BIGINT   likewise, of charges without an amount
--   quantity          BIGINT   in 2^power of the unit; NULL where none was observed
--   usd               BIGINT   in 2^power USD; NULL where nothing has an amount
SELECT
    request_class.request_class,
    parts.component,
    parts.resource,
    parts.unit,
    parts.is_wasted,
    parts.is_recorded,
    requests.session_id IS NOT NULL AS is_in_session,
    COALESCE(call_pricing.has_tokens AND call_pricing.unpriced_charges = 0, FALSE) AS is_told,
    parts.power,
    CAST(SUM(parts.charges) AS BIGINT) AS charges,
    CAST(SUM(parts.unpriced_charges) AS BIGINT) AS unpriced_charges,
    CAST(SUM(parts.quantity) AS BIGINT) AS quantity,
    CAST(SUM(parts.usd) AS BIGINT) AS usd
FROM charge_parts AS parts
INNER JOIN request_class ON parts.request_id = request_class.request_id
INNER JOIN requests ON parts.request_id = requests.request_id
LEFT JOIN call_pricing ON parts.call_id = call_pricing.call_id
GROUP BY
    request_class.request_class,
    parts.component,
    parts.resource,
    parts.unit,
    parts.is_wasted,
    parts.is_recorded,
    requests.session_id IS NOT NULL,
    COALESCE(call_pricing.has_tokens AND call_pricing.unpriced_charges = 0, FALSE),
    parts.power
