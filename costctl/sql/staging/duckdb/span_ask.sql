-- span_ask: which tool a span runs, and a hash of what the tool or the model was asked.
-- One row per span that runs a tool or calls a model, in a request that started within the observation window.
-- reads: spans, span_tree
--   span_key  BIGINT
--   tool      VARCHAR  the tool's name, else the span's; NULL for a model call
--   asked     VARCHAR  hash of the arguments, or of all the messages; NULL where the source does not tell them
-- Empty arguments ({}, or its hash) say nothing: an SDK that must not record content writes them too.
WITH asked AS (
    SELECT
        span_tree.span_key,
        spans.operation = 'execute_tool' AS is_tool,
        COALESCE(
            spans.attributes['gen_ai.tool.name'],
            spans.attributes['tool.name'],
            spans.attributes['ai.toolCall.name'],
            spans.attributes['mcp.tool.name'],
            spans.attributes['traceloop.entity.name'],
            REGEXP_REPLACE(spans.name, '^(execute_tool|tools/call) ', '')
        ) AS tool,
        CASE
            WHEN spans.operation = 'execute_tool' THEN COALESCE(
                spans.attributes['gen_ai.tool.call.arguments'],
                spans.attributes['gen_ai.tool.args'],
                spans.attributes['ai.toolCall.args'],
                spans.attributes['gcp.vertex.agent.tool_call_args'],
                spans.attributes['traceloop.entity.input'],
                spans.attributes['langfuse.observation.input'],
                spans.attributes['input.value']
            )
            ELSE COALESCE(
                spans.attributes['gen_ai.input.messages'],
                spans.attributes['ai.prompt.messages'],
                spans.attributes['langfuse.observation.input'],
                spans.attributes['input.value']
            )
        END AS question
    FROM spans
    INNER JOIN span_tree ON spans.store_key = span_tree.store_key
    WHERE spans.is_model_call OR spans.operation = 'execute_tool'
)

SELECT
    asked.span_key,
    CASE WHEN asked.is_tool THEN asked.tool END AS tool,
    CASE
        WHEN asked.question IN ('', '{}', 'sha256:44136fa355b3678a') THEN CAST(NULL AS VARCHAR)
        ELSE MD5(asked.question)
    END AS asked
FROM asked
