-- provider_day: what the calls to each provider are charged on each day, exactly.
-- One row per (provider, UTC day of the calls' start, binary place), of calls that no pool of your own took.
-- reads: calls, charge_parts
-- key: provider, day, power
--   provider          VARCHAR  NULL where calls name none
--   day               VARCHAR  YYYY-MM-DD; NULL where no start is known
--   power             BIGINT   the binary place, as in charge_parts
--   calls             BIGINT   counted on the rows of power 0
--   unpriced_charges  BIGINT   likewise, charges without an amount
--   usd               BIGINT   in 2^power USD; NULL where nothing has an amount
WITH counted AS (
    SELECT
        calls.provider,
        calls.day,
        0 AS power,
        1 AS calls,
        0 AS unpriced_charges,
        CAST(NULL AS BIGINT) AS usd
    FROM calls
    WHERE calls.pool IS NULL
    UNION ALL
    SELECT
        calls.provider,
        calls.day,
        parts.power,
        0 AS calls,
        parts.unpriced_charges,
        parts.usd
    FROM charge_parts AS parts
    INNER JOIN calls ON parts.call_id = calls.call_id
    WHERE calls.pool IS NULL
)

SELECT
    counted.provider,
    counted.day,
    CAST(counted.power AS BIGINT) AS power,
    CAST(SUM(counted.calls) AS BIGINT) AS calls,
    CAST(SUM(counted.unpriced_charges) AS BIGINT) AS unpriced_charges,
    CAST(SUM(counted.usd) AS BIGINT) AS usd
FROM counted
GROUP BY counted.provider, counted.day, counted.power
