-- odd_operations: operations that costctl does not know, of records that count as model calls all the same.
-- One row per operation of the calls of requests that started within the observation window.
-- reads: staged_spans
--   operation  VARCHAR
--   calls      BIGINT   those that count
SELECT
    spans.operation,
    COUNT(spans.span_key) AS calls
FROM staged_spans AS spans
WHERE
    spans.is_leaf_model_call
    AND spans.operation NOT IN (
        'chat', 'text_completion', 'generate_content', 'embeddings', 'rerank', 'invoke_agent', 'create_agent',
        'invoke_workflow', 'execute_tool', 'retrieval', 'plan', 'evaluate', 'guardrail'
    )
GROUP BY spans.operation
ORDER BY calls DESC, spans.operation
