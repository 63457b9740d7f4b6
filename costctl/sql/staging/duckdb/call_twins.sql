-- call_twins: spans that are another account of a model call that is recorded elsewhere, by another recorder.
-- One row per span that is hung below the record it repeats.
-- reads: spans
--   span_key             VARCHAR
--   outer_key            VARCHAR  the record of the same call that lies nearest to the caller
-- Two records are of one call where they name the same answer, by different recorders, and overlap in time. One that has
-- no parent of its own (a gateway's log, a server that was not handed the trace), or that lies beside the other, is hung
-- below it; then one rule, that of wrappers, says which counts. The one nearest to the caller has a parent, else is no
-- log, else lasts longest. Clocks and logs may be a second apart.
WITH records AS (
    SELECT
        spans.trace_id || ':' || spans.span_id AS span_key,
        spans.trace_id,
        spans.parent_span_id,
        spans.response_id,
        spans.start_ns,
        COALESCE(spans.end_ns, spans.start_ns) AS end_ns,
        COALESCE(spans.dialect, '') || ' ' || COALESCE(spans.instrumentation, '') AS recorder,
        spans.instrumentation IS NULL AS is_log
    FROM spans
    WHERE
        spans.response_id IS NOT NULL
        AND spans.operation IN ('chat', 'text_completion', 'generate_content', 'embeddings', 'rerank')
),

repeated AS (
    SELECT records.response_id
    FROM records
    GROUP BY records.response_id
    HAVING COUNT(DISTINCT records.recorder) > 1
),

placed AS (
    SELECT
        records.span_key,
        records.trace_id,
        records.parent_span_id,
        records.response_id,
        records.start_ns,
        records.end_ns,
        records.recorder,
        records.is_log,
        parent.span_id IS NULL AS is_entry
    FROM records
    INNER JOIN repeated ON records.response_id = repeated.response_id
    LEFT JOIN spans AS parent
        ON records.trace_id = parent.trace_id AND records.parent_span_id = parent.span_id
),

ranked AS (
    SELECT
        placed.span_key,
        placed.trace_id,
        placed.parent_span_id,
        placed.response_id,
        placed.start_ns,
        placed.end_ns,
        placed.recorder,
        placed.is_entry,
        ROW_NUMBER() OVER (
            PARTITION BY placed.response_id
            ORDER BY
                placed.is_entry, placed.is_log, placed.end_ns - placed.start_ns DESC, placed.start_ns, placed.span_key
        ) AS place
    FROM placed
)

SELECT
    twin.span_key,
    nearest.span_key AS outer_key
FROM ranked AS twin
INNER JOIN ranked AS nearest ON twin.response_id = nearest.response_id AND nearest.place = 1
WHERE
    twin.place > 1
    AND twin.recorder <> nearest.recorder
    AND twin.start_ns <= nearest.end_ns + 1000000000
    AND nearest.start_ns <= twin.end_ns + 1000000000
    AND (
        (twin.is_entry AND twin.trace_id <> nearest.trace_id)
        OR (
            twin.trace_id = nearest.trace_id
            AND COALESCE(twin.parent_span_id, '') = COALESCE(nearest.parent_span_id, '')
        )
    )
