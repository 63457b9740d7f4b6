-- engine_reports: what each engine reported at each moment, from whatever files it stands in.
-- One row per (series, engine, model, moment) of which a report lies within the observation window.
-- reads: engine_readings, sources, observation_window
--   series              VARCHAR  one engine: its replica, else the file of its reports, of files of a single report their folder
--   engine              VARCHAR  NULL where the source does not say
--   model               VARCHAR  NULL where the source does not say
--   replica_id          VARCHAR  NULL where the source does not say
--   source              VARCHAR  one of the files
--   at_ns               BIGINT   ns UTC
--   running             DOUBLE   sequences
--   waiting             DOUBLE   requests
--   steps_total         DOUBLE   steps since the engine started
--   decoded_total       DOUBLE   tokens since the engine started
--   decoded_tokens      DOUBLE   tokens since the report before
--   decoded_per_s       DOUBLE   tokens/s since the report before
--   prompt_total        DOUBLE   tokens since the engine started
--   prompt_tokens       DOUBLE   tokens since the report before
--   prompt_per_s        DOUBLE   tokens/s since the report before
--   prefix_hits_total   DOUBLE   tokens since the engine started
--   prefix_hit_tokens   DOUBLE   tokens since the report before
--   prefix_queries_total DOUBLE  tokens since the engine started
--   preemptions_total   DOUBLE   since the engine started
--   preemptions         DOUBLE   since the report before
--   kv_usage_ratio      DOUBLE   part of the KV cache in use; NULL where it is 0 though sequences run
--   kv_used_tokens      DOUBLE   tokens
--   kv_tokens           DOUBLE   tokens that the cache holds, as reported
--   max_num_seqs        DOUBLE   sequences
--   max_batched_tokens  DOUBLE   tokens
-- A report that stands in two files, or twice in one that was loaded again as it grew, counts once. Of several reports of
-- one moment the middle value is taken, of amounts since the report before the sum.
WITH placed AS (
    SELECT
        engine_readings.engine,
        engine_readings.model,
        engine_readings.replica_id,
        engine_readings.rank,
        engine_readings.at_ns,
        engine_readings.is_since_start,
        engine_readings.source_position,
        engine_readings.running,
        engine_readings.waiting,
        engine_readings.steps_total,
        engine_readings.decoded_total,
        engine_readings.decoded_tokens,
        engine_readings.decoded_per_s,
        engine_readings.prompt_total,
        engine_readings.prompt_tokens,
        engine_readings.prompt_per_s,
        engine_readings.prefix_hits_total,
        engine_readings.prefix_hit_tokens,
        engine_readings.prefix_queries_total,
        engine_readings.preemptions_total,
        engine_readings.preemptions,
        engine_readings.kv_usage_ratio,
        engine_readings.kv_used_tokens,
        engine_readings.kv_tokens,
        engine_readings.max_num_seqs,
        engine_readings.max_batched_tokens,
        sources.uri,
        REGEXP_REPLACE(sources.uri, '[^/\\]*$', '') AS folder
    FROM engine_readings
    INNER JOIN sources ON engine_readings.source_id = sources.source_id
),

files AS (
    SELECT
        placed.uri,
        COUNT(DISTINCT placed.at_ns) AS moments,
        COUNT(placed.running) + COUNT(placed.decoded_total) + COUNT(placed.decoded_per_s) = 0 AS is_settings_only
    FROM placed
    GROUP BY placed.uri
),

runs AS (
    SELECT
        placed.folder,
        MIN(placed.at_ns) AS started_ns,
        MAX(placed.engine) AS engine,
        MAX(placed.model) AS model
    FROM placed
    INNER JOIN files ON placed.uri = files.uri
    WHERE files.is_settings_only
    GROUP BY placed.folder
    HAVING COUNT(DISTINCT placed.uri) = 1
),

