-- engine_samples: what each engine did between two of its reports, and how it stood at the second.
-- One row per (series, engine, model, moment) at which an engine reported how much it decoded, or just reported.
-- reads: engine_reports
-- key: series, engine, model, at_ns
--   series               VARCHAR  one engine, as in engine_reports
--   engine               VARCHAR  vllm, sglang; NULL where the source does not say
--   model                VARCHAR  NULL where the source does not say
--   replica_id           VARCHAR  NULL where the source does not say
--   source               VARCHAR  one of the files
--   at_ns                BIGINT   ns UTC
--   since_s              DOUBLE   s since the sample before; NULL for the first
--   running              DOUBLE   sequences running at that moment
--   waiting              DOUBLE   requests waiting at that moment
--   steps                DOUBLE   steps since the sample before; NULL for the first, after a reset, and where they are not counted
--   decoded_tokens       DOUBLE   tokens since the sample before; NULL for the first, and after a reset
--   prompt_tokens        DOUBLE   tokens since the sample before, cached ones included; NULL likewise
--   prefix_hit_tokens    DOUBLE   tokens of these that the prefix cache gave; NULL likewise
--   prefix_query_tokens  DOUBLE   tokens looked up in the prefix cache since the sample before; NULL likewise
--   preemptions          DOUBLE   sequences preempted since the sample before; NULL likewise
--   kv_usage_ratio       DOUBLE   part of the KV cache in use
--   kv_used_tokens       DOUBLE   tokens in the KV cache
--   is_reset             BOOLEAN  a counter went back: the engine was started again since the sample before
-- Counters are differenced, rates multiplied by the time since the sample before, amounts of all reports since then added.
WITH told AS (
    SELECT
        reports.series,
        reports.engine,
        reports.model,
        MAX(CASE WHEN reports.decoded_total IS NOT NULL THEN 1 ELSE 0 END) AS has_total,
        MAX(CASE WHEN reports.decoded_per_s IS NOT NULL THEN 1 ELSE 0 END) AS has_rate,
        MAX(CASE WHEN reports.decoded_tokens IS NOT NULL THEN 1 ELSE 0 END) AS has_amount,
        MAX(CASE WHEN reports.prompt_tokens IS NOT NULL THEN 1 ELSE 0 END) AS has_prompt_amount,
        MAX(CASE WHEN reports.prefix_hit_tokens IS NOT NULL THEN 1 ELSE 0 END) AS has_hit_amount,
        MAX(CASE WHEN reports.preemptions IS NOT NULL THEN 1 ELSE 0 END) AS has_preemption_amount
    FROM engine_reports AS reports
    GROUP BY reports.series, reports.engine, reports.model
),

added AS (
    SELECT
        reports.series,
        reports.engine,
        reports.model,
        reports.replica_id,
        reports.source,
        reports.at_ns,
        reports.running,
        reports.waiting,
        reports.kv_usage_ratio,
        reports.kv_used_tokens,
        reports.steps_total,
        reports.decoded_total,
        reports.decoded_per_s,
        reports.prompt_total,
        reports.prompt_per_s,
        reports.prefix_hits_total,
        reports.prefix_queries_total,
        reports.preemptions_total,
        CASE WHEN told.has_amount = 1
            THEN SUM(COALESCE(reports.decoded_tokens, 0.0)) OVER (PARTITION BY reports.series, reports.engine, reports.model ORDER BY reports.at_ns)
        END AS decoded_tokens_so_far,
        CASE WHEN told.has_prompt_amount = 1
            THEN SUM(COALESCE(reports.prompt_tokens, 0.0)) OVER (PARTITION BY reports.series, reports.engine, reports.model ORDER BY reports.at_ns)
        END AS prompt_tokens_so_far,
        CASE WHEN told.has_hit_amount = 1
            THEN SUM(COALESCE(reports.prefix_hit_tokens, 0.0)) OVER (PARTITION BY reports.series, reports.engine, reports.model ORDER BY reports.at_ns)
        END AS prefix_hit_tokens_so_far,
        CASE WHEN told.has_preemption_amount = 1
            THEN SUM(COALESCE(reports.preemptions, 0.0)) OVER (PARTITION BY reports.series, reports.engine, reports.model ORDER BY reports.at_ns)
        END AS preemptions_so_far,
        CASE
            WHEN told.has_total = 1 THEN reports.decoded_total IS NOT NULL
            WHEN told.has_rate = 1 THEN reports.decoded_per_s IS NOT NULL
            WHEN told.has_amount = 1 THEN reports.decoded_tokens IS NOT NULL
            ELSE reports.running IS NOT NULL
        END AS is_sample
    FROM engine_reports AS reports
    INNER JOIN told
        ON reports.series = told.series
        AND COALESCE(reports.engine, '') = COALESCE(told.engine, '')
        AND COALESCE(reports.model, '') = COALESCE(told.model, '')
    WHERE reports.at_ns IS NOT NULL
),

