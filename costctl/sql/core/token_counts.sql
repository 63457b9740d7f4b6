-- token_counts: how many tokens of each kind each call used, in kinds that do not overlap.
-- One row per (call, kind of token), for calls that no pool of your own takes.
-- reads: calls, call_outcome, token_prices
-- kept as: view
--   call_id     BIGINT
--   token_kind  VARCHAR  input, cached_input, output, and their audio, image, video; cache_write, cache_write_1h, reasoning
--   tokens      BIGINT   tokens; NULL when not observed
--   is_billed   BOOLEAN  whether the outcome of the call lets its provider bill them
-- Over its kinds of input, a call's tokens sum to input_tokens, and over those of output to output_tokens. What no modality
-- is said of is text. Where more is audio, image or video than was read afresh, the rest came out of the cache, said or not,
-- else went into it: the fewest cached ones that there can be. The sums up to audio, to image, to video are cut off at what
-- there is, so that no kind is negative. Reasoning is apart only where it has a price of its own. A call that is sold by
-- another unit, and says no tokens, has none.
WITH reported AS (
    SELECT
        calls.call_id,
        calls.is_generation,
        COALESCE(calls.input_characters, calls.input_audio_s, calls.output_audio_s) IS NULL AS is_sold_by_token,
        calls.uncached_tokens AS uncached,
        COALESCE(calls.cached_input_tokens, 0) AS cached,
        calls.cache_write_tokens,
        calls.cache_write_1h_tokens,
        calls.output_tokens,
        call_outcome.is_input_billed,
        call_outcome.is_output_billed,
        COALESCE(calls.input_audio_tokens, 0) AS audio,
        COALESCE(calls.input_image_tokens, 0) AS image,
        COALESCE(calls.input_video_tokens, 0) AS video,
        COALESCE(calls.cached_audio_tokens, 0) AS cached_audio,
        COALESCE(calls.cached_image_tokens, 0) AS cached_image,
        COALESCE(calls.cached_video_tokens, 0) AS cached_video,
        COALESCE(calls.output_audio_tokens, 0) AS output_audio,
        COALESCE(calls.output_image_tokens, 0) AS output_image,
        COALESCE(calls.output_video_tokens, 0) AS output_video,
        CASE WHEN apart.model IS NULL THEN 0 ELSE COALESCE(calls.reasoning_tokens, 0) END AS reasoning
    FROM calls
    INNER JOIN call_outcome ON calls.call_id = call_outcome.call_id
    LEFT JOIN token_prices AS apart
        ON calls.model = apart.model
        AND COALESCE(calls.provider, '') = COALESCE(apart.provider, '')
        AND calls.day = apart.day
        AND calls.service_tier = apart.service_tier
        AND calls.inference_geo = apart.inference_geo
        AND apart.token_kind = 'reasoning'
        AND apart.from_input_tokens = 0
    WHERE calls.pool IS NULL
),

summed AS (
    SELECT
        reported.call_id,
        reported.is_generation,
        reported.is_sold_by_token,
        reported.uncached,
        reported.cached,
        reported.cache_write_tokens,
        reported.cache_write_1h_tokens,
        reported.output_tokens,
        reported.is_input_billed,
        reported.is_output_billed,
        reported.audio AS to_audio,
        reported.audio + reported.image AS to_image,
        reported.audio + reported.image + reported.video AS to_video,
        reported.audio - reported.cached_audio AS fresh_to_audio,
        reported.audio - reported.cached_audio + reported.image - reported.cached_image AS fresh_to_image,
        reported.audio - reported.cached_audio + reported.image - reported.cached_image
        + reported.video - reported.cached_video AS fresh_to_video,
        reported.output_audio AS output_to_audio,
        reported.output_audio + reported.output_image AS output_to_image,
        reported.output_audio + reported.output_image + reported.output_video AS output_to_video,
        reported.output_audio + reported.output_image + reported.output_video + reported.reasoning AS output_to_reasoning
    FROM reported
),

cut AS (
    SELECT
        summed.call_id,
        summed.is_generation,
        summed.is_sold_by_token,
        summed.uncached,
        summed.cached,
        summed.cache_write_tokens,
        summed.cache_write_1h_tokens,
        summed.output_tokens,
        summed.is_input_billed,
        summed.is_output_billed,
        summed.to_audio,
        summed.to_image,
        summed.to_video,
        CASE
            WHEN summed.fresh_to_audio > summed.uncached THEN summed.uncached
            ELSE summed.fresh_to_audio
        END AS fresh_to_audio,
        CASE
            WHEN summed.fresh_to_image > summed.uncached THEN summed.uncached
            ELSE summed.fresh_to_image
        END AS fresh_to_image,
        CASE
            WHEN summed.fresh_to_video > summed.uncached THEN summed.uncached
            ELSE summed.fresh_to_video
        END AS fresh_to_video,
        CASE
            WHEN summed.output_to_audio > summed.output_tokens THEN summed.output_tokens
            ELSE summed.output_to_audio
        END AS output_to_audio,
        CASE
            WHEN summed.output_to_image > summed.output_tokens THEN summed.output_tokens
            ELSE summed.output_to_image
        END AS output_to_image,
        CASE
            WHEN summed.output_to_video > summed.output_tokens THEN summed.output_tokens
            ELSE summed.output_to_video
        END AS output_to_video,
        CASE
            WHEN summed.output_to_reasoning > summed.output_tokens THEN summed.output_tokens
            ELSE summed.output_to_reasoning
        END AS output_to_reasoning
    FROM summed
),

