-- keyed_read: what was read or searched, each time, by the hash that names it.
-- One row per span that is no model call, reads storage or searches, and names what it fetched.
-- reads: spans, span_tree, staged_spans, request_class, request_tenant
-- key: span_key
--   span_key       BIGINT
--   request_id     BIGINT
--   request_class  VARCHAR
--   tenant         VARCHAR  of its request; NULL for nobody's
--   content_key    VARCHAR
--   storage        VARCHAR  NULL where no configured storage takes the read
--   is_search      BOOLEAN  a search of an index, not a read of an object
--   start_ns       BIGINT   ns UTC
--   read_s         DOUBLE   s; NULL when not timed
--   reads          BIGINT   1 where not observed
--   bytes          BIGINT   bytes; NULL when not observed
SELECT
    staged_spans.span_key,
    staged_spans.request_id,
    request_class.request_class,
    request_tenant.tenant,
    spans.content_key,
    staged_spans.storage,
    staged_spans.is_retrieval AS is_search,
    staged_spans.start_ns,
    CAST(staged_spans.end_ns - staged_spans.start_ns AS DOUBLE) / 1e9 AS read_s,
    COALESCE(staged_spans.storage_reads, 1) AS reads,
    staged_spans.storage_bytes AS bytes
FROM spans
INNER JOIN span_tree ON spans.store_key = span_tree.store_key
INNER JOIN staged_spans ON span_tree.span_key = staged_spans.span_key
INNER JOIN request_class ON staged_spans.request_id = request_class.request_id
LEFT JOIN request_tenant ON staged_spans.request_id = request_tenant.request_id
WHERE spans.content_key IS NOT NULL
    AND NOT staged_spans.is_model_call
    AND (
        staged_spans.storage_reads IS NOT NULL
        OR staged_spans.storage_bytes IS NOT NULL
        OR staged_spans.is_retrieval
    )
