-- span_ids: the ids by which a source names each span, beside the key by which the relations know it.
-- One row per span.
-- reads: spans
--   span_key  VARCHAR
--   trace_id  VARCHAR
--   span_id   VARCHAR
SELECT
    spans.trace_id || ':' || spans.span_id AS span_key,
    spans.trace_id,
    spans.span_id
FROM spans