named AS (
    SELECT
        COALESCE(placed.replica_id, CASE WHEN files.moments > 1 THEN placed.uri ELSE placed.folder END)
        || COALESCE('#' || placed.rank, '') AS series,
        COALESCE(placed.engine, runs.engine) AS engine,
        COALESCE(placed.model, runs.model) AS model,
        placed.at_ns + CASE WHEN placed.is_since_start THEN COALESCE(runs.started_ns, 0) ELSE 0 END AS moment_ns,
        CASE WHEN placed.replica_id IS NULL THEN placed.source_position ELSE 0 END AS place,
        placed.replica_id,
        placed.uri,
        placed.running,
        placed.waiting,
        placed.steps_total,
        placed.decoded_total,
        placed.decoded_tokens,
        placed.decoded_per_s,
        placed.prompt_total,
        placed.prompt_tokens,
        placed.prompt_per_s,
        placed.prefix_hits_total,
        placed.prefix_hit_tokens,
        placed.prefix_queries_total,
        placed.preemptions_total,
        placed.preemptions,
        placed.kv_usage_ratio,
        placed.kv_used_tokens,
        placed.kv_tokens,
        placed.max_num_seqs,
        placed.max_batched_tokens
    FROM placed
    INNER JOIN files ON placed.uri = files.uri
    LEFT JOIN runs ON placed.folder = runs.folder
),

once AS (
    SELECT
        named.series,
        named.engine,
        named.model,
        named.replica_id,
        named.moment_ns,
        MIN(named.uri) AS source,
        named.running,
        named.waiting,
        named.steps_total,
        named.decoded_total,
        named.decoded_tokens,
        named.decoded_per_s,
        named.prompt_total,
        named.prompt_tokens,
        named.prompt_per_s,
        named.prefix_hits_total,
        named.prefix_hit_tokens,
        named.prefix_queries_total,
        named.preemptions_total,
        named.preemptions,
        named.kv_usage_ratio,
        named.kv_used_tokens,
        named.kv_tokens,
        named.max_num_seqs,
        named.max_batched_tokens
    FROM named
    GROUP BY
        named.series,
        named.engine,
        named.model,
        named.replica_id,
        named.moment_ns,
        named.place,
        CASE WHEN named.replica_id IS NULL THEN named.uri END,
        named.running,
        named.waiting,
        named.steps_total,
        named.decoded_total,
        named.decoded_tokens,
        named.decoded_per_s,
        named.prompt_total,
        named.prompt_tokens,
        named.prompt_per_s,
        named.prefix_hits_total,
        named.prefix_hit_tokens,
        named.prefix_queries_total,
        named.preemptions_total,
        named.preemptions,
        named.kv_usage_ratio,
        named.kv_used_tokens,
        named.kv_tokens,
        named.max_num_seqs,
        named.max_batched_tokens
)

SELECT
    once.series,
    once.engine,
    once.model,
    MAX(once.replica_id) AS replica_id,
    MIN(once.source) AS source,
    once.moment_ns AS at_ns,
    MEDIAN(once.running) AS running,
    MEDIAN(once.waiting) AS waiting,
    MAX(once.steps_total) AS steps_total,
    MAX(once.decoded_total) AS decoded_total,
    SUM(once.decoded_tokens) AS decoded_tokens,
    MEDIAN(once.decoded_per_s) AS decoded_per_s,
    MAX(once.prompt_total) AS prompt_total,
    SUM(once.prompt_tokens) AS prompt_tokens,
    MEDIAN(once.prompt_per_s) AS prompt_per_s,
    MAX(once.prefix_hits_total) AS prefix_hits_total,
    SUM(once.prefix_hit_tokens) AS prefix_hit_tokens,
    MAX(once.prefix_queries_total) AS prefix_queries_total,
    MAX(once.preemptions_total) AS preemptions_total,
    SUM(once.preemptions) AS preemptions,
    MEDIAN(CASE WHEN once.kv_usage_ratio > 0 OR COALESCE(once.running, 0) = 0 THEN once.kv_usage_ratio END) AS kv_usage_ratio,
    MEDIAN(once.kv_used_tokens) AS kv_used_tokens,
    MAX(once.kv_tokens) AS kv_tokens,
    MAX(once.max_num_seqs) AS max_num_seqs,
    MAX(once.max_batched_tokens) AS max_batched_tokens
FROM once
CROSS JOIN observation_window
WHERE once.moment_ns IS NULL
    OR (once.moment_ns >= observation_window.since_ns AND once.moment_ns < observation_window.until_ns)
GROUP BY once.series, once.engine, once.model, once.moment_ns
