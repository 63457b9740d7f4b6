-- window_excess: models of which calls report more input than the model can read at once.
-- One row per (provider, model).
-- reads: calls, model_limits
-- key: provider, model
--   provider              VARCHAR
--   model                 VARCHAR
--   context_window        BIGINT   tokens
--   calls                 BIGINT   that report more
--   largest_input_tokens  BIGINT   tokens
-- What an agent adds up, a batch, and a call during which its provider searched or ran code, is of several prompts.
SELECT
    calls.provider,
    calls.model,
    model_limits.context_window,
    COUNT(calls.call_id) AS calls,
    MAX(calls.input_tokens) AS largest_input_tokens
FROM calls
INNER JOIN model_limits
    ON calls.model = model_limits.model
    AND COALESCE(calls.provider, '') = COALESCE(model_limits.provider, '')
WHERE
    calls.operation IN ('chat', 'text_completion', 'generate_content')
    AND COALESCE(calls.batch_size, 1) <= 1
    AND COALESCE(calls.web_searches, calls.file_searches, calls.code_runs, 0) = 0
    AND calls.input_tokens > model_limits.context_window
GROUP BY calls.provider, calls.model, model_limits.context_window
