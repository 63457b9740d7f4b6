-- tenant_place: the row in which each tenant is counted: one of its own for those that cost most, one for all others.
-- One row per tenant that a charge, a call or a request names.
-- reads: charge, calls, requests, settings
-- key: tenant
--   tenant  VARCHAR
--   kind    VARCHAR  tenant, where the row is its own; others
--   place   BIGINT   from 1, the dearest first, ties by name; one beyond settings.most_tenants for all others
-- Ranked by whole femto-dollars, so that no order of rows changes the places.
WITH named AS (
    SELECT
        charge.tenant,
        SUM(CAST(FLOOR(charge.usd * 1e15) AS HUGEINT)) AS femto_usd
    FROM charge
    WHERE charge.tenant IS NOT NULL
    GROUP BY charge.tenant
    UNION ALL
    SELECT
        calls.tenant,
        0 AS femto_usd
    FROM calls
    WHERE calls.tenant IS NOT NULL
    GROUP BY calls.tenant
    UNION ALL
    SELECT
        requests.tenant,
        0 AS femto_usd
    FROM requests
    WHERE requests.tenant IS NOT NULL
    GROUP BY requests.tenant
),

spent AS (
    SELECT
        named.tenant,
        SUM(COALESCE(named.femto_usd, 0)) AS femto_usd
    FROM named
    GROUP BY named.tenant
),

ranked AS (
    SELECT
        spent.tenant,
        ROW_NUMBER() OVER (ORDER BY spent.femto_usd DESC, spent.tenant) AS place
    FROM spent
)

SELECT
    ranked.tenant,
    CASE WHEN ranked.place <= settings.value THEN 'tenant' ELSE 'others' END AS kind,
    CASE
        WHEN ranked.place <= settings.value THEN ranked.place
        ELSE CAST(FLOOR(settings.value) AS BIGINT) + 1
    END AS place
FROM ranked
INNER JOIN settings ON settings.name = 'most_tenants'
