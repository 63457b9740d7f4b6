-- token_charge: what the tokens of each call cost at the provider's price.
-- One row per (call, kind of token), for calls that no pool of your own takes.
-- reads: calls, token_counts, token_prices, price_gaps
-- kept as: view
--   call_id        BIGINT
--   request_id     BIGINT
--   resource       VARCHAR  provider/model/kind of token
--   tokens         BIGINT   tokens that are billed; 0 where the outcome is not, NULL when not observed
--   usd_per_token  DOUBLE   USD; NULL when there is no price
--   is_billed      BOOLEAN
--   note           VARCHAR  why there is no amount; NULL where there is one
-- A price that is the same for every length of the prompt holds also where the length was not observed. Of a model for sound
-- that sells sound apart from text, tokens have no price where nobody says which of them were sound.
WITH sound AS (
    SELECT
        COALESCE(token_prices.provider, '') AS provider,
        token_prices.model,
        token_prices.token_kind,
        COUNT(token_prices.usd_per_token) AS prices
    FROM token_prices
    WHERE
        token_prices.token_kind IN ('input_audio', 'output_audio')
        AND (
            token_prices.model LIKE '%audio%'
            OR token_prices.model LIKE '%realtime%'
            OR token_prices.model LIKE '%transcribe%'
        )
    GROUP BY COALESCE(token_prices.provider, ''), token_prices.model, token_prices.token_kind
)

SELECT
    calls.call_id,
    calls.request_id,
    COALESCE(calls.provider, 'provider not observed') || '/' || COALESCE(calls.model, 'model not observed')
        || '/' || token_counts.token_kind AS resource,
    CASE WHEN token_counts.is_billed THEN token_counts.tokens ELSE CAST(0 AS BIGINT) END AS tokens,
    token_prices.usd_per_token,
    token_counts.is_billed,
    CASE
        WHEN NOT token_counts.is_billed THEN NULL
        WHEN token_counts.tokens IS NULL THEN 'tokens were not observed'
        WHEN calls.model IS NULL THEN 'the model was not observed'
        WHEN calls.day IS NULL THEN 'the day of the call was not observed'
        WHEN sound.prices > 0 THEN 'how many of the tokens were sound, which has its own price, was not observed'
        WHEN token_prices.usd_per_token IS NOT NULL THEN NULL
        WHEN price_gaps.reason IS NOT NULL THEN price_gaps.reason
        WHEN calls.input_tokens IS NULL THEN 'the length of the prompt, which decides the price, was not observed'
        ELSE 'no price for ' || token_counts.token_kind || ' of ' || calls.model
    END AS note
FROM token_counts
INNER JOIN calls ON token_counts.call_id = calls.call_id
LEFT JOIN token_prices
    ON calls.model = token_prices.model
    AND COALESCE(calls.provider, '') = COALESCE(token_prices.provider, '')
    AND calls.day = token_prices.day
    AND calls.service_tier = token_prices.service_tier
    AND calls.inference_geo = token_prices.inference_geo
    AND token_counts.token_kind = token_prices.token_kind
    AND (token_prices.from_input_tokens = 0 OR calls.input_tokens >= token_prices.from_input_tokens)
    AND (token_prices.below_input_tokens IS NULL OR calls.input_tokens < token_prices.below_input_tokens)
LEFT JOIN price_gaps
    ON calls.model = price_gaps.model
    AND COALESCE(calls.provider, '') = COALESCE(price_gaps.provider, '')
    AND calls.day = price_gaps.day
    AND calls.service_tier = price_gaps.service_tier
    AND calls.inference_geo = price_gaps.inference_geo
LEFT JOIN sound
    ON calls.model = sound.model
    AND COALESCE(calls.provider, '') = sound.provider
    AND token_counts.token_kind || '_audio' = sound.token_kind
    AND (
        sound.token_kind = 'input_audio' AND calls.input_audio_tokens IS NULL
        OR sound.token_kind = 'output_audio' AND calls.output_audio_tokens IS NULL
    )
