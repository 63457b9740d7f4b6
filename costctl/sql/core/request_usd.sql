-- request_usd: what each request is charged, all its attempts together.
-- One row per request that used anything.
-- reads: charge
-- key: request_id
--   request_id        BIGINT
--   usd               DOUBLE   USD of all that is priced; NULL where nothing is
--   direct_usd        DOUBLE   USD of what is no accelerator time: tokens, reads and bytes; NULL where none of that is priced
--   retry_tax_usd     DOUBLE   USD of attempts that failed or were repeated; NULL where none of that is priced
--   charges           BIGINT
--   unpriced_charges  BIGINT   charges without an amount
SELECT
    charge.request_id,
    SUM(charge.usd) AS usd,
    SUM(CASE WHEN charge.component <> 'accelerator' THEN charge.usd END) AS direct_usd,
    SUM(CASE WHEN charge.is_wasted THEN charge.usd END) AS retry_tax_usd,
    COUNT(charge.component) AS charges,
    COUNT(charge.component) - COUNT(charge.usd) AS unpriced_charges
FROM charge
GROUP BY charge.request_id
