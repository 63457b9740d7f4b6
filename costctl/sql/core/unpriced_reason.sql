-- unpriced_reason: why charges have no amount.
-- One row per (component, what is bought, reason, kind of unit).
-- reads: charge
-- key: component, resource, note, kind
--   component  VARCHAR
--   resource   VARCHAR  without the kind of unit, of what is bought of a provider
--   note       VARCHAR  why there is no amount
--   kind       VARCHAR  what is counted, of what is bought of a provider: input, output, searches; NULL for all else
--   requests   BIGINT   with such a charge of whatever kind: the same on each row of a reason
-- A resource that is bought of a provider is provider/model/what is counted.
WITH named AS (
    SELECT
        charge.request_id,
        charge.component,
        CASE
            WHEN charge.component IN ('api_tokens', 'api_units') THEN REGEXP_REPLACE(charge.resource, '/[^/]*$', '')
            ELSE charge.resource
        END AS resource,
        charge.note,
        CASE
            WHEN charge.component IN ('api_tokens', 'api_units') THEN REGEXP_EXTRACT(charge.resource, '[^/]*$')
        END AS kind
    FROM charge
    WHERE charge.note IS NOT NULL
),

kinds AS (
    SELECT
        named.component,
        named.resource,
        named.note,
        named.kind
    FROM named
    GROUP BY named.component, named.resource, named.note, named.kind
),

counted AS (
    SELECT
        of_request.component,
        of_request.resource,
        of_request.note,
        COUNT(of_request.request_id) AS requests
    FROM (
        SELECT
            named.component,
            named.resource,
            named.note,
            named.request_id
        FROM named
        GROUP BY named.component, named.resource, named.note, named.request_id
    ) AS of_request
    GROUP BY of_request.component, of_request.resource, of_request.note
)

SELECT
    kinds.component,
    kinds.resource,
    kinds.note,
    kinds.kind,
    counted.requests
FROM kinds
INNER JOIN counted
    ON kinds.component = counted.component AND kinds.resource = counted.resource AND kinds.note = counted.note
