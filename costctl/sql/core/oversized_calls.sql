-- oversized_calls: calls that report more input than their model can read at once.
-- One row per call.
-- reads: calls, charge, model_limits
-- key: call_id
--   call_id         BIGINT
--   request_id      BIGINT
--   provider        VARCHAR
--   model           VARCHAR
--   context_window  BIGINT   tokens that the model can read; where nobody knows, the widest window of the price book
--   is_of_model     BOOLEAN  the window is the model's own
--   input_tokens    BIGINT   tokens, as reported
--   usd             DOUBLE   USD of the call; NULL where nothing of it is priced
-- What an agent adds up, a batch, and a call during which its provider searched or ran code, is of several prompts.
WITH oversized AS (
    SELECT
        calls.call_id,
        calls.request_id,
        calls.provider,
        calls.model,
        model_limits.context_window,
        model_limits.is_of_model,
        calls.input_tokens
    FROM calls
    INNER JOIN model_limits
        ON calls.model = model_limits.model
        AND COALESCE(calls.provider, '') = COALESCE(model_limits.provider, '')
    WHERE
        calls.operation IN ('chat', 'text_completion', 'generate_content')
        AND COALESCE(calls.batch_size, 1) <= 1
        AND COALESCE(calls.web_searches, calls.file_searches, calls.code_runs, 0) = 0
        AND calls.input_tokens > model_limits.context_window
),

charged AS (
    SELECT
        charge.call_id,
        SUM(charge.usd ORDER BY charge.component, charge.resource) AS usd
    FROM charge
    WHERE charge.call_id IN (SELECT oversized.call_id FROM oversized)
    GROUP BY charge.call_id
)

SELECT
    oversized.call_id,
    oversized.request_id,
    oversized.provider,
    oversized.model,
    oversized.context_window,
    oversized.is_of_model,
    oversized.input_tokens,
    charged.usd
FROM oversized
LEFT JOIN charged ON oversized.call_id = charged.call_id
