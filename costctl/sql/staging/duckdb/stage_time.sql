-- stage_time: where the time of a request goes, so that its stages add up to its duration.
-- One row per (request, stage).
-- reads: spans, span_tree
-- computed by: stage_time
--   request_id  BIGINT
--   stage       VARCHAR  "uninstrumented" is time in which no span says what is done; "model_call" that of a generation
--                        without a time to first token: prefill and decode, not told apart
--   self_ns     BIGINT   ns
--   self_s      DOUBLE   s; sums, over the stages, to the request's duration
-- Back along the critical path: each instant of a span belongs to the child that was running then, of several to the
-- one that ended last; where none was, to the span's own stage, or to no stage if the span only wraps. Parallel work
-- counts once, by its longest branch; a leaf of unknown stage takes no time from others. costctl/span_trees/stages.py walks it, over what this selects.
SELECT
    spans.store_key,
    spans.start_ns,
    CASE WHEN spans.end_ns < spans.start_ns THEN spans.start_ns ELSE spans.end_ns END AS end_ns,
    ENUM_CODE(CAST(CASE
        WHEN spans.stage = 'decode' AND spans.is_model_call AND COALESCE(spans.ttft_s < 0, TRUE) THEN 'model_call'
        ELSE COALESCE(spans.stage, 'other')
    END AS ENUM (
        'queue', 'prefill', 'decode', 'gateway', 'auth', 'prompt', 'embedding', 'cache',
        'retrieval', 'tool', 'moderation', 'postprocess', 'persist', 'logging', 'downstream', 'other',
        'uninstrumented', 'model_call'
    ))) AS stage_code,
    CASE WHEN spans.queue_s >= 0 THEN CAST(FLOOR(spans.queue_s * 1e9 + 0.5) AS BIGINT) END AS queue_ns,
    CASE WHEN spans.ttft_s >= 0 AND spans.operation NOT IN ('embeddings', 'rerank')
        THEN CAST(FLOOR(spans.ttft_s * 1e9 + 0.5) AS BIGINT) END AS ttft_ns
FROM spans
