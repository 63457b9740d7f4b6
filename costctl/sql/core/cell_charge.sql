-- cell_charge: what each class and tenant used of what on which model, and what that cost, in short blocks of time.
-- One row per (class, tenant, model or none, component, resource, unit, slot, block).
-- reads: charge, request_cell, calls
-- key: request_class, tenant, is_call, model, component, resource, unit, slot_ns, block
--   request_class     VARCHAR
--   tenant            VARCHAR  as in request_cell
--   is_call           BOOLEAN  a call caused it
--   model             VARCHAR  NULL where it was not observed, and for what no call caused
--   component         VARCHAR  as in charge
--   resource          VARCHAR  likewise
--   unit              VARCHAR  likewise
--   slot_ns           BIGINT   ns UTC; as in request_time
--   block             BIGINT
--   quantity          DOUBLE   in the unit, of what is billed
--   priced_quantity   DOUBLE   that part of it which has an amount
--   usd               DOUBLE   USD of what has an amount
--   unpriced_charges  BIGINT   charges without an amount
SELECT
    request_cell.request_class,
    request_cell.tenant,
    charge.call_id IS NOT NULL AS is_call,
    calls.model,
    charge.component,
    charge.resource,
    charge.unit,
    request_cell.slot_ns,
    request_cell.block,
    COALESCE(SUM(charge.quantity), 0.0) AS quantity,
    COALESCE(SUM(CASE WHEN charge.usd IS NOT NULL THEN charge.quantity END), 0.0) AS priced_quantity,
    COALESCE(SUM(charge.usd), 0.0) AS usd,
    CAST(SUM(CASE WHEN charge.usd IS NULL THEN 1 ELSE 0 END) AS BIGINT) AS unpriced_charges
FROM charge
INNER JOIN request_cell ON charge.request_id = request_cell.request_id
LEFT JOIN calls ON charge.call_id = calls.call_id
GROUP BY
    request_cell.request_class,
    request_cell.tenant,
    charge.call_id IS NOT NULL,
    calls.model,
    charge.component,
    charge.resource,
    charge.unit,
    request_cell.slot_ns,
    request_cell.block
