-- unit_charge: what a provider bills of each call by another unit than the token.
-- One row per (call, unit), for calls that no pool of your own takes.
-- reads: calls, call_outcome, unit_prices, price_gaps
-- kept as: view
--   call_id       BIGINT
--   request_id    BIGINT
--   resource      VARCHAR  provider/model/what is counted
--   quantity      DOUBLE   of the unit, that is billed; 0 where the outcome is not
--   unit          VARCHAR  searches, runs, requests, characters, s
--   usd_per_unit  DOUBLE   USD; NULL when there is no price
--   is_billed     BOOLEAN
--   note          VARCHAR  why there is no amount; NULL where there is one
-- Searches and runs of code are due wherever there were any; a fee for the request where the model has one; characters and
-- sound where the model is sold by them, or where the call counts nothing else. Some are billed up to so many a call, or from.
WITH counted AS (
    SELECT calls.call_id, 'web_searches' AS unit_kind, 'searches' AS unit, CAST(calls.web_searches AS DOUBLE) AS quantity
    FROM calls
    WHERE calls.web_searches > 0
    UNION ALL
    SELECT calls.call_id, 'file_searches' AS unit_kind, 'searches' AS unit, CAST(calls.file_searches AS DOUBLE) AS quantity
    FROM calls
    WHERE calls.file_searches > 0
    UNION ALL
    SELECT calls.call_id, 'code_runs' AS unit_kind, 'runs' AS unit, CAST(calls.code_runs AS DOUBLE) AS quantity
    FROM calls
    WHERE calls.code_runs > 0
    UNION ALL
    SELECT calls.call_id, 'requests' AS unit_kind, 'requests' AS unit, CAST(1 AS DOUBLE) AS quantity
    FROM calls
    WHERE calls.model IN (SELECT unit_prices.model FROM unit_prices WHERE unit_prices.unit_kind = 'requests')
    UNION ALL
    SELECT
        calls.call_id,
        'input_characters' AS unit_kind,
        'characters' AS unit,
        CAST(calls.input_characters AS DOUBLE) AS quantity
    FROM calls
    WHERE calls.input_characters > 0
    UNION ALL
    SELECT calls.call_id, 'input_audio_s' AS unit_kind, 's' AS unit, calls.input_audio_s AS quantity
    FROM calls
    WHERE calls.input_audio_s > 0
    UNION ALL
    SELECT calls.call_id, 'output_audio_s' AS unit_kind, 's' AS unit, calls.output_audio_s AS quantity
    FROM calls
    WHERE calls.output_audio_s > 0
)

SELECT
    calls.call_id,
    calls.request_id,
    COALESCE(calls.provider, 'provider not observed') || '/' || COALESCE(calls.model, 'model not observed')
        || '/' || counted.unit_kind AS resource,
    CASE
        WHEN NOT call_outcome.is_input_billed THEN 0.0
        WHEN counted.quantity < unit_prices.fewest THEN unit_prices.fewest
        WHEN counted.quantity > unit_prices.most THEN unit_prices.most
        ELSE counted.quantity
    END AS quantity,
    counted.unit,
    unit_prices.usd_per_unit,
    call_outcome.is_input_billed AS is_billed,
    CASE
        WHEN NOT call_outcome.is_input_billed THEN NULL
        WHEN calls.model IS NULL THEN 'the model was not observed'
        WHEN calls.day IS NULL THEN 'the day of the call was not observed'
        WHEN unit_prices.usd_per_unit IS NOT NULL THEN NULL
        WHEN price_gaps.reason IS NOT NULL THEN price_gaps.reason
        ELSE 'no price for ' || counted.unit_kind || ' of ' || calls.model
    END AS note
FROM counted
INNER JOIN calls ON counted.call_id = calls.call_id
INNER JOIN call_outcome ON counted.call_id = call_outcome.call_id
LEFT JOIN unit_prices
    ON calls.model = unit_prices.model
    AND COALESCE(calls.provider, '') = COALESCE(unit_prices.provider, '')
    AND calls.day = unit_prices.day
    AND calls.service_tier = unit_prices.service_tier
    AND calls.inference_geo = unit_prices.inference_geo
    AND counted.unit_kind = unit_prices.unit_kind
LEFT JOIN price_gaps
    ON calls.model = price_gaps.model
    AND COALESCE(calls.provider, '') = COALESCE(price_gaps.provider, '')
    AND calls.day = price_gaps.day
    AND calls.service_tier = price_gaps.service_tier
    AND calls.inference_geo = price_gaps.inference_geo
WHERE
    calls.pool IS NULL
    AND (
        counted.unit_kind IN ('web_searches', 'file_searches', 'code_runs')
        OR unit_prices.usd_per_unit IS NOT NULL
        OR counted.unit_kind <> 'requests' AND COALESCE(calls.input_tokens, calls.output_tokens) IS NULL
    )
