-- call_twins: spans that are another account of a model call that is recorded elsewhere, by another recorder.
-- One row per span that is hung below the record it repeats.
-- reads: spans
--   span_row   BIGINT  of spans
--   outer_row  BIGINT  of the record of the same call that lies nearest to the caller
-- Two records of different recorders are of one call where they name the same answer and overlap in time, or where they lie
-- side by side below one parent, the first beside the first, take the same time to a tenth, and contradict each other in nothing. One
-- of the two is hung below the other; then one rule, that of wrappers, says which counts. By their answers, only a record
-- that has no parent of its own (a gateway's log, a server that was not handed the trace) or that lies beside the other is
-- moved. The one nearest to the caller has a parent, else is no log, else lasts longest. Clocks and logs may be a second
-- apart.
-- Where there is but one recorder, nothing is read twice: that is found out first.
WITH recorders AS (
    SELECT DISTINCT
        spans.dialect,
        spans.instrumentation
    FROM spans
    WHERE
        spans.is_model_call
),

records AS (
    SELECT
        spans.rowid AS span_row,
        spans.trace_id,
        spans.parent_span_id,
        spans.response_id,
        spans.operation,
        COALESCE(spans.model_requested, spans.model_served) AS model,
        spans.input_tokens,
        spans.output_tokens,
        spans.start_ns,
        COALESCE(spans.end_ns, spans.start_ns) AS end_ns,
        COALESCE(spans.dialect, '') || ' ' || COALESCE(spans.instrumentation, '') AS recorder,
        spans.instrumentation IS NULL AS is_log
    FROM spans
    WHERE
        spans.is_model_call
        AND (SELECT COUNT(*) > 1 FROM recorders)
),

repeated AS (
    SELECT records.response_id
    FROM records
    WHERE records.response_id IS NOT NULL
    GROUP BY records.response_id
    HAVING MIN(records.recorder) < MAX(records.recorder)
),

placed AS (
    SELECT
        records.span_row,
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
        placed.span_row,
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
                placed.is_entry, placed.is_log, placed.end_ns - placed.start_ns DESC, placed.start_ns, placed.span_row
        ) AS place
    FROM placed
),

by_answer AS (
    SELECT
        twin.span_row,
        nearest.span_row AS outer_row
    FROM ranked AS twin
    INNER JOIN ranked AS nearest ON twin.response_id = nearest.response_id AND nearest.place = 1
    WHERE
        twin.place > 1
        AND twin.recorder <> nearest.recorder
        AND COALESCE(twin.start_ns <= nearest.end_ns + 1000000000, TRUE)
        AND COALESCE(nearest.start_ns <= twin.end_ns + 1000000000, TRUE)
        AND (
            (twin.is_entry AND twin.trace_id <> nearest.trace_id)
            OR (
                twin.trace_id = nearest.trace_id
                AND COALESCE(twin.parent_span_id, '') = COALESCE(nearest.parent_span_id, '')
            )
        )
),

families AS (
    SELECT
        records.trace_id,
        records.parent_span_id,
        records.operation,
        MIN(records.recorder) AS first_recorder
    FROM records
    WHERE records.parent_span_id IS NOT NULL
    GROUP BY records.trace_id, records.parent_span_id, records.operation
    HAVING MIN(records.recorder) < MAX(records.recorder)
),

siblings AS (
    SELECT
        records.span_row,
        records.trace_id,
        records.parent_span_id,
        records.operation,
        records.response_id,
        records.model,
        records.input_tokens,
        records.output_tokens,
        records.start_ns,
        records.end_ns,
        records.recorder = families.first_recorder AS is_first,
        ROW_NUMBER() OVER (
            PARTITION BY records.trace_id, records.parent_span_id, records.operation, records.recorder
            ORDER BY records.start_ns, records.span_row
        ) AS place
    FROM records
    INNER JOIN families
        ON records.trace_id = families.trace_id
        AND records.parent_span_id = families.parent_span_id
        AND records.operation = families.operation
),

side_by_side AS (
    SELECT
        twin.span_row,
        beside.span_row AS outer_row
    FROM siblings AS twin
    INNER JOIN siblings AS beside
        ON twin.trace_id = beside.trace_id
        AND twin.parent_span_id = beside.parent_span_id
        AND twin.operation = beside.operation
        AND twin.place = beside.place
    WHERE
        beside.is_first
        AND NOT twin.is_first
        AND (twin.response_id IS NULL OR beside.response_id IS NULL)
        AND COALESCE(twin.model = beside.model, TRUE)
        AND COALESCE(twin.input_tokens = beside.input_tokens, TRUE)
        AND COALESCE(twin.output_tokens = beside.output_tokens, TRUE)
        AND GREATEST(ABS(twin.start_ns - beside.start_ns), ABS(twin.end_ns - beside.end_ns))
        <= 50000000 + GREATEST(twin.end_ns - twin.start_ns, beside.end_ns - beside.start_ns) // 10
)

SELECT
    by_answer.span_row,
    by_answer.outer_row
FROM by_answer
UNION ALL
SELECT
    side_by_side.span_row,
    side_by_side.outer_row
FROM side_by_side
ANTI JOIN by_answer ON side_by_side.span_row = by_answer.span_row
