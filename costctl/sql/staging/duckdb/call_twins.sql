-- call_twins: spans that are another account of a model call that is recorded elsewhere, by another recorder.
-- One row per span that is hung below the record it repeats.
-- reads: spans
--   span_row   BIGINT  of spans
--   outer_row  BIGINT  of the record of the same call that lies next nearer to the caller
--   joined_by  VARCHAR what shows that they are of one call
-- Two records of different recorders are of one call where they name the same answer and overlap in time, or where they lie
-- side by side below one parent, the first beside the first, take the same time to a tenth, and contradict each other in nothing. One
-- of the two is hung below the other; then one rule, that of wrappers, says which counts. By their answers, only a record
-- that has no parent of its own (a gateway's log, a server that was not handed the trace) or that lies beside the other is
-- moved. The one nearest to the caller has a parent, else is no log, else lasts longest. Clocks and logs may be a second
-- apart.
-- Where neither tells, records of one session are of one call that name the same model, count the same tokens and run at
-- the same time to a second, the first beside the first: an agent's events, its spans and its transcript. Only a record
-- that has no parent of its own and lies in another trace is moved. The output may leave out the reasoning in one of them;
-- the one that counts more lies further in, and counts.
-- Records of one call hang below each other in a row, so that one of them is the innermost.
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
        COALESCE(spans.model_served, spans.model_requested) AS answering_model,
        spans.session_id,
        spans.input_tokens,
        spans.output_tokens,
        spans.reasoning_tokens,
        spans.start_ns,
        COALESCE(spans.end_ns, spans.start_ns) AS end_ns,
        COALESCE(spans.dialect, '') || ' ' || COALESCE(spans.instrumentation, '') AS recorder,
        spans.instrumentation IS NULL OR spans.instrumentation LIKE '% (log)' AS is_log
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

of_answers AS (
    SELECT
        twin.span_row,
        nearest.span_row AS first_row,
        twin.place,
        ROW_NUMBER() OVER (PARTITION BY nearest.span_row, twin.recorder ORDER BY twin.place) AS copy
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

by_answer AS (
    SELECT
        of_answers.span_row,
        of_answers.first_row,
        of_answers.place,
        LAG(of_answers.span_row, 1, of_answers.first_row) OVER (
            PARTITION BY of_answers.first_row, of_answers.copy ORDER BY of_answers.place
        ) AS outer_row
    FROM of_answers
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
),

beside_only AS (
    SELECT
        side_by_side.span_row,
        side_by_side.outer_row
    FROM side_by_side
    ANTI JOIN by_answer ON side_by_side.span_row = by_answer.span_row
),

innermost AS (
    SELECT
        by_answer.first_row,
        ARG_MAX(by_answer.span_row, by_answer.place) AS last_row
    FROM by_answer
    GROUP BY by_answer.first_row
    UNION ALL
    SELECT
        beside_only.outer_row AS first_row,
        MAX(beside_only.span_row) AS last_row
    FROM beside_only
    ANTI JOIN by_answer ON beside_only.outer_row = by_answer.first_row
    GROUP BY beside_only.outer_row
),

shared_sessions AS (
    SELECT records.session_id
    FROM records
    WHERE records.session_id IS NOT NULL
    GROUP BY records.session_id
    HAVING MIN(records.recorder) < MAX(records.recorder)
),

in_sessions AS (
    SELECT
        records.span_row,
        records.session_id,
        records.trace_id,
        records.parent_span_id,
        records.recorder,
        records.is_log,
        records.start_ns,
        records.end_ns,
        records.input_tokens,
        records.output_tokens,
        LIST_DISTINCT([records.model, records.answering_model]) AS models,
        LIST_DISTINCT(
            [records.output_tokens, records.output_tokens - COALESCE(records.reasoning_tokens, 0)]
        ) AS outputs
    FROM records
    INNER JOIN shared_sessions ON records.session_id = shared_sessions.session_id
    ANTI JOIN by_answer ON records.span_row = by_answer.span_row
    ANTI JOIN beside_only ON records.span_row = beside_only.span_row
    WHERE
        records.model IS NOT NULL
        AND records.input_tokens + records.output_tokens > 0
        AND records.start_ns IS NOT NULL
),

by_model AS (
    SELECT
        in_sessions.span_row,
        UNNEST(in_sessions.models) AS model
    FROM in_sessions
),

by_output AS (
    SELECT
        in_sessions.span_row,
        UNNEST(in_sessions.outputs) AS output
    FROM in_sessions
),

apart AS (
    SELECT
        in_sessions.span_row,
        in_sessions.session_id,
        in_sessions.trace_id,
        in_sessions.recorder,
        in_sessions.is_log,
        in_sessions.start_ns,
        in_sessions.end_ns,
        in_sessions.input_tokens,
        in_sessions.output_tokens,
        by_model.model,
        by_output.output,
        parent.span_id IS NULL AS is_entry,
        COALESCE(
            in_sessions.start_ns > 1000000000 + MAX(in_sessions.end_ns) OVER (
                PARTITION BY in_sessions.session_id, by_model.model, in_sessions.input_tokens, by_output.output
                ORDER BY in_sessions.start_ns, in_sessions.span_row
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ),
            FALSE
        ) AS is_later
    FROM in_sessions
    INNER JOIN by_model ON in_sessions.span_row = by_model.span_row
    INNER JOIN by_output ON in_sessions.span_row = by_output.span_row
    LEFT JOIN spans AS parent
        ON in_sessions.trace_id = parent.trace_id AND in_sessions.parent_span_id = parent.span_id
),

at_once AS (
    SELECT
        apart.span_row,
        apart.session_id,
        apart.trace_id,
        apart.recorder,
        apart.is_log,
        apart.start_ns,
        apart.end_ns,
        apart.input_tokens,
        apart.output_tokens,
        apart.model,
        apart.output,
        apart.is_entry,
        SUM(CASE WHEN apart.is_later THEN 1 ELSE 0 END) OVER (
            PARTITION BY apart.session_id, apart.model, apart.input_tokens, apart.output
            ORDER BY apart.start_ns, apart.span_row
        ) AS moment
    FROM apart
),

counted AS (
    SELECT
        at_once.span_row,
        at_once.session_id,
        at_once.trace_id,
        at_once.recorder,
        at_once.is_log,
        at_once.start_ns,
        at_once.end_ns,
        at_once.input_tokens,
        at_once.output_tokens,
        at_once.model,
        at_once.output,
        at_once.is_entry,
        at_once.moment,
        ROW_NUMBER() OVER (
            PARTITION BY
                at_once.session_id, at_once.model, at_once.input_tokens, at_once.output, at_once.moment, at_once.recorder
            ORDER BY at_once.start_ns, at_once.span_row
        ) AS turn
    FROM at_once
),

lined_up AS (
    SELECT
        counted.span_row,
        counted.trace_id,
        counted.start_ns,
        counted.end_ns,
        counted.is_entry,
        LAG(counted.span_row) OVER nearer AS outer_row,
        LAG(counted.trace_id) OVER nearer AS outer_trace_id,
        LAG(counted.start_ns) OVER nearer AS outer_start_ns,
        LAG(counted.end_ns) OVER nearer AS outer_end_ns
    FROM counted
    WINDOW nearer AS (
        PARTITION BY
            counted.session_id, counted.model, counted.input_tokens, counted.output, counted.moment, counted.turn
        ORDER BY
            counted.is_entry,
            counted.is_log,
            counted.output_tokens,
            counted.end_ns > counted.start_ns,
            counted.end_ns - counted.start_ns DESC,
            counted.start_ns,
            counted.span_row
    )
),

by_session AS (
    SELECT
        lined_up.span_row,
        MIN(COALESCE(innermost.last_row, lined_up.outer_row)) AS outer_row
    FROM lined_up
    LEFT JOIN innermost ON lined_up.outer_row = innermost.first_row
    WHERE
        lined_up.outer_row IS NOT NULL
        AND lined_up.is_entry
        AND lined_up.trace_id <> lined_up.outer_trace_id
        AND lined_up.start_ns <= lined_up.outer_end_ns + 1000000000
        AND lined_up.outer_start_ns <= lined_up.end_ns + 1000000000
    GROUP BY lined_up.span_row
)

SELECT
    by_answer.span_row,
    by_answer.outer_row,
    'the id of their answer' AS joined_by
FROM by_answer
UNION ALL
SELECT
    beside_only.span_row,
    beside_only.outer_row,
    'place and time' AS joined_by
FROM beside_only
UNION ALL
SELECT
    by_session.span_row,
    by_session.outer_row,
    'session, model and tokens' AS joined_by
FROM by_session
