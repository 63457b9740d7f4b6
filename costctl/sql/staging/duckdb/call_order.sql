-- call_order: what came before and after each call within its request.
-- One row per execution of a model.
-- reads: staged_spans
-- computed by: call_order
--   call_id           BIGINT
--   place             BIGINT   from 1, in the order of start
--   calls_in_request  BIGINT
--   is_followed       BOOLEAN  by another call of the same operation in the request
--   after_call_id     BIGINT   the latest call of the request that had ended when this one started
--   after_end_ns      BIGINT   ns UTC; when that one ended
-- Made by costctl/span_trees/call_order.py of the calls that this selects.
SELECT
    staged_spans.span_key AS call_id,
    staged_spans.request_id,
    staged_spans.start_ns,
    staged_spans.end_ns,
    staged_spans.operation
FROM staged_spans
WHERE staged_spans.is_leaf_model_call
ORDER BY staged_spans.span_key
