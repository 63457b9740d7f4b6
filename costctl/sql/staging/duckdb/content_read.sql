-- content_read: what was read or searched, each time, by the hash that names it where there is one.
-- One row per span that reads storage and says how many bytes; and per one, no model call, that reads or searches and names what it fetched.
-- reads: spans, span_tree, staged_spans, request_class, request_tenant
-- key: span_key
--   span_key       BIGINT
--   request_id     BIGINT
--   request_class  VARCHAR
--   tenant         VARCHAR  of its request; NULL for nobody's
--   content_key    VARCHAR  NULL where it names nothing, and of a model call
--   storage        VARCHAR  NULL where no configured storage takes the read
--   region         VARCHAR  of what read; NULL when not observed
--   is_search      BOOLEAN  a search of an index, not a read of an object
--   start_ns       BIGINT   ns UTC
--   read_s         DOUBLE   s; NULL when not timed
--   reads          BIGINT   1 where not observed
--   bytes          BIGINT   bytes; NULL when not observed
WITH named AS (
    SELECT
        staged_spans.span_key,
        staged_spans.request_id,
        CASE WHEN NOT staged_spans.is_model_call THEN spans.content_key END AS content_key,
        staged_spans.storage,
        staged_spans.region,
        staged_spans.is_retrieval,
        staged_spans.start_ns,
        staged_spans.end_ns,
        staged_spans.storage_reads,
        staged_spans.storage_bytes
    FROM spans
    INNER JOIN span_tree ON spans.store_key = span_tree.store_key
    INNER JOIN staged_spans ON span_tree.span_key = staged_spans.span_key
)

SELECT
    named.span_key,
    named.request_id,
    request_class.request_class,
    request_tenant.tenant,
    named.content_key,
    named.storage,
    named.region,
    named.is_retrieval AS is_search,
    named.start_ns,
    CAST(named.end_ns - named.start_ns AS DOUBLE) / 1e9 AS read_s,
    COALESCE(named.storage_reads, 1) AS reads,
    named.storage_bytes AS bytes
FROM named
INNER JOIN request_class ON named.request_id = request_class.request_id
LEFT JOIN request_tenant ON named.request_id = request_tenant.request_id
WHERE named.storage_bytes IS NOT NULL
    OR (named.content_key IS NOT NULL AND (named.storage_reads IS NOT NULL OR named.is_retrieval))
