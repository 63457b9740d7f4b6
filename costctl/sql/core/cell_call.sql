-- cell_call: how many of the calls of each class and tenant went to which model, in short blocks of time.
-- One row per (class, tenant, model, slot, block) with a call that is charged.
-- reads: request_cell, calls, call_outcome
-- key: request_class, tenant, model, slot_ns, block
--   request_class  VARCHAR
--   tenant         VARCHAR  as in request_cell
--   model          VARCHAR  NULL where it was not observed
--   slot_ns        BIGINT   ns UTC; as in request_time
--   block          BIGINT
--   charged_calls  BIGINT   calls of which their provider bills anything, and all that own replicas served
SELECT
    request_cell.request_class,
    request_cell.tenant,
    calls.model,
    request_cell.slot_ns,
    request_cell.block,
    COUNT(calls.call_id) AS charged_calls
FROM calls
INNER JOIN request_cell ON calls.request_id = request_cell.request_id
INNER JOIN call_outcome ON calls.call_id = call_outcome.call_id
WHERE calls.pool IS NOT NULL OR call_outcome.is_input_billed OR call_outcome.is_output_billed
GROUP BY
    request_cell.request_class,
    request_cell.tenant,
    calls.model,
    request_cell.slot_ns,
    request_cell.block
