-- engine_series: the engines that told of themselves, and what they said of their limits.
-- One row per (series, engine, model) with a sample.
-- reads: engine_samples, engine_reports
-- key: series, engine, model
--   series              VARCHAR  one engine, as in engine_reports
--   engine              VARCHAR  NULL where the source does not say
--   model               VARCHAR  NULL where the source does not say
--   replica_id          VARCHAR  NULL where the source does not say
--   source              VARCHAR  one of the files
--   samples             BIGINT
--   first_ns            BIGINT   ns UTC
--   last_ns             BIGINT   ns UTC
--   resets              BIGINT   times that its counters went back
--   most_running        DOUBLE   sequences
--   most_waiting        DOUBLE   requests
--   decoded_tokens      DOUBLE   tokens, of the samples that tell; NULL where none does
--   prompt_tokens       DOUBLE   tokens, likewise
--   prefix_hit_tokens   DOUBLE   tokens, likewise
--   preemptions         DOUBLE   likewise
--   most_kv_usage_ratio DOUBLE   largest part of the KV cache that was in use
--   reported_kv_tokens  DOUBLE   tokens that the KV cache holds, as the engine, or the description of its run, says
--   max_num_seqs        DOUBLE   sequences, as it says
--   max_batched_tokens  DOUBLE   tokens of a step, as it says
-- A file that tells of settings alone speaks for the engines of its folder.
WITH settings AS (
    SELECT
        engine_reports.series,
        MAX(engine_reports.kv_tokens) AS kv_tokens,
        MAX(engine_reports.max_num_seqs) AS max_num_seqs,
        MAX(engine_reports.max_batched_tokens) AS max_batched_tokens
    FROM engine_reports
    GROUP BY engine_reports.series
),

sampled AS (
    SELECT
        samples.series,
        samples.engine,
        samples.model,
        MAX(samples.replica_id) AS replica_id,
        MIN(samples.source) AS source,
        COUNT(samples.at_ns) AS samples,
        MIN(samples.at_ns) AS first_ns,
        MAX(samples.at_ns) AS last_ns,
        COUNT(CASE WHEN samples.is_reset THEN 1 END) AS resets,
        MAX(samples.running) AS most_running,
        MAX(samples.waiting) AS most_waiting,
        SUM(samples.decoded_tokens) AS decoded_tokens,
        SUM(samples.prompt_tokens) AS prompt_tokens,
        SUM(samples.prefix_hit_tokens) AS prefix_hit_tokens,
        SUM(samples.preemptions) AS preemptions,
        MAX(samples.kv_usage_ratio) AS most_kv_usage_ratio
    FROM engine_samples AS samples
    GROUP BY samples.series, samples.engine, samples.model
)

SELECT
    sampled.series,
    sampled.engine,
    sampled.model,
    sampled.replica_id,
    sampled.source,
    sampled.samples,
    sampled.first_ns,
    sampled.last_ns,
    sampled.resets,
    sampled.most_running,
    sampled.most_waiting,
    sampled.decoded_tokens,
    sampled.prompt_tokens,
    sampled.prefix_hit_tokens,
    sampled.preemptions,
    sampled.most_kv_usage_ratio,
    COALESCE(own.kv_tokens, of_run.kv_tokens) AS reported_kv_tokens,
    COALESCE(own.max_num_seqs, of_run.max_num_seqs) AS max_num_seqs,
    COALESCE(own.max_batched_tokens, of_run.max_batched_tokens) AS max_batched_tokens
FROM sampled
INNER JOIN settings AS own ON sampled.series = own.series
LEFT JOIN settings AS of_run ON REGEXP_REPLACE(sampled.source, '[^/\\]*$', '') = of_run.series
