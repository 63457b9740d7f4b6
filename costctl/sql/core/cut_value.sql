-- cut_value: by what each call, and what else a request used, is told apart: its model, its tenant, its day.
-- One row per (cut, use): a use is a call, or the rest of a request.
-- reads: calls, requests, request_class, request_day, charge, cuts, use_attribute
-- key: cut, use_id
--   cut         VARCHAR  model, provider, tenant, class, day, hour, or as asked: team, key, route, attr:KEY
--   use_id      BIGINT   call_id; of the rest of a request -1 - request_id
--   request_id  BIGINT
--   is_call     BOOLEAN
--   value       VARCHAR  NULL where it is not observed, and of the rest of a request for cuts by what only calls have
-- The rest of a request is in it where it is charged for anything, where there is no call, and where its entry has a tenant
-- of its own. Hours and days are those of the request's start, UTC.
WITH uncalled AS (
    SELECT charge.request_id
    FROM charge
    WHERE charge.call_id IS NULL
    GROUP BY charge.request_id
),

uses AS (
    SELECT
        calls.call_id AS use_id,
        calls.request_id,
        TRUE AS is_call,
        TRUE AS is_charged,
        calls.model,
        calls.provider,
        calls.tenant
    FROM calls
    UNION ALL
    SELECT
        -1 - requests.request_id AS use_id,
        requests.request_id,
        FALSE AS is_call,
        requests.calls = 0 OR uncalled.request_id IS NOT NULL AS is_charged,
        CAST(NULL AS VARCHAR) AS model,
        CAST(NULL AS VARCHAR) AS provider,
        requests.tenant
    FROM requests
    LEFT JOIN uncalled ON requests.request_id = uncalled.request_id
)

SELECT
    cuts.cut,
    uses.use_id,
    uses.request_id,
    uses.is_call,
    CASE cuts.cut
        WHEN 'model' THEN uses.model
        WHEN 'provider' THEN uses.provider
        WHEN 'tenant' THEN uses.tenant
        WHEN 'class' THEN request_class.request_class
        WHEN 'day' THEN request_day.day
        WHEN 'hour' THEN request_day.hour
        WHEN 'route' THEN COALESCE(use_attribute.value, requests.route)
        ELSE use_attribute.value
    END AS value
FROM uses
CROSS JOIN cuts
INNER JOIN requests ON uses.request_id = requests.request_id
INNER JOIN request_class ON uses.request_id = request_class.request_id
LEFT JOIN request_day ON uses.request_id = request_day.request_id
LEFT JOIN use_attribute ON cuts.cut = use_attribute.cut AND uses.use_id = use_attribute.use_id
WHERE uses.is_charged OR (cuts.cut = 'tenant' AND uses.tenant IS NOT NULL)
