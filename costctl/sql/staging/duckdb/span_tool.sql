-- span_tool: the configured tool that each span is a run of.
-- One row per span that some tool takes.
-- reads: spans, span_tree, resources, tools, tool_matches
--   span_key  BIGINT
--   tool      VARCHAR  the first tool in the order of the configuration whose conditions all hold
--   is_within BOOLEAN  a span above it is a run of the same tool, and so this is no further run
-- Model calls are priced by their tokens or their time, and are no run of a tool. What a span does not say may stand among
-- its attributes; `operation` is a word of costctl's own, and does not. Conditions are held against each combination of
-- values once, however many spans have it.
WITH RECURSIVE named AS (
    SELECT COALESCE(LIST(DISTINCT tool_matches.attribute ORDER BY tool_matches.attribute), []) AS attributes
    FROM tool_matches
),

candidates AS (
    SELECT
        spans.store_key,
        LIST_TRANSFORM(named.attributes, lambda attribute: CASE
            WHEN attribute = 'operation' THEN spans.operation
            ELSE COALESCE(
                CASE
                    WHEN attribute IN ('service', 'service.name') THEN spans.service
                    WHEN attribute = 'region' THEN spans.region
                    WHEN attribute = 'name' THEN spans.name
                END,
                spans.attributes[attribute],
                resources.attributes[attribute]
            )
        END) AS observed
    FROM spans
    CROSS JOIN named
    LEFT JOIN resources ON spans.resource_id = resources.resource_id
    WHERE
        EXISTS (SELECT 1 FROM tools)
        AND NOT COALESCE(spans.is_model_call, FALSE)
),

kinds AS (
    SELECT DISTINCT candidates.observed
    FROM candidates
),

conditions AS (
    SELECT
        kinds.observed,
        tool_matches.tool,
        BOOL_AND(COALESCE(
            kinds.observed[LIST_POSITION(named.attributes, tool_matches.attribute)] GLOB tool_matches.glob, FALSE
        )) AS is_met
    FROM kinds
    CROSS JOIN named
    CROSS JOIN tool_matches
    GROUP BY kinds.observed, tool_matches.tool
),

taken AS (
    SELECT
        conditions.observed,
        ARG_MIN(tools.tool, tools.tool_order) AS tool
    FROM conditions
    INNER JOIN tools ON conditions.tool = tools.tool
    WHERE conditions.is_met
    GROUP BY conditions.observed
),

runs AS (
    SELECT
        span_tree.span_key,
        span_tree.request_id,
        taken.tool
    FROM candidates
    INNER JOIN taken ON candidates.observed = taken.observed
    INNER JOIN span_tree ON candidates.store_key = span_tree.store_key
),

several AS (
    SELECT DISTINCT runs.request_id
    FROM runs
    GROUP BY runs.request_id, runs.tool
    HAVING COUNT(runs.span_key) > 1
),

tree AS (
    SELECT
        span_tree.span_key,
        span_tree.parent_key
    FROM span_tree
    INNER JOIN several ON span_tree.request_id = several.request_id
),

above AS (
    SELECT
        runs.span_key,
        runs.tool,
        tree.parent_key AS above_key
    FROM runs
    INNER JOIN tree ON runs.span_key = tree.span_key
    UNION ALL
    SELECT
        above.span_key,
        above.tool,
        tree.parent_key AS above_key
    FROM above
    INNER JOIN tree ON above.above_key = tree.span_key
),

inner_runs AS (
    SELECT DISTINCT above.span_key
    FROM above
    INNER JOIN runs ON above.above_key = runs.span_key AND above.tool = runs.tool
)

SELECT
    runs.span_key,
    runs.tool,
    inner_runs.span_key IS NOT NULL AS is_within
FROM runs
LEFT JOIN inner_runs ON runs.span_key = inner_runs.span_key
