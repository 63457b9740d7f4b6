-- cell_prompt: with which words the prompts of each class begin: the versions of its system prompt, by their hash.
-- One row per (class, first prefix) of calls whose prompt is known.
-- reads: call_prompt, request_cell
-- key: request_class, first_prefix
--   request_class     VARCHAR
--   first_prefix      VARCHAR  hash of tools and system prompt, or of the first block where the source hashes blocks
--   calls             BIGINT
--   first_request_id  BIGINT   the first request with it
SELECT
    request_cell.request_class,
    call_prompt.prefix_keys[1] AS first_prefix,
    COUNT(call_prompt.call_id) AS calls,
    MIN(call_prompt.request_id) AS first_request_id
FROM call_prompt
INNER JOIN request_cell ON call_prompt.request_id = request_cell.request_id
GROUP BY
    request_cell.request_class,
    call_prompt.prefix_keys[1]
