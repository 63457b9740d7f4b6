-- request_steps: how many steps a request took, and whether it went round in circles.
-- One row per request with two model calls or more, a tool or an agent.
-- reads: requests, calls, staged_spans, span_ask, settings
-- key: request_id
--   request_id      BIGINT
--   steps           BIGINT   model calls, those made again left out, and tool runs
--   turns           BIGINT   model calls that generate, those made again left out
--   tool_runs       BIGINT   a tool span inside a span of the same tool is the same run
--   distinct_tools  BIGINT
--   longest_run     BIGINT   rounds in a row in which one tool ran with the same arguments; NULL where no run was timed
--   same_calls      BIGINT   most rounds in which one and the same thing was asked; NULL where no step tells what it asked
--   evidence        VARCHAR  arguments: every tool run tells its arguments; names: not every; NULL where no tool ran
--   is_looping      BOOLEAN  longest_run or same_calls reaches the setting loop_rounds; NULL where both are NULL
-- A round is what happens between two ends of generations; where a request has none, between two ends of tools. What
-- runs in one round is fan-out and counts once. Where a tool's arguments are not recorded, its name alone must do.
WITH tool_runs AS (
    SELECT
        spans.request_id,
        spans.span_key,
        span_ask.tool,
        span_ask.asked,
        spans.start_ns,
        COALESCE(spans.end_ns, spans.start_ns) AS end_ns
    FROM staged_spans AS spans
    INNER JOIN span_ask ON spans.span_key = span_ask.span_key
    LEFT JOIN span_ask AS around ON spans.parent_key = around.span_key AND span_ask.tool = around.tool
    WHERE spans.is_tool AND around.span_key IS NULL
),

model_steps AS (
    SELECT
        calls.request_id,
        calls.call_id,
        calls.is_generation,
        COALESCE(calls.operation, '') || ' ' || span_ask.asked AS asked,
        calls.start_ns,
        COALESCE(calls.end_ns, calls.start_ns) AS end_ns
    FROM calls
    LEFT JOIN span_ask ON calls.call_id = span_ask.span_key
    WHERE NOT calls.is_retried
),

wanted AS (
    SELECT
        requests.request_id,
        requests.generation_calls
    FROM requests
    WHERE requests.calls >= 2 OR requests.tools >= 1 OR requests.agents >= 1
),

happenings AS (
    SELECT
        model_steps.request_id,
        CAST(NULL AS VARCHAR) AS tool,
        model_steps.asked,
        model_steps.start_ns AS at_ns,
        TRUE AS is_step,
        0 AS ends
    FROM model_steps
    INNER JOIN wanted ON model_steps.request_id = wanted.request_id
    UNION ALL
    SELECT
        tool_runs.request_id,
        tool_runs.tool,
        tool_runs.asked,
        tool_runs.start_ns AS at_ns,
        TRUE AS is_step,
        0 AS ends
    FROM tool_runs
    UNION ALL
    SELECT
        model_steps.request_id,
        CAST(NULL AS VARCHAR) AS tool,
        CAST(NULL AS VARCHAR) AS asked,
        model_steps.end_ns AS at_ns,
        FALSE AS is_step,
        1 AS ends
    FROM model_steps
    INNER JOIN wanted ON model_steps.request_id = wanted.request_id
    WHERE model_steps.is_generation
    UNION ALL
    SELECT
        tool_runs.request_id,
        CAST(NULL AS VARCHAR) AS tool,
        CAST(NULL AS VARCHAR) AS asked,
        tool_runs.end_ns AS at_ns,
        FALSE AS is_step,
        1 AS ends
    FROM tool_runs
    INNER JOIN wanted ON tool_runs.request_id = wanted.request_id
    WHERE wanted.generation_calls = 0
),

rounds AS (
    SELECT
        happenings.request_id,
        happenings.tool,
        happenings.asked,
        happenings.is_step,
        SUM(happenings.ends) OVER (PARTITION BY happenings.request_id ORDER BY happenings.at_ns) AS round
    FROM happenings
    WHERE happenings.at_ns IS NOT NULL
),

