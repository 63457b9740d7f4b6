-- call_order: what came before and after each call within its request.
-- One row per execution of a model.
-- reads: spans, span_tree
-- computed by: call_order
--   call_id           BIGINT
--   place             BIGINT   from 1, in the order of start
--   calls_in_request  BIGINT
--   is_followed       BOOLEAN  by another call of the same operation in the request
--   after_call_id     BIGINT   the latest call of the request that had ended when this one started
--   after_end_ns      BIGINT   ns UTC; when that one ended
-- Made by costctl/span_trees/call_order.py of the calls among the spans that this selects.
WITH operations AS (
    SELECT
        named.operation,
        ROW_NUMBER() OVER (ORDER BY named.operation) AS operation_code
    FROM (SELECT DISTINCT COALESCE(spans.operation, '') AS operation FROM spans WHERE spans.is_model_call) AS named
)

SELECT
    spans.store_key,
    spans.start_ns,
    CASE WHEN spans.end_ns < spans.start_ns THEN spans.start_ns ELSE spans.end_ns END AS end_ns,
    operations.operation_code
FROM spans
INNER JOIN operations ON COALESCE(spans.operation, '') = operations.operation
WHERE spans.is_model_call
