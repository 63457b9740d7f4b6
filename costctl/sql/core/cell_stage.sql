-- cell_stage: how long the requests of each class spent in each stage, in short blocks of time.
-- One row per (class, stage, slot, block).
-- reads: stage_time, request_cell
-- key: request_class, stage, slot_ns, block
--   request_class  VARCHAR
--   stage          VARCHAR  as in stage_time
--   slot_ns        BIGINT   ns UTC; as in request_time
--   block          BIGINT
--   self_ns        BIGINT   ns, on the critical path
SELECT
    request_cell.request_class,
    stage_time.stage,
    request_cell.slot_ns,
    request_cell.block,
    CAST(SUM(stage_time.self_ns) AS BIGINT) AS self_ns
FROM stage_time
INNER JOIN request_cell ON stage_time.request_id = request_cell.request_id
GROUP BY
    request_cell.request_class,
    stage_time.stage,
    request_cell.slot_ns,
    request_cell.block
