-- span_tool: the configured tool that each span is a run of.
-- One row per span that some tool takes.
-- reads: spans, span_tree, resources, tools, tool_matches
--   span_key  BIGINT
--   tool      VARCHAR  the first tool in the order of the configuration whose conditions all hold
--   is_within BOOLEAN  a span above it is a run of the same tool, and so this is no further run
-- Model calls are priced by their tokens or their time, and are no run of a tool.
WITH RECURSIVE candidates AS (
    SELECT
        span_tree.span_key,
        MAP {
            'service': spans.service, 'service.name': spans.service, 'region': spans.region, 'name': spans.name,
            'operation': spans.operation
        } AS columns,
        spans.attributes AS attributes,
        resources.attributes AS emitter
    FROM spans
    INNER JOIN span_tree ON spans.rowid = span_tree.span_row
    LEFT JOIN resources ON spans.resource_id = resources.resource_id
    WHERE
        EXISTS (SELECT 1 FROM tools)
        AND COALESCE(
            spans.operation NOT IN ('chat', 'text_completion', 'generate_content', 'embeddings', 'rerank'), TRUE
        )
),

conditions AS (
    SELECT
        candidates.span_key,
        tool_matches.tool,
        BOOL_AND(COALESCE(COALESCE(
            candidates.columns[tool_matches.attribute],
            candidates.attributes[tool_matches.attribute],
            candidates.emitter[tool_matches.attribute]
        ) GLOB tool_matches.glob, FALSE)) AS is_met
    FROM candidates
    CROSS JOIN tool_matches
    GROUP BY candidates.span_key, tool_matches.tool
),

runs AS (
    SELECT
        conditions.span_key,
        ARG_MIN(tools.tool, tools.tool_order) AS tool
    FROM conditions
    INNER JOIN tools ON conditions.tool = tools.tool
    WHERE conditions.is_met
    GROUP BY conditions.span_key
),

above AS (
    SELECT
        runs.span_key,
        runs.tool,
        span_tree.parent_key AS above_key
    FROM runs
    INNER JOIN span_tree ON runs.span_key = span_tree.span_key
    UNION ALL
    SELECT
        above.span_key,
        above.tool,
        span_tree.parent_key AS above_key
    FROM above
    INNER JOIN span_tree ON above.above_key = span_tree.span_key
)

SELECT
    runs.span_key,
    runs.tool,
    EXISTS (
        SELECT 1
        FROM above
        INNER JOIN runs AS outer_runs ON above.above_key = outer_runs.span_key AND above.tool = outer_runs.tool
        WHERE above.span_key = runs.span_key
    ) AS is_within
FROM runs
