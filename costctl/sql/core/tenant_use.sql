-- tenant_use: who used what, exactly: the tenants that cost most, all others together, and what is unassigned.
-- One row per (row of tenant_place or unassigned, binary place).
-- reads: charge, charge_parts, calls, requests, tenant_place
-- key: place, power
--   place             BIGINT   NULL for what is unassigned
--   power             BIGINT   the binary place, as in charge_parts
--   kind              VARCHAR  tenant, others, unassigned
--   tenant            VARCHAR  whose row it is; NULL for others and what is unassigned
--   tenants           BIGINT   counted on the row of power 0; 0 for what is unassigned
--   requests          BIGINT   likewise, requests of which any part is of the place
--   calls             BIGINT   likewise
--   unpriced_charges  BIGINT   likewise, charges without an amount
--   usd               BIGINT   in 2^power USD; NULL where nothing has an amount
WITH tenants AS (
    SELECT
        tenant_place.place,
        tenant_place.kind,
        CASE WHEN tenant_place.kind = 'tenant' THEN MIN(tenant_place.tenant) END AS tenant,
        COUNT(tenant_place.tenant) AS tenants
    FROM tenant_place
    GROUP BY tenant_place.place, tenant_place.kind
),

named AS (
    SELECT
        calls.tenant,
        calls.request_id
    FROM calls
    UNION ALL
    SELECT
        requests.tenant,
        requests.request_id
    FROM requests
    UNION ALL
    SELECT
        charge.tenant,
        charge.request_id
    FROM charge
),

touched AS (
    SELECT
        tenant_place.place,
        named.request_id
    FROM named
    LEFT JOIN tenant_place ON named.tenant = tenant_place.tenant
    GROUP BY tenant_place.place, named.request_id
),

counted AS (
    SELECT
        touched.place,
        0 AS power,
        1 AS requests,
        0 AS calls,
        0 AS unpriced_charges,
        CAST(NULL AS BIGINT) AS usd
    FROM touched
    UNION ALL
    SELECT
        tenant_place.place,
        0 AS power,
        0 AS requests,
        1 AS calls,
        0 AS unpriced_charges,
        CAST(NULL AS BIGINT) AS usd
    FROM calls
    LEFT JOIN tenant_place ON calls.tenant = tenant_place.tenant
    UNION ALL
    SELECT
        tenant_place.place,
        parts.power,
        0 AS requests,
        0 AS calls,
        parts.unpriced_charges,
        parts.usd
    FROM charge_parts AS parts
    LEFT JOIN tenant_place ON parts.tenant = tenant_place.tenant
),

summed AS (
    SELECT
        counted.place,
        CAST(counted.power AS BIGINT) AS power,
        CAST(SUM(counted.requests) AS BIGINT) AS requests,
        CAST(SUM(counted.calls) AS BIGINT) AS calls,
        CAST(SUM(counted.unpriced_charges) AS BIGINT) AS unpriced_charges,
        CAST(SUM(counted.usd) AS BIGINT) AS usd
    FROM counted
    GROUP BY counted.place, counted.power
)

SELECT
    summed.place,
    summed.power,
    COALESCE(tenants.kind, 'unassigned') AS kind,
    tenants.tenant,
    CASE WHEN summed.power = 0 THEN COALESCE(tenants.tenants, 0) ELSE 0 END AS tenants,
    summed.requests,
    summed.calls,
    summed.unpriced_charges,
    summed.usd
FROM summed
LEFT JOIN tenants ON summed.place = tenants.place
