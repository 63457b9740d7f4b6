-- pool_prompt: what each call of a pool of your own asked, as hashes: who began alike, and who asked the same.
-- One row per call that a configured pool took and of which a record has hashes of its prompt.
-- reads: calls, call_prompt
-- key: call_id
--   call_id              BIGINT
--   tenant               VARCHAR    NULL for nobody's
--   is_failed            BOOLEAN
--   content_key          VARCHAR    hash of the prompt and of what else decides the answer; NULL where the source hashes blocks
--   prefix_keys          VARCHAR[]  hashes of the prompt up to the end of the system prompt and of each message, or of each block
--   prefix_tokens        BIGINT[]   tokens up to each of them; NULL where not observed
--   input_tokens         BIGINT     tokens of the whole prompt, cached ones included; NULL where not observed
--   cached_input_tokens  BIGINT     tokens that its replica had; NULL where not observed
SELECT
    calls.call_id,
    calls.tenant,
    calls.is_failed,
    call_prompt.content_key,
    call_prompt.prefix_keys,
    call_prompt.prefix_tokens,
    calls.input_tokens,
    calls.cached_input_tokens
FROM calls
INNER JOIN call_prompt ON calls.call_id = call_prompt.call_id
WHERE calls.pool IS NOT NULL
