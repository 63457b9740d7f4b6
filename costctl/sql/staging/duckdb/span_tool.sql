-- span_tool: the configured tool that each span is a run of.
-- One row per span that some tool takes.
-- reads: spans, span_tree, resources, tools, tool_matches
--   span_key  BIGINT
--   tool      VARCHAR  the first tool in the order of the configuration whose conditions all hold
-- Model calls are priced by their tokens or their time, and are no run of a tool.
-- Conditions are held against each combination of values once, however many spans have it.
WITH named AS (
    SELECT COALESCE(LIST(DISTINCT tool_matches.attribute ORDER BY tool_matches.attribute), []) AS attributes
    FROM tool_matches
),

candidates AS (
    SELECT
        span_tree.span_key,
        LIST_TRANSFORM(named.attributes, lambda attribute: COALESCE(
            CASE
                WHEN attribute IN ('service', 'service.name') THEN spans.service
                WHEN attribute = 'region' THEN spans.region
                WHEN attribute = 'name' THEN spans.name
                WHEN attribute = 'operation' THEN spans.operation
            END,
            spans.attributes[attribute],
            resources.attributes[attribute]
        )) AS observed
    FROM spans
    CROSS JOIN named
    INNER JOIN span_tree ON spans.rowid = span_tree.span_row
    LEFT JOIN resources ON spans.resource_id = resources.resource_id
    WHERE
        EXISTS (SELECT 1 FROM tools)
        AND COALESCE(
            spans.operation NOT IN ('chat', 'text_completion', 'generate_content', 'embeddings', 'rerank'), TRUE
        )
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
)

SELECT
    candidates.span_key,
    taken.tool
FROM candidates
INNER JOIN taken ON candidates.observed = taken.observed