kept AS (
    SELECT
        cut.call_id,
        cut.is_generation,
        cut.is_sold_by_token,
        cut.uncached,
        cut.cached,
        cut.cache_write_tokens,
        cut.cache_write_1h_tokens,
        cut.output_tokens,
        cut.is_input_billed,
        cut.is_output_billed,
        cut.fresh_to_audio,
        cut.fresh_to_image,
        cut.fresh_to_video,
        cut.output_to_audio,
        cut.output_to_image,
        cut.output_to_video,
        cut.output_to_reasoning,
        CASE
            WHEN cut.to_audio - cut.fresh_to_audio > cut.cached THEN cut.cached
            ELSE cut.to_audio - cut.fresh_to_audio
        END AS cached_to_audio,
        CASE
            WHEN cut.to_image - cut.fresh_to_image > cut.cached THEN cut.cached
            ELSE cut.to_image - cut.fresh_to_image
        END AS cached_to_image,
        CASE
            WHEN cut.to_video - cut.fresh_to_video > cut.cached THEN cut.cached
            ELSE cut.to_video - cut.fresh_to_video
        END AS cached_to_video
    FROM cut
),

parts AS (
    SELECT
        kept.call_id,
        kept.is_generation,
        kept.is_sold_by_token,
        kept.is_input_billed,
        kept.is_output_billed,
        kept.uncached - kept.fresh_to_video AS input,
        kept.fresh_to_audio AS input_audio,
        kept.fresh_to_image - kept.fresh_to_audio AS input_image,
        kept.fresh_to_video - kept.fresh_to_image AS input_video,
        kept.cached - kept.cached_to_video AS cached_input,
        kept.cached_to_audio AS cached_audio,
        kept.cached_to_image - kept.cached_to_audio AS cached_image,
        kept.cached_to_video - kept.cached_to_image AS cached_video,
        kept.cache_write_tokens - COALESCE(kept.cache_write_1h_tokens, 0) AS cache_write,
        kept.cache_write_1h_tokens AS cache_write_1h,
        kept.output_tokens - kept.output_to_reasoning AS output,
        kept.output_to_audio AS output_audio,
        kept.output_to_image - kept.output_to_audio AS output_image,
        kept.output_to_video - kept.output_to_image AS output_video,
        kept.output_to_reasoning - kept.output_to_video AS reasoning
    FROM kept
)

SELECT parts.call_id, 'input' AS token_kind, parts.input AS tokens, parts.is_input_billed AS is_billed
FROM parts
WHERE parts.input IS NOT NULL OR parts.is_sold_by_token
UNION ALL
SELECT parts.call_id, 'input_audio' AS token_kind, parts.input_audio AS tokens, parts.is_input_billed AS is_billed
FROM parts
WHERE parts.input_audio > 0
UNION ALL
SELECT parts.call_id, 'input_image' AS token_kind, parts.input_image AS tokens, parts.is_input_billed AS is_billed
FROM parts
WHERE parts.input_image > 0
UNION ALL
SELECT parts.call_id, 'input_video' AS token_kind, parts.input_video AS tokens, parts.is_input_billed AS is_billed
FROM parts
WHERE parts.input_video > 0
UNION ALL
SELECT parts.call_id, 'cached_input' AS token_kind, parts.cached_input AS tokens, parts.is_input_billed AS is_billed
FROM parts
WHERE parts.cached_input > 0
UNION ALL
SELECT parts.call_id, 'cached_audio' AS token_kind, parts.cached_audio AS tokens, parts.is_input_billed AS is_billed
FROM parts
WHERE parts.cached_audio > 0
UNION ALL
SELECT parts.call_id, 'cached_image' AS token_kind, parts.cached_image AS tokens, parts.is_input_billed AS is_billed
FROM parts
WHERE parts.cached_image > 0
UNION ALL
SELECT parts.call_id, 'cached_video' AS token_kind, parts.cached_video AS tokens, parts.is_input_billed AS is_billed
FROM parts
WHERE parts.cached_video > 0
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
WHERE parts.is_generation AND (parts.output IS NOT NULL OR parts.is_sold_by_token)
UNION ALL
SELECT parts.call_id, 'output_audio' AS token_kind, parts.output_audio AS tokens, parts.is_output_billed AS is_billed
FROM parts
WHERE parts.output_audio > 0
UNION ALL
SELECT parts.call_id, 'output_image' AS token_kind, parts.output_image AS tokens, parts.is_output_billed AS is_billed
FROM parts
WHERE parts.output_image > 0
UNION ALL
SELECT parts.call_id, 'output_video' AS token_kind, parts.output_video AS tokens, parts.is_output_billed AS is_billed
FROM parts
WHERE parts.output_video > 0
UNION ALL
SELECT parts.call_id, 'reasoning' AS token_kind, parts.reasoning AS tokens, parts.is_output_billed AS is_billed
FROM parts
WHERE parts.reasoning > 0
