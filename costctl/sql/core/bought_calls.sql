-- bought_calls: what decides the bill of each call that is bought: its tokens by kind, as they are billed, and what it is sold as.
-- One row per call that no pool of your own takes.
-- reads: calls, call_address, call_outcome, call_pricing, token_counts, charge, requests, resources
-- key: call_id
--   call_id               BIGINT
--   request_id            BIGINT
--   request_class         VARCHAR
--   session_id            VARCHAR  NULL where none is named
--   operation             VARCHAR
--   provider              VARCHAR
--   model                 VARCHAR  served, else requested
--   replica               VARCHAR  the deployment or endpoint, to which a prompt cache belongs; NULL where not observed
--   tenant                VARCHAR
--   day                   VARCHAR  UTC day of the start, YYYY-MM-DD, by which tokens are priced
--   start_ns              BIGINT   ns UTC
--   end_ns                BIGINT   ns UTC
--   ttft_s                DOUBLE   s from start to the first token; NULL where not observed
--   service_tier          VARCHAR
--   inference_geo         VARCHAR
--   input_tokens          BIGINT   tokens, of all kinds; decides the band of prices
--   max_tokens            BIGINT   tokens
--   input                 BIGINT   tokens of text that were read afresh; NULL when not observed
--   cached_input          BIGINT   tokens; 0 where not observed
--   is_cache_observed     BOOLEAN  the call says how many of its tokens were read from a cache
--   cache_write           BIGINT   tokens, kept for five minutes
--   cache_write_1h        BIGINT   tokens, kept for an hour
--   output                BIGINT   tokens of text; NULL when not observed
--   reasoning             BIGINT   tokens that have a price of their own
--   is_input_billed       BOOLEAN
--   is_output_billed      BOOLEAN
--   is_generation         BOOLEAN
--   is_failed             BOOLEAN
--   is_wasted             BOOLEAN  the attempt failed, or was repeated
--   outcome               VARCHAR  success, or what kind of failure
--   attempt               BIGINT   as its source counts the attempts, from 1; NULL where it does not
--   place                 BIGINT   among all calls of its request, from 1, in the order of start
--   is_request_success    BOOLEAN  its request succeeded
--   usd                   DOUBLE   USD of its charges that have an amount; NULL where none has
--   other_usd             DOUBLE   USD of what is no token of text: sound, images, searches; as recorded
--   unpriced_charges      BIGINT   charges without an amount
-- The deployment is what the record itself calls it; else the server's address: a resource names who called, which no cache
-- of a provider is bound to.
WITH callers AS (
    SELECT DISTINCT resources.attributes['service.instance.id'] AS name
    FROM resources
    UNION
    SELECT DISTINCT resources.attributes['k8s.pod.name'] AS name
    FROM resources
    UNION
    SELECT DISTINCT resources.attributes['host.name'] AS name
    FROM resources
),

counted AS (
    SELECT
        token_counts.call_id,
        MAX(CASE WHEN token_counts.token_kind = 'input' THEN token_counts.tokens END) AS input,
        MAX(CASE WHEN token_counts.token_kind = 'cached_input' THEN token_counts.tokens END) AS cached_input,
        MAX(CASE WHEN token_counts.token_kind = 'cache_write' THEN token_counts.tokens END) AS cache_write,
        MAX(CASE WHEN token_counts.token_kind = 'cache_write_1h' THEN token_counts.tokens END) AS cache_write_1h,
        MAX(CASE WHEN token_counts.token_kind = 'output' THEN token_counts.tokens END) AS output,
        MAX(CASE WHEN token_counts.token_kind = 'reasoning' THEN token_counts.tokens END) AS reasoning
    FROM token_counts
    GROUP BY token_counts.call_id
),

charged AS (
    SELECT
        charge.call_id,
        SUM(charge.usd) AS usd,
        SUM(
            CASE
                WHEN charge.is_recorded OR charge.component <> 'api_tokens' THEN charge.usd
                WHEN charge.resource LIKE '%/input' OR charge.resource LIKE '%/cached_input' THEN NULL
                WHEN charge.resource LIKE '%/cache_write' OR charge.resource LIKE '%/cache_write_1h' THEN NULL
                WHEN charge.resource LIKE '%/output' OR charge.resource LIKE '%/reasoning' THEN NULL
                ELSE charge.usd
            END
        ) AS other_usd
    FROM charge
    WHERE charge.call_id IS NOT NULL
    GROUP BY charge.call_id
)

SELECT
    calls.call_id,
    calls.request_id,
    call_pricing.request_class,
    requests.session_id,
    calls.operation,
    calls.provider,
    calls.model,
    COALESCE(
        CASE WHEN calls.is_replica_observed AND callers.name IS NULL THEN calls.replica END, call_address.address
    ) AS replica,
    calls.tenant,
    calls.day,
    calls.start_ns,
    calls.end_ns,
    calls.ttft_s,
    calls.service_tier,
    calls.inference_geo,
    calls.input_tokens,
    calls.max_tokens,
    counted.input,
    COALESCE(counted.cached_input, 0) AS cached_input,
    calls.cached_input_tokens IS NOT NULL AS is_cache_observed,
    COALESCE(counted.cache_write, 0) AS cache_write,
    COALESCE(counted.cache_write_1h, 0) AS cache_write_1h,
    counted.output,
    COALESCE(counted.reasoning, 0) AS reasoning,
    call_outcome.is_input_billed,
    call_outcome.is_output_billed,
    calls.is_generation,
    calls.is_failed,
    call_pricing.is_wasted,
    call_outcome.outcome,
    calls.attempt,
    calls.place,
    requests.is_success AS is_request_success,
    charged.usd,
    COALESCE(charged.other_usd, 0) AS other_usd,
    call_pricing.unpriced_charges
FROM calls
INNER JOIN call_outcome ON calls.call_id = call_outcome.call_id
INNER JOIN requests ON calls.request_id = requests.request_id
INNER JOIN call_pricing ON calls.call_id = call_pricing.call_id
LEFT JOIN call_address ON calls.call_id = call_address.call_id
LEFT JOIN counted ON calls.call_id = counted.call_id
LEFT JOIN callers ON calls.replica = callers.name
LEFT JOIN charged ON calls.call_id = charged.call_id
WHERE calls.pool IS NULL
