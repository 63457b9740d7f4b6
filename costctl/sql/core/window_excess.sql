-- window_excess: models of which calls report more input than the model can read at once, and what these calls carry.
-- One row per (provider, model).
-- reads: oversized_calls
-- key: provider, model
--   provider              VARCHAR
--   model                 VARCHAR
--   context_window        BIGINT   tokens
--   is_of_model           BOOLEAN  the window is the model's own, else the widest of the price book
--   calls                 BIGINT   that report more
--   largest_input_tokens  BIGINT   tokens
--   usd                   DOUBLE   USD of these calls; NULL where nothing of them is priced
SELECT
    oversized_calls.provider,
    oversized_calls.model,
    oversized_calls.context_window,
    oversized_calls.is_of_model,
    COUNT(oversized_calls.call_id) AS calls,
    MAX(oversized_calls.input_tokens) AS largest_input_tokens,
    SUM(oversized_calls.usd ORDER BY oversized_calls.call_id) AS usd
FROM oversized_calls
GROUP BY
    oversized_calls.provider, oversized_calls.model, oversized_calls.context_window, oversized_calls.is_of_model
