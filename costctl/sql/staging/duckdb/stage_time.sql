-- stage_time: where the time of a request goes, so that its stages add up to its duration.
-- One row per (request, stage).
-- reads: staged_spans
-- computed by: stage_time
--   request_id  BIGINT
--   stage       VARCHAR  "uninstrumented" is time in which no span says what is done
--   self_ns     BIGINT   ns
--   self_s      DOUBLE   s; sums, over the stages, to the request's duration
-- Back along the critical path: each instant of a span belongs to the child that was running then, of several to the
-- one that ended last; where none was, to the span's own stage, or to no stage if the span only wraps. Parallel work
-- counts once, by its longest branch. costctl/span_trees/stages.py walks it, over what this selects.
SELECT
    staged_spans.span_key,
    staged_spans.request_id,
    staged_spans.parent_key,
    staged_spans.start_ns,
    staged_spans.end_ns,
    staged_spans.stage,
    staged_spans.is_leaf_model_call AS is_call,
    staged_spans.operation NOT IN ('embeddings', 'rerank') AS is_generation,
    staged_spans.queue_s,
    staged_spans.ttft_s
FROM staged_spans
