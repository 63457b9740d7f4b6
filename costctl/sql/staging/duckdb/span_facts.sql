-- span_facts: what a stored span says that only the quality of telemetry rests on.
-- One row per span of a request that started within the observation window.
-- reads: spans, span_tree
--   span_key             BIGINT
--   names_parent         BOOLEAN  it says that another span encloses it
--   is_from_server       BOOLEAN  recorded by who answered, not by who asked
--   is_from_caller       BOOLEAN  recorded by who asked, as far as its kind says
--   has_error_type       BOOLEAN
--   has_finish_reason    BOOLEAN
--   has_region           BOOLEAN
--   has_cache_outcome    BOOLEAN  it says whether a cache had the answer
--   has_content_key      BOOLEAN  it names what was fetched, or the prompt's prefix
--   has_lost_attributes  BOOLEAN  its SDK dropped attributes, and counted them
SELECT
    span_tree.span_key,
    spans.parent_span_id IS NOT NULL AS names_parent,
    COALESCE(spans.kind = 'server', FALSE) AS is_from_server,
    COALESCE(spans.kind IN ('client', 'internal'), FALSE) AS is_from_caller,
    spans.error_type IS NOT NULL AS has_error_type,
    spans.finish_reason IS NOT NULL AS has_finish_reason,
    spans.region IS NOT NULL AS has_region,
    spans.cache_hit IS NOT NULL AS has_cache_outcome,
    spans.content_key IS NOT NULL OR spans.prefix_keys IS NOT NULL AS has_content_key,
    spans.attributes['otel.dropped_attributes_count'] IS NOT NULL AS has_lost_attributes
FROM spans
INNER JOIN span_tree ON spans.store_key = span_tree.store_key
