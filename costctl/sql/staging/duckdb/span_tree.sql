-- span_tree: which request each span belongs to, how deep it lies, and whether it is the model call that counts.
-- One row per span of a request that started within the observation window.
-- reads: spans, call_twins, observation_window
-- computed by: span_tree
--   span_key            BIGINT   numbered request by request in the order of their start, within a request by start
--   store_key           BIGINT   of spans
--   request_id          BIGINT   numbered in the order of start
--   parent_key          BIGINT   NULL for an entry; of a second record of a call, the first
--   depth               BIGINT   0 for an entry
--   is_first            BOOLEAN  the entry that its request is known by
--   is_leaf_model_call  BOOLEAN  a model call with no model call below it: wrappers do not count twice
--   leaf_calls          BIGINT   calls below a model call that wraps others; 0 for every other span
--   leaf_call_id        BIGINT   the first of them
-- An entry has no parent, or one that was never exported; orphans of one lost parent are one request. Spans that only
-- a cycle of parents holds together form a request of their own, so that none is lost. A request of which no time was
-- recorded is in the window that has no bounds. The tree is made by costctl/span_trees/tree.py of what this selects: ids
-- as the numbers that their hex digits write, of a trace's the halves apart. What starts at once is in the order of these
-- numbers, the trace's first. Text that is no hex digits, as no reader leaves it, goes by its MD5.
SELECT
    spans.store_key,
    COALESCE(
        TRY_CAST('0x' || LEFT(spans.trace_id, 16) AS UBIGINT), MD5_NUMBER_LOWER(LEFT(spans.trace_id, 16))
    ) AS trace_high,
    COALESCE(
        TRY_CAST('0x' || SUBSTRING(spans.trace_id, 17) AS UBIGINT), MD5_NUMBER_LOWER(SUBSTRING(spans.trace_id, 17))
    ) AS trace_low,
    COALESCE(TRY_CAST('0x' || spans.span_id AS UBIGINT), MD5_NUMBER_LOWER(spans.span_id)) AS span,
    COALESCE(TRY_CAST('0x' || spans.parent_span_id AS UBIGINT), MD5_NUMBER_LOWER(spans.parent_span_id)) AS wanted,
    call_twins.outer_store_key,
    spans.start_ns,
    COALESCE(spans.is_model_call, FALSE) AS is_model_call
FROM spans
LEFT JOIN call_twins ON spans.store_key = call_twins.store_key
