-- call_prompt: which calls began with the same words, and which asked the same: hashes of the prompt of each call.
-- One row per call of which a record has hashes of its prompt.
-- reads: spans, span_tree, call_records
-- key: call_id
--   call_id        BIGINT
--   request_id     BIGINT
--   content_key    VARCHAR    hash of the prompt and of what else decides the answer; NULL where the source hashes blocks
--   prefix_keys    VARCHAR[]  hashes of the prompt up to the end of the system prompt and of each message, or of each block
--   prefix_tokens  BIGINT[]   tokens up to each of them; NULL where not observed
--   prefix_blocks  BIGINT[]   content blocks of messages up to each of them; NULL where not known
-- Where several records of a call have hashes, those of the record that counts; else of the first recorder.
-- One prompt has one number of tokens: where calls of one content_key report numbers that differ by more than 10 and by
-- more than 1 %, what was exported is not all that was asked, and none of these calls has a row.
WITH told AS (
    SELECT
        call_records.call_id,
        call_records.request_id,
        spans.content_key,
        spans.prefix_keys,
        spans.prefix_tokens,
        spans.prefix_blocks,
        spans.input_tokens,
        ROW_NUMBER() OVER (
            PARTITION BY call_records.call_id
            ORDER BY call_records.is_counted DESC, spans.prefix_tokens IS NULL, call_records.span_key
        ) AS place
    FROM spans
    INNER JOIN span_tree ON spans.store_key = span_tree.store_key
    INNER JOIN call_records ON span_tree.span_key = call_records.span_key
    WHERE spans.prefix_keys IS NOT NULL AND call_records.call_id IS NOT NULL
),

contradicted AS (
    SELECT told.content_key
    FROM told
    WHERE told.place = 1 AND told.content_key IS NOT NULL AND told.input_tokens > 0
    GROUP BY told.content_key
    HAVING MAX(told.input_tokens) - MIN(told.input_tokens) > GREATEST(10, 0.01 * MAX(told.input_tokens))
)

SELECT
    told.call_id,
    told.request_id,
    told.content_key,
    told.prefix_keys,
    told.prefix_tokens,
    told.prefix_blocks
FROM told
LEFT JOIN contradicted ON told.content_key = contradicted.content_key
WHERE told.place = 1 AND contradicted.content_key IS NULL
