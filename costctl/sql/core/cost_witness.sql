-- cost_witness: what each call's own record says that it cost, beside what it is charged by price.
-- One row per call whose record names an amount.
-- reads: calls, charge, staged_spans
-- key: call_id
--   call_id          BIGINT
--   request_id       BIGINT
--   provider         VARCHAR
--   model            VARCHAR
--   pool             VARCHAR  NULL for calls to a provider; what a pool of your own takes has no price by the call
--   source           VARCHAR  dialect of the record that names the amount
--   recorded_usd     DOUBLE   USD, as it is recorded
--   usd              DOUBLE   USD by price, of all its charges; NULL where a part of them has no amount
--   known_usd        DOUBLE   USD by price, of the charges that have an amount; NULL where none has
--   unknown_charges  BIGINT   charges without an amount by price
--   difference_usd   DOUBLE   USD by price, less the recorded
--   has_unread_cache BOOLEAN  the record that counts has a number under a key of a cache that nothing reads
-- A call that several records tell of has one amount; what a span says that sums up several calls is none of theirs. An amount
-- that is charged as it was recorded cannot confirm itself: it counts as not priced.
WITH wrapping AS (
    SELECT
        staged_spans.leaf_call_id AS call_id,
        MAX(staged_spans.dialect) AS dialect
    FROM staged_spans
    WHERE staged_spans.leaf_calls = 1 AND staged_spans.recorded_usd IS NOT NULL
    GROUP BY staged_spans.leaf_call_id
),

charged AS (
    SELECT
        charge.call_id,
        SUM(CASE WHEN NOT charge.is_recorded THEN charge.usd END) AS known_usd,
        SUM(CASE WHEN charge.usd IS NULL OR charge.is_recorded THEN 1 ELSE 0 END) AS unknown_charges
    FROM charge
    WHERE charge.call_id IS NOT NULL
    GROUP BY charge.call_id
),

compared AS (
    SELECT
        calls.call_id,
        calls.request_id,
        calls.provider,
        calls.model,
        calls.pool,
        CASE
            WHEN spans.recorded_usd <> 0 THEN spans.dialect
            ELSE COALESCE(wrapping.dialect, spans.dialect)
        END AS source,
        calls.recorded_usd,
        CASE WHEN charged.unknown_charges = 0 THEN charged.known_usd END AS usd,
        charged.known_usd,
        charged.unknown_charges,
        spans.has_unread_cache
    FROM calls
    INNER JOIN staged_spans AS spans ON calls.call_id = spans.span_key
    LEFT JOIN wrapping ON calls.call_id = wrapping.call_id
    LEFT JOIN charged ON calls.call_id = charged.call_id
    WHERE calls.recorded_usd IS NOT NULL
)

SELECT
    compared.call_id,
    compared.request_id,
    compared.provider,
    compared.model,
    compared.pool,
    COALESCE(compared.source, 'unnamed') AS source,
    compared.recorded_usd,
    compared.usd,
    compared.known_usd,
    COALESCE(CAST(compared.unknown_charges AS BIGINT), 0) AS unknown_charges,
    compared.usd - compared.recorded_usd AS difference_usd,
    compared.has_unread_cache
FROM compared