tool_rounds AS (
    SELECT
        rounds.request_id,
        rounds.tool || ' ' || COALESCE(rounds.asked, '') AS asked,
        rounds.round
    FROM rounds
    WHERE rounds.is_step AND rounds.tool IS NOT NULL
    GROUP BY rounds.request_id, rounds.tool, rounds.asked, rounds.round
),

round_places AS (
    SELECT
        tool_rounds.request_id,
        tool_rounds.round,
        ROW_NUMBER() OVER (PARTITION BY tool_rounds.request_id ORDER BY tool_rounds.round) AS place
    FROM tool_rounds
    GROUP BY tool_rounds.request_id, tool_rounds.round
),

islands AS (
    SELECT
        tool_rounds.request_id,
        tool_rounds.asked,
        round_places.place - ROW_NUMBER() OVER (
            PARTITION BY tool_rounds.request_id, tool_rounds.asked
            ORDER BY tool_rounds.round
        ) AS island
    FROM tool_rounds
    INNER JOIN round_places
        ON tool_rounds.request_id = round_places.request_id AND tool_rounds.round = round_places.round
),

runs AS (
    SELECT
        islands.request_id,
        COUNT(islands.island) AS rounds
    FROM islands
    GROUP BY islands.request_id, islands.asked, islands.island
),

longest AS (
    SELECT
        runs.request_id,
        MAX(runs.rounds) AS longest_run
    FROM runs
    GROUP BY runs.request_id
),

questions AS (
    SELECT
        rounds.request_id,
        COUNT(DISTINCT rounds.round) AS rounds
    FROM rounds
    WHERE rounds.is_step AND rounds.asked IS NOT NULL
    GROUP BY rounds.request_id, rounds.tool, rounds.asked
),

same AS (
    SELECT
        questions.request_id,
        MAX(questions.rounds) AS same_calls
    FROM questions
    GROUP BY questions.request_id
),

tool_counts AS (
    SELECT
        tool_runs.request_id,
        COUNT(tool_runs.span_key) AS tool_runs,
        COUNT(DISTINCT tool_runs.tool) AS distinct_tools,
        CASE WHEN COUNT(tool_runs.asked) = COUNT(tool_runs.span_key) THEN 'arguments' ELSE 'names' END AS evidence
    FROM tool_runs
    GROUP BY tool_runs.request_id
),

call_counts AS (
    SELECT
        model_steps.request_id,
        COUNT(model_steps.call_id) AS model_steps
    FROM model_steps
    GROUP BY model_steps.request_id
)

SELECT
    wanted.request_id,
    CAST(COALESCE(call_counts.model_steps, 0) + COALESCE(tool_counts.tool_runs, 0) AS BIGINT) AS steps,
    wanted.generation_calls AS turns,
    CAST(COALESCE(tool_counts.tool_runs, 0) AS BIGINT) AS tool_runs,
    CAST(COALESCE(tool_counts.distinct_tools, 0) AS BIGINT) AS distinct_tools,
    CAST(longest.longest_run AS BIGINT) AS longest_run,
    CAST(same.same_calls AS BIGINT) AS same_calls,
    tool_counts.evidence,
    CASE
        WHEN longest.longest_run IS NOT NULL OR same.same_calls IS NOT NULL
            THEN COALESCE(longest.longest_run, 0) >= settings.value OR COALESCE(same.same_calls, 0) >= settings.value
    END AS is_looping
FROM wanted
INNER JOIN settings ON settings.name = 'loop_rounds'
LEFT JOIN call_counts ON wanted.request_id = call_counts.request_id
LEFT JOIN tool_counts ON wanted.request_id = tool_counts.request_id
LEFT JOIN longest ON wanted.request_id = longest.request_id
LEFT JOIN same ON wanted.request_id = same.request_id
