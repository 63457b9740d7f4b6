-- token_counts: how many tokens of each kind each call used, in kinds that do not overlap.
-- One row per (call, kind of token), for calls that no pool of your own takes.
-- reads: calls, call_outcome
-- kept as: view
--   call_id     BIGINT
--   token_kind  VARCHAR  input, input_audio, cached_input, cached_audio, cache_write, cache_write_1h, output, output_audio
--   tokens      BIGINT   tokens; NULL when not observed
--   is_billed   BOOLEAN  whether the outcome of the call lets its provider bill them
-- Over its kinds of input, a call's tokens sum to input_tokens, and over those of output to output_tokens.
WITH parts AS (
    SELECT
        calls.call_id,
        calls.is_generation,
        calls.uncached_tokens - COALESCE(calls.input_audio_tokens, 0) + COALESCE(calls.cached_audio_tokens, 0) AS input,
        calls.input_audio_tokens - COALESCE(calls.cached_audio_tokens, 0) AS input_audio,
        calls.cached_input_tokens - COALESCE(calls.cached_audio_tokens, 0) AS cached_input,
        calls.cached_audio_tokens AS cached_audio,
        calls.cache_write_tokens - COALESCE(calls.cache_write_1h_tokens, 0) AS cache_write,
        calls.cache_write_1h_tokens AS cache_write_1h,
        calls.output_tokens - COALESCE(calls.output_audio_tokens, 0) AS output,
        calls.output_audio_tokens AS output_audio,
        call_outcome.is_input_billed,
        call_outcome.is_output_billed
    FROM calls
    INNER JOIN call_outcome ON calls.call_id = call_outcome.call_id
    WHERE calls.pool IS NULL
)

SELECT parts.call_id, 'input' AS token_kind, parts.input AS tokens, parts.is_input_billed AS is_billed
FROM parts
UNION ALL
SELECT parts.call_id, 'input_audio' AS token_kind, parts.input_audio AS tokens, parts.is_input_billed AS is_billed
FROM parts
WHERE parts.input_audio > 0
UNION ALL
SELECT parts.call_id, 'cached_input' AS token_kind, parts.cached_input AS tokens, parts.is_input_billed AS is_billed
FROM parts
WHERE parts.cached_input > 0
UNION ALL
SELECT parts.call_id, 'cached_audio' AS token_kind, parts.cached_audio AS tokens, parts.is_input_billed AS is_billed
FROM parts
WHERE parts.cached_audio > 0
UNION ALL
SELECT parts.call_id, 'cache_write' AS token_kind, parts.cache_write AS tokens, parts.is_input_billed AS is_billed
FROM parts
WHERE parts.cache_write > 0
UNION ALL
SELECT parts.call_id, 'cache_write_1h' AS token_kind, parts.cache_write_1h AS tokens, parts.is_input_billed AS is_billed
FROM parts
WHERE parts.cache_write_1h > 0
UNION ALL
SELECT parts.call_id, 'output' AS token_kind, parts.output AS tokens, parts.is_output_billed AS is_billed
FROM parts
WHERE parts.is_generation
UNION ALL
SELECT parts.call_id, 'output_audio' AS token_kind, parts.output_audio AS tokens, parts.is_output_billed AS is_billed
FROM parts
WHERE parts.output_audio > 0
