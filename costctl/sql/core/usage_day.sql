-- usage_day: what was used by the token, the read and the byte on each day, by class, tenant and price, exactly.
-- One row per (UTC day, component, resource, unit, price, is_recorded, class, tenant, binary place).
-- reads: charge_parts, requests, calls, request_class, observed_totals
-- key: day, component, resource, unit, usd_per_unit, is_recorded, request_class, tenant, power
--   day              BIGINT   days from the Unix epoch: of the call, else of the request, else the first of the window
--   component        VARCHAR  as in charge, but no accelerator
--   resource         VARCHAR
--   unit             VARCHAR
--   usd_per_unit     DOUBLE   USD
--   is_recorded      BOOLEAN  the amount is the one that the call's own record names
--   request_class    VARCHAR
--   tenant           VARCHAR  NULL for nobody's
--   power            BIGINT   the binary place, as in charge_parts
--   quantity         BIGINT   in 2^power of the unit
--   wasted_quantity  BIGINT   of attempts that failed or were repeated; NULL where none was
-- Only what has an amount and a price: what is not billed costs nothing, whether or not it has a price.
WITH dated AS (
    SELECT
        COALESCE(calls.start_ns, requests.start_ns, observed_totals.first_ns) // 86400000000000 AS day,
        parts.component,
        parts.resource,
        parts.unit,
        parts.usd_per_unit,
        parts.is_recorded,
        request_class.request_class,
        parts.tenant,
        parts.power,
        parts.quantity,
        parts.is_wasted
    FROM charge_parts AS parts
    INNER JOIN requests ON parts.request_id = requests.request_id
    INNER JOIN request_class ON parts.request_id = request_class.request_id
    LEFT JOIN calls ON parts.call_id = calls.call_id
    CROSS JOIN observed_totals
    WHERE parts.component <> 'accelerator' AND parts.usd IS NOT NULL AND parts.usd_per_unit IS NOT NULL
)

SELECT
    dated.day,
    dated.component,
    dated.resource,
    dated.unit,
    dated.usd_per_unit,
    dated.is_recorded,
    dated.request_class,
    dated.tenant,
    dated.power,
    CAST(SUM(dated.quantity) AS BIGINT) AS quantity,
    CAST(SUM(CASE WHEN dated.is_wasted THEN dated.quantity END) AS BIGINT) AS wasted_quantity
FROM dated
GROUP BY
    dated.day,
    dated.component,
    dated.resource,
    dated.unit,
    dated.usd_per_unit,
    dated.is_recorded,
    dated.request_class,
    dated.tenant,
    dated.power
