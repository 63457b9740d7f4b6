-- charge_parts: each charge in whole numbers of powers of two, of which sums are exact, whatever the order of the rows.
-- One row per (charge, binary place).
-- reads: charge, binary_places
-- kept as: view
--   request_id        BIGINT
--   call_id           BIGINT   NULL for what no call caused
--   tenant            VARCHAR  NULL for nobody's
--   component         VARCHAR
--   resource          VARCHAR
--   unit              VARCHAR
--   usd_per_unit      DOUBLE   USD; NULL when there is no price
--   is_recorded       BOOLEAN
--   is_wasted         BOOLEAN
--   power             BIGINT   the place: its digits count 2^power
--   charges           BIGINT   1 at power 0, else 0: so that a sum over all rows counts each charge once
--   unpriced_charges  BIGINT   likewise, of charges without an amount
--   quantity          BIGINT   in 2^power of the unit; NULL where it was not observed
--   usd               BIGINT   in 2^power USD; NULL where there is no amount
-- An amount or a quantity that is no finite number, or 1e30 and more, is none.
-- x = Σ part · 2^power over the places of x, down to 2^-128. Sums of parts are sums of whole numbers, and those of two parts
-- of a trace can be added; costctl/stats/exact_sums.py puts them together and rounds once.
WITH known AS (
    SELECT
        charge.request_id,
        charge.call_id,
        charge.tenant,
        charge.component,
        charge.resource,
        charge.unit,
        charge.usd_per_unit,
        charge.is_recorded,
        charge.is_wasted,
        CASE WHEN ABS(charge.quantity) < 1e30 THEN charge.quantity END AS quantity,
        CASE WHEN ABS(charge.usd) < 1e30 THEN charge.usd END AS usd
    FROM charge
)

SELECT
    known.request_id,
    known.call_id,
    known.tenant,
    known.component,
    known.resource,
    known.unit,
    known.usd_per_unit,
    known.is_recorded,
    known.is_wasted,
    places.power,
    CAST(CASE WHEN places.power = 0 THEN 1 ELSE 0 END AS BIGINT) AS charges,
    CAST(CASE WHEN places.power = 0 AND known.usd IS NULL THEN 1 ELSE 0 END AS BIGINT) AS unpriced_charges,
    CAST(
        FLOOR(
            FLOOR(known.quantity * places.factor)
            - FLOOR(known.quantity * places.factor / 4294967296.0) * places.carried
        ) AS BIGINT
    ) AS quantity,
    CAST(
        FLOOR(
            FLOOR(known.usd * places.factor)
            - FLOOR(known.usd * places.factor / 4294967296.0) * places.carried
        ) AS BIGINT
    ) AS usd
FROM known
CROSS JOIN binary_places AS places
