-- span_tool: the configured tool that each span is a run of.
-- One row per span that some tool takes.
-- reads: spans, span_tree, resources, tools, tool_matches
--   span_key  BIGINT
--   tool      VARCHAR  the first tool in the order of the configuration whose conditions all hold
--   is_within BOOLEAN  a span above it is a run of the same tool, and so this is no further run
-- Model calls are priced by their tokens or their time, and are no run of a tool.
-- What spans of one name, operation, service and region cannot be is told once for all of them. What a span does not say
-- may stand among its attributes; `operation` is a word of costctl's own, and does not.
WITH RECURSIVE shapes AS (
    SELECT DISTINCT
        spans.service,
        spans.region,
        spans.name,
        spans.operation
    FROM spans
    WHERE
        EXISTS (SELECT 1 FROM tools)
        AND COALESCE(
            spans.operation NOT IN ('chat', 'text_completion', 'generate_content', 'embeddings', 'rerank'), TRUE
        )
),

columned AS (
    SELECT
        shapes.service,
        shapes.region,
        shapes.name,
        shapes.operation,
        MAP {
            'service': shapes.service, 'service.name': shapes.service, 'region': shapes.region, 'name': shapes.name,
            'operation': shapes.operation
        } AS columns
    FROM shapes
),

possible AS (
    SELECT
        columned.service,
        columned.region,
        columned.name,
        columned.operation,
        columned.columns,
        tool_matches.tool
    FROM columned
    CROSS JOIN tool_matches
    GROUP BY columned.service, columned.region, columned.name, columned.operation, columned.columns, tool_matches.tool
    HAVING BOOL_AND(COALESCE(columned.columns[tool_matches.attribute] GLOB tool_matches.glob, tool_matches.attribute <> 'operation'))
),

candidates AS (
    SELECT
        span_tree.span_key,
        possible.tool,
        possible.columns,
        spans.attributes,
        resources.attributes AS emitter
    FROM spans
    INNER JOIN possible
        ON spans.service IS NOT DISTINCT FROM possible.service
        AND spans.region IS NOT DISTINCT FROM possible.region
        AND spans.name IS NOT DISTINCT FROM possible.name
        AND spans.operation IS NOT DISTINCT FROM possible.operation
    INNER JOIN span_tree ON spans.rowid = span_tree.span_row
    LEFT JOIN resources ON spans.resource_id = resources.resource_id
),

conditions AS (
    SELECT
        candidates.span_key,
        candidates.tool,
        BOOL_AND(COALESCE(COALESCE(
            candidates.columns[tool_matches.attribute],
            candidates.attributes[tool_matches.attribute],
            candidates.emitter[tool_matches.attribute]
        ) GLOB tool_matches.glob, FALSE)) AS is_met
    FROM candidates
    INNER JOIN tool_matches ON candidates.tool = tool_matches.tool
    GROUP BY candidates.span_key, candidates.tool
),

runs AS (
    SELECT
        conditions.span_key,
        span_tree.request_id,
        ARG_MIN(tools.tool, tools.tool_order) AS tool
    FROM conditions
    INNER JOIN tools ON conditions.tool = tools.tool
    INNER JOIN span_tree ON conditions.span_key = span_tree.span_key
    WHERE conditions.is_met
    GROUP BY conditions.span_key, span_tree.request_id
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
