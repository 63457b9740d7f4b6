-- declared_tools: the spans whose model call was handed tools to choose from.
-- One row per span that declares tools.
-- reads: spans, span_tree
--   span_key  BIGINT
-- Some keys are of one attribute for all tools, others of one for each tool. What is in them is content, and is not read.
SELECT
    span_tree.span_key
FROM spans
INNER JOIN span_tree ON spans.store_key = span_tree.store_key
WHERE
    LEN(LIST_FILTER(
        MAP_KEYS(spans.attributes),
        lambda key: key IN ('gen_ai.tool.definitions', 'gen_ai.request.tools', 'llm.openai.tools', 'ai.prompt.tools')
            OR key LIKE 'llm.tools.%' OR key LIKE 'llm.request.functions.%'
    )) > 0
