-- span_evidence: which facts spans carry together, counted: what a diagnosis of the telemetry reads of them.
-- One row per pattern of facts that some span shows.
-- reads: staged_spans, span_facts
--   dialect              VARCHAR  of the attributes; 'unnamed' where no mark of a dialect was seen
--   is_child             BOOLEAN  it says that another span encloses it, and its trace has a beginning
--   has_parent           BOOLEAN  the span that encloses it was exported
--   is_timed_child       BOOLEAN  it has a parent, and both have a start and an end
--   starts_in_parent     BOOLEAN  it starts within its parent, or within 1 ms of it
--   is_innermost         BOOLEAN  no span lies within it
--   has_stage            BOOLEAN  or it is a model call, or lies right below one
--   is_retrieval         BOOLEAN
--   has_documents        BOOLEAN
--   is_storage_read      BOOLEAN
--   has_storage_bytes    BOOLEAN
--   is_storage_known     BOOLEAN  a configured storage takes the read
--   keeps_attributes     BOOLEAN  its SDK dropped none
--   spans                BIGINT
-- Clocks of machines that are kept in step differ by less than 1 ms.
WITH beginnings AS (
    SELECT
        staged_spans.trace_id,
        COUNT(staged_spans.span_key) AS spans
    FROM staged_spans
    INNER JOIN span_facts ON staged_spans.span_key = span_facts.span_key
    WHERE NOT span_facts.names_parent
    GROUP BY staged_spans.trace_id
),

enclosing AS (
    SELECT
        staged_spans.parent_key AS span_key,
        COUNT(staged_spans.span_key) AS children
    FROM staged_spans
    WHERE staged_spans.parent_key IS NOT NULL
    GROUP BY staged_spans.parent_key
),

patterns AS (
    SELECT
        COALESCE(spans.dialect, 'unnamed') AS dialect,
        span_facts.names_parent AND beginnings.trace_id IS NOT NULL AS is_child,
        span_facts.names_parent AND parents.span_key IS NOT NULL AS has_parent,
        spans.start_ns IS NOT NULL AND parents.start_ns IS NOT NULL AND parents.end_ns IS NOT NULL AS is_timed_child,
        COALESCE(
            spans.start_ns >= parents.start_ns - 1000000 AND spans.start_ns <= parents.end_ns + 1000000, FALSE
        ) AS starts_in_parent,
        enclosing.span_key IS NULL AS is_innermost,
        spans.stage <> 'other' OR spans.is_model_call OR COALESCE(parents.is_model_call, FALSE) AS has_stage,
        spans.is_retrieval,
        spans.documents IS NOT NULL AS has_documents,
        spans.storage_reads IS NOT NULL OR spans.storage_bytes IS NOT NULL OR spans.storage IS NOT NULL
            AS is_storage_read,
        spans.storage_bytes IS NOT NULL AS has_storage_bytes,
        spans.storage IS NOT NULL AS is_storage_known,
        NOT span_facts.has_lost_attributes AS keeps_attributes
    FROM staged_spans AS spans
    INNER JOIN span_facts ON spans.span_key = span_facts.span_key
    LEFT JOIN staged_spans AS parents ON spans.parent_key = parents.span_key
    LEFT JOIN beginnings ON spans.trace_id = beginnings.trace_id
    LEFT JOIN enclosing ON spans.span_key = enclosing.span_key
)

SELECT
    patterns.dialect,
    patterns.is_child,
    patterns.has_parent,
    patterns.is_timed_child,
    patterns.starts_in_parent,
    patterns.is_innermost,
    patterns.has_stage,
    patterns.is_retrieval,
    patterns.has_documents,
    patterns.is_storage_read,
    patterns.has_storage_bytes,
    patterns.is_storage_known,
    patterns.keeps_attributes,
    COUNT(patterns.dialect) AS spans
FROM patterns
GROUP BY
    patterns.dialect,
    patterns.is_child,
    patterns.has_parent,
    patterns.is_timed_child,
    patterns.starts_in_parent,
    patterns.is_innermost,
    patterns.has_stage,
    patterns.is_retrieval,
    patterns.has_documents,
    patterns.is_storage_read,
    patterns.has_storage_bytes,
    patterns.is_storage_known,
    patterns.keeps_attributes
