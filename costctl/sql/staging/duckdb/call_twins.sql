-- call_twins: spans that are another account of a model call that is recorded elsewhere, by another recorder.
-- One row per span that is hung below the record it repeats.
-- reads: spans
--   store_key        BIGINT   of spans
--   outer_store_key  BIGINT   of the record of the same call that lies next nearer to the caller
--   joined_by        VARCHAR  what shows that they are of one call
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
-- Records of one call hang below each other in a row, so that one of them is the innermost. What starts at once is in the
-- order of the ids.
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
        spans.store_key,
        spans.trace_id,
        spans.span_id,
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
        records.store_key,
        records.trace_id,
        records.span_id,
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
        placed.store_key,
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
                placed.is_entry,
                placed.is_log,
                placed.end_ns - placed.start_ns DESC,
                placed.start_ns,
                placed.trace_id,
                placed.span_id
        ) AS place
    FROM placed
),

of_answers AS (
    SELECT
        twin.store_key,
        nearest.store_key AS first_store_key,
        twin.place,
        ROW_NUMBER() OVER (PARTITION BY nearest.store_key, twin.recorder ORDER BY twin.place) AS copy
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
        of_answers.store_key,
        of_answers.first_store_key,
        of_answers.place,
        LAG(of_answers.store_key, 1, of_answers.first_store_key) OVER (
            PARTITION BY of_answers.first_store_key, of_answers.copy ORDER BY of_answers.place
        ) AS outer_store_key
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
        records.store_key,
        records.trace_id,
        records.span_id,
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
            ORDER BY records.start_ns, records.span_id
        ) AS place
    FROM records
    INNER JOIN families
        ON records.trace_id = families.trace_id
        AND records.parent_span_id = families.parent_span_id
        AND records.operation = families.operation
),

side_by_side AS (
    SELECT
        twin.store_key,
        twin.start_ns,
        twin.span_id,
        beside.store_key AS outer_store_key
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
        side_by_side.store_key,
        side_by_side.start_ns,
        side_by_side.span_id,
        side_by_side.outer_store_key
    FROM side_by_side
    ANTI JOIN by_answer ON side_by_side.store_key = by_answer.store_key
),

innermost AS (
    SELECT
        by_answer.first_store_key,
        ARG_MAX(by_answer.store_key, by_answer.place) AS last_store_key
    FROM by_answer
    GROUP BY by_answer.first_store_key
    UNION ALL
    SELECT
        beside_only.outer_store_key AS first_store_key,
        ARG_MAX(beside_only.store_key, (beside_only.start_ns, beside_only.span_id)) AS last_store_key
    FROM beside_only
    ANTI JOIN by_answer ON beside_only.outer_store_key = by_answer.first_store_key
    GROUP BY beside_only.outer_store_key
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
        records.store_key,
        records.session_id,
        records.trace_id,
        records.span_id,
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
    ANTI JOIN by_answer ON records.store_key = by_answer.store_key
    ANTI JOIN beside_only ON records.store_key = beside_only.store_key
    WHERE
        records.model IS NOT NULL
        AND records.input_tokens + records.output_tokens > 0
        AND records.start_ns IS NOT NULL
),

by_model AS (
    SELECT
        in_sessions.store_key,
        UNNEST(in_sessions.models) AS model
    FROM in_sessions
),

by_output AS (
    SELECT
        in_sessions.store_key,
        UNNEST(in_sessions.outputs) AS output
    FROM in_sessions
),

apart AS (
    SELECT
        in_sessions.store_key,
        in_sessions.session_id,
        in_sessions.trace_id,
        in_sessions.span_id,
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
                ORDER BY in_sessions.start_ns, in_sessions.trace_id, in_sessions.span_id
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ),
            FALSE
        ) AS is_later
    FROM in_sessions
    INNER JOIN by_model ON in_sessions.store_key = by_model.store_key
    INNER JOIN by_output ON in_sessions.store_key = by_output.store_key
    LEFT JOIN spans AS parent
        ON in_sessions.trace_id = parent.trace_id AND in_sessions.parent_span_id = parent.span_id
),

at_once AS (
    SELECT
        apart.store_key,
        apart.session_id,
        apart.trace_id,
        apart.span_id,
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
            ORDER BY apart.start_ns, apart.trace_id, apart.span_id
        ) AS moment
    FROM apart
),

counted AS (
    SELECT
        at_once.store_key,
        at_once.session_id,
        at_once.trace_id,
        at_once.span_id,
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
            ORDER BY at_once.start_ns, at_once.trace_id, at_once.span_id
        ) AS turn
    FROM at_once
),

lined_up AS (
    SELECT
        counted.store_key,
        counted.trace_id,
        counted.start_ns,
        counted.end_ns,
        counted.is_entry,
        LAG(counted.store_key) OVER nearer AS outer_store_key,
        LAG(counted.trace_id) OVER nearer AS outer_trace_id,
        LAG(counted.span_id) OVER nearer AS outer_span_id,
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
            counted.trace_id,
            counted.span_id
    )
),

by_session AS (
    SELECT
        lined_up.store_key,
        ARG_MIN(
            COALESCE(innermost.last_store_key, lined_up.outer_store_key),
            (lined_up.outer_start_ns, lined_up.outer_trace_id, lined_up.outer_span_id)
        ) AS outer_store_key
    FROM lined_up
    LEFT JOIN innermost ON lined_up.outer_store_key = innermost.first_store_key
    WHERE
        lined_up.outer_store_key IS NOT NULL
        AND lined_up.is_entry
        AND lined_up.trace_id <> lined_up.outer_trace_id
        AND lined_up.start_ns <= lined_up.outer_end_ns + 1000000000
        AND lined_up.outer_start_ns <= lined_up.end_ns + 1000000000
    GROUP BY lined_up.store_key
)

SELECT
    by_answer.store_key,
    by_answer.outer_store_key,
    'the id of their answer' AS joined_by
FROM by_answer
UNION ALL
SELECT
    beside_only.store_key,
    beside_only.outer_store_key,
    'place and time' AS joined_by
FROM beside_only
UNION ALL
SELECT
    by_session.store_key,
    by_session.outer_store_key,
    'session, model and tokens' AS joined_by
FROM by_session