paired AS (
    SELECT
        added.series,
        added.engine,
        added.model,
        added.replica_id,
        added.source,
        added.at_ns,
        added.running,
        added.waiting,
        added.kv_usage_ratio,
        added.kv_used_tokens,
        added.steps_total,
        added.decoded_total,
        added.prompt_total,
        added.prefix_hits_total,
        added.prefix_queries_total,
        added.preemptions_total,
        added.decoded_per_s,
        added.prompt_per_s,
        added.decoded_tokens_so_far,
        added.prompt_tokens_so_far,
        added.prefix_hit_tokens_so_far,
        added.preemptions_so_far,
        LAG(added.at_ns) OVER (PARTITION BY added.series, added.engine, added.model ORDER BY added.at_ns) AS before_ns,
        LAG(added.steps_total) OVER (PARTITION BY added.series, added.engine, added.model ORDER BY added.at_ns) AS steps_total_before,
        LAG(added.decoded_total) OVER (PARTITION BY added.series, added.engine, added.model ORDER BY added.at_ns) AS decoded_total_before,
        LAG(added.prompt_total) OVER (PARTITION BY added.series, added.engine, added.model ORDER BY added.at_ns) AS prompt_total_before,
        LAG(added.prefix_hits_total) OVER (PARTITION BY added.series, added.engine, added.model ORDER BY added.at_ns) AS prefix_hits_total_before,
        LAG(added.prefix_queries_total) OVER (PARTITION BY added.series, added.engine, added.model ORDER BY added.at_ns) AS prefix_queries_total_before,
        LAG(added.preemptions_total) OVER (PARTITION BY added.series, added.engine, added.model ORDER BY added.at_ns) AS preemptions_total_before,
        LAG(added.decoded_tokens_so_far) OVER (PARTITION BY added.series, added.engine, added.model ORDER BY added.at_ns) AS decoded_tokens_so_far_before,
        LAG(added.prompt_tokens_so_far) OVER (PARTITION BY added.series, added.engine, added.model ORDER BY added.at_ns) AS prompt_tokens_so_far_before,
        LAG(added.prefix_hit_tokens_so_far) OVER (PARTITION BY added.series, added.engine, added.model ORDER BY added.at_ns) AS prefix_hit_tokens_so_far_before,
        LAG(added.preemptions_so_far) OVER (PARTITION BY added.series, added.engine, added.model ORDER BY added.at_ns) AS preemptions_so_far_before
    FROM added
    WHERE added.is_sample
),

timed AS (
    SELECT
        paired.series,
        paired.engine,
        paired.model,
        paired.replica_id,
        paired.source,
        paired.at_ns,
        paired.running,
        paired.waiting,
        paired.kv_usage_ratio,
        paired.kv_used_tokens,
        CAST(paired.at_ns - paired.before_ns AS DOUBLE) / 1e9 AS since_s,
        CASE WHEN paired.steps_total >= paired.steps_total_before THEN paired.steps_total - paired.steps_total_before END AS steps_counted,
        CASE WHEN paired.decoded_total >= paired.decoded_total_before THEN paired.decoded_total - paired.decoded_total_before END AS decoded_counted,
        CASE WHEN paired.prompt_total >= paired.prompt_total_before THEN paired.prompt_total - paired.prompt_total_before END AS prompt_counted,
        CASE WHEN paired.prefix_hits_total >= paired.prefix_hits_total_before THEN paired.prefix_hits_total - paired.prefix_hits_total_before END AS prefix_hits_counted,
        CASE WHEN paired.prefix_queries_total >= paired.prefix_queries_total_before THEN paired.prefix_queries_total - paired.prefix_queries_total_before END AS prefix_queries_counted,
        CASE WHEN paired.preemptions_total >= paired.preemptions_total_before THEN paired.preemptions_total - paired.preemptions_total_before END AS preemptions_counted,
        paired.decoded_per_s,
        paired.prompt_per_s,
        paired.decoded_tokens_so_far - paired.decoded_tokens_so_far_before AS decoded_tokens_added,
        paired.prompt_tokens_so_far - paired.prompt_tokens_so_far_before AS prompt_tokens_added,
        paired.prefix_hit_tokens_so_far - paired.prefix_hit_tokens_so_far_before AS prefix_hit_tokens_added,
        paired.preemptions_so_far - paired.preemptions_so_far_before AS preemptions_added,
        paired.decoded_total IS NOT NULL AS has_decoded_total,
        paired.prompt_total IS NOT NULL AS has_prompt_total,
        COALESCE(paired.decoded_total < paired.decoded_total_before OR paired.prompt_total < paired.prompt_total_before, FALSE) AS is_reset
    FROM paired
)

SELECT
    timed.series,
    timed.engine,
    timed.model,
    timed.replica_id,
    timed.source,
    timed.at_ns,
    timed.since_s,
    timed.running,
    timed.waiting,
    CASE WHEN NOT timed.is_reset THEN timed.steps_counted END AS steps,
    CASE
        WHEN timed.is_reset THEN NULL
        WHEN timed.has_decoded_total THEN timed.decoded_counted
        ELSE COALESCE(timed.decoded_per_s * timed.since_s, timed.decoded_tokens_added)
    END AS decoded_tokens,
    CASE
        WHEN timed.is_reset THEN NULL
        WHEN timed.has_prompt_total THEN timed.prompt_counted
        ELSE COALESCE(timed.prompt_per_s * timed.since_s, timed.prompt_tokens_added)
    END AS prompt_tokens,
    CASE WHEN NOT timed.is_reset THEN COALESCE(timed.prefix_hits_counted, timed.prefix_hit_tokens_added) END
        AS prefix_hit_tokens,
    CASE WHEN NOT timed.is_reset THEN timed.prefix_queries_counted END AS prefix_query_tokens,
    CASE WHEN NOT timed.is_reset THEN COALESCE(timed.preemptions_counted, timed.preemptions_added) END AS preemptions,
    timed.kv_usage_ratio,
    timed.kv_used_tokens,
    timed.is_reset
FROM timed
