-- span_tree: which request each span belongs to, how deep it lies, and whether it is the model call that counts.
-- One row per span of a request that started within the observation window.
-- reads: staged_spans, observation_window
--   span_key            VARCHAR
--   request_id          VARCHAR  key of the request's entry span
--   depth               BIGINT   0 for an entry
--   is_leaf_model_call  BOOLEAN  a model call with no model call below it: wrappers do not count twice
-- An entry has no parent, or one that was never exported; orphans of one lost parent are one request. Spans that only
-- a cycle of parents holds together form a request of their own, so that none is lost. A request of which no time was
-- recorded is in the window that has no bounds.
WITH RECURSIVE entries AS (
    SELECT
        child.span_key,
        child.trace_id,
        child.start_ns,
        COALESCE(child.parent_key, child.span_key) AS family
    FROM staged_spans AS child
    LEFT JOIN staged_spans AS parent ON child.parent_key = parent.span_key
    WHERE parent.span_key IS NULL
),

entry_requests AS (
    SELECT
        entries.span_key,
        FIRST_VALUE(entries.span_key) OVER (
            PARTITION BY entries.trace_id, entries.family
            ORDER BY entries.start_ns, entries.span_key
        ) AS request_id
    FROM entries
),

children AS (
    SELECT
        staged_spans.span_key,
        staged_spans.parent_key
    FROM staged_spans
    WHERE staged_spans.parent_key IS NOT NULL
),

descent AS (
    SELECT
        entry_requests.span_key,
        entry_requests.request_id,
        CAST(0 AS BIGINT) AS depth
    FROM entry_requests
    UNION ALL
    SELECT
        children.span_key,
        descent.request_id,
        descent.depth + 1 AS depth
    FROM descent
    INNER JOIN children ON descent.span_key = children.parent_key
),

unreached AS (
    SELECT
        staged_spans.span_key,
        FIRST_VALUE(staged_spans.span_key) OVER (
            PARTITION BY staged_spans.trace_id
            ORDER BY staged_spans.start_ns, staged_spans.span_key
        ) AS request_id
    FROM staged_spans
    LEFT JOIN descent ON staged_spans.span_key = descent.span_key
    WHERE descent.span_key IS NULL
),

placed AS (
    SELECT
        descent.span_key,
        descent.request_id,
        descent.depth
    FROM descent
    UNION ALL
    SELECT
        unreached.span_key,
        unreached.request_id,
        CAST(0 AS BIGINT) AS depth
    FROM unreached
),

wrappers AS (
    SELECT staged_spans.parent_key AS span_key
    FROM staged_spans
    WHERE staged_spans.is_model_call AND staged_spans.parent_key IS NOT NULL
    UNION
    SELECT children.parent_key AS span_key
    FROM wrappers
    INNER JOIN children ON wrappers.span_key = children.span_key
)

SELECT
    placed.span_key,
    placed.request_id,
    placed.depth,
    spans.is_model_call AND wrappers.span_key IS NULL AS is_leaf_model_call
FROM placed
INNER JOIN staged_spans AS spans ON placed.span_key = spans.span_key
INNER JOIN staged_spans AS entry ON placed.request_id = entry.span_key
INNER JOIN observation_window
    ON (entry.start_ns >= observation_window.since_ns AND entry.start_ns < observation_window.until_ns)
    OR (entry.start_ns IS NULL AND NOT observation_window.is_bounded)
LEFT JOIN wrappers ON placed.span_key = wrappers.span_key
