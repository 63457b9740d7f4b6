-- call_phase: when each call held its replica, and with which weight it shared each instant.
-- One row per timed call that held a replica for some time.
-- reads: calls, pools
-- kept as: view
--   call_id            BIGINT
--   replica            VARCHAR
--   busy_from_ns       BIGINT   ns UTC
--   first_token_ns     BIGINT   ns UTC; NULL where prefill and decode weigh alike, or the first token was not observed
--   end_ns             BIGINT   ns UTC
--   first_milliweight  BIGINT   thousandths; until the first token, or throughout where that is NULL
--   last_milliweight   BIGINT   thousandths; from the first token on
-- A call whose first token was not observed has the weight of decode where it generates, else that of prefill; one whose
-- first token came at its end, that of prefill. Weights are whole thousandths so that their sums are exact, and 0 when the
-- last call has ended.
WITH weighted AS (
    SELECT
        calls.call_id,
        calls.replica,
        calls.busy_from_ns,
        calls.end_ns,
        calls.is_generation,
        COALESCE(pools.prefill_milliweight, 1000) AS prefill_milliweight,
        COALESCE(pools.decode_milliweight, 1000) AS decode_milliweight,
        CASE
            WHEN pools.prefill_milliweight <> pools.decode_milliweight AND calls.is_generation
                THEN calls.start_ns + CAST(FLOOR(calls.ttft_s * 1e9) AS BIGINT)
        END AS first_token_ns
    FROM calls
    LEFT JOIN pools ON calls.pool = pools.pool
    WHERE calls.busy_from_ns < calls.end_ns
),

split AS (
    SELECT
        weighted.call_id,
        weighted.replica,
        weighted.busy_from_ns,
        weighted.end_ns,
        weighted.is_generation,
        weighted.prefill_milliweight,
        weighted.decode_milliweight,
        COALESCE(weighted.first_token_ns >= weighted.end_ns, FALSE) AS is_prefill_alone,
        CASE
            WHEN weighted.first_token_ns > weighted.busy_from_ns AND weighted.first_token_ns < weighted.end_ns
                THEN weighted.first_token_ns
        END AS first_token_ns
    FROM weighted
)

SELECT
    split.call_id,
    split.replica,
    split.busy_from_ns,
    split.first_token_ns,
    split.end_ns,
    CASE
        WHEN split.first_token_ns IS NULL AND split.is_generation AND NOT split.is_prefill_alone
            THEN split.decode_milliweight
        ELSE split.prefill_milliweight
    END AS first_milliweight,
    split.decode_milliweight AS last_milliweight
FROM split
