-- span_ids: the ids by which a source names each span, beside the keys by which the relations know it.
-- One row per span of a request that started within the observation window.
-- reads: spans, span_tree
-- kept as: view
--   span_key    BIGINT
--   request_id  BIGINT
--   is_first    BOOLEAN  the entry that its request is known by
--   trace_id    VARCHAR
--   span_id     VARCHAR
SELECT
    span_tree.span_key,
    span_tree.request_id,
    span_tree.is_first,
    spans.trace_id,
    spans.span_id
FROM spans
INNER JOIN span_tree ON spans.store_key = span_tree.store_key
