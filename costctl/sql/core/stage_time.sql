-- stage_time: where the time of a request goes, so that its stages add up to its duration.
-- One row per (request, stage).
-- reads: staged_spans, span_tree, requests, calls
--   request_id  VARCHAR
--   stage       VARCHAR
--   self_ns     BIGINT   ns
--   self_s      DOUBLE   s; sums, over the stages, to the request's duration
-- Each instant between a request's start and end belongs to the deepest span then active; among equals, to the one
-- that started last. A call's queue, prefill and decode, where they were observed, lie one level below its span.
WITH timed AS (
    SELECT
        requests.request_id,
        requests.start_ns,
        requests.end_ns
    FROM requests
    WHERE requests.end_ns > requests.start_ns
),

intervals AS (
    SELECT
        timed.request_id,
        spans.span_key AS interval_key,
        spans.stage,
        2 * span_tree.depth AS depth,
        CASE WHEN spans.start_ns > timed.start_ns THEN spans.start_ns ELSE timed.start_ns END AS from_ns,
        CASE WHEN spans.end_ns < timed.end_ns THEN spans.end_ns ELSE timed.end_ns END AS to_ns
    FROM timed
    INNER JOIN span_tree ON timed.request_id = span_tree.request_id
    INNER JOIN staged_spans AS spans ON span_tree.span_key = spans.span_key
    WHERE spans.end_ns IS NOT NULL
    UNION ALL
    SELECT
        timed.request_id,
        timed.request_id AS interval_key,
        'other' AS stage,
        -1 AS depth,
        timed.start_ns AS from_ns,
        timed.end_ns AS to_ns
    FROM timed
),

first_tokens AS (
    SELECT
        calls.request_id,
        calls.call_id,
        calls.start_ns,
        calls.busy_from_ns,
        calls.end_ns,
        span_tree.depth,
        calls.queue_s,
        calls.is_generation,
        CASE
            WHEN calls.ttft_s IS NULL OR calls.ttft_s < 0 THEN CAST(NULL AS BIGINT)
            WHEN calls.start_ns + CAST(calls.ttft_s * 1e9 AS BIGINT) > calls.end_ns THEN calls.end_ns
            WHEN calls.start_ns + CAST(calls.ttft_s * 1e9 AS BIGINT) < calls.busy_from_ns THEN calls.busy_from_ns
            ELSE calls.start_ns + CAST(calls.ttft_s * 1e9 AS BIGINT)
        END AS first_token_ns
    FROM calls
    INNER JOIN span_tree ON calls.call_id = span_tree.span_key
    WHERE calls.end_ns IS NOT NULL
),

phases AS (
    SELECT
        first_tokens.request_id,
        first_tokens.call_id,
        'queue' AS stage,
        first_tokens.depth,
        first_tokens.start_ns AS from_ns,
        first_tokens.busy_from_ns AS to_ns
    FROM first_tokens
    WHERE first_tokens.queue_s IS NOT NULL
    UNION ALL
    SELECT
        first_tokens.request_id,
        first_tokens.call_id,
        'prefill' AS stage,
        first_tokens.depth,
        first_tokens.busy_from_ns AS from_ns,
        first_tokens.first_token_ns AS to_ns
    FROM first_tokens
    WHERE first_tokens.first_token_ns IS NOT NULL AND first_tokens.is_generation
    UNION ALL
    SELECT
        first_tokens.request_id,
        first_tokens.call_id,
        'decode' AS stage,
        first_tokens.depth,
        first_tokens.first_token_ns AS from_ns,
        first_tokens.end_ns AS to_ns
    FROM first_tokens
    WHERE first_tokens.first_token_ns IS NOT NULL AND first_tokens.is_generation
),

layers AS (
    SELECT
        intervals.request_id,
        intervals.interval_key,
        intervals.stage,
        intervals.depth,
        intervals.from_ns,
        intervals.to_ns
    FROM intervals
    WHERE intervals.from_ns < intervals.to_ns
    UNION ALL
    SELECT
        phases.request_id,
        phases.call_id || phases.stage AS interval_key,
        phases.stage,
        2 * phases.depth + 1 AS depth,
        CASE WHEN phases.from_ns > timed.start_ns THEN phases.from_ns ELSE timed.start_ns END AS from_ns,
        CASE WHEN phases.to_ns < timed.end_ns THEN phases.to_ns ELSE timed.end_ns END AS to_ns
    FROM phases
    INNER JOIN timed ON phases.request_id = timed.request_id
    WHERE phases.from_ns < phases.to_ns AND phases.from_ns < timed.end_ns AND phases.to_ns > timed.start_ns
),

instants AS (
    SELECT
        layers.request_id,
        layers.from_ns AS at_ns
    FROM layers
    UNION DISTINCT
    SELECT
        layers.request_id,
        layers.to_ns AS at_ns
    FROM layers
),

slices AS (
    SELECT
        instants.request_id,
        instants.at_ns AS from_ns,
        LEAD(instants.at_ns) OVER (PARTITION BY instants.request_id ORDER BY instants.at_ns) AS to_ns
    FROM instants
),

owners AS (
    SELECT
        slices.request_id,
        slices.to_ns - slices.from_ns AS slice_ns,
        layers.stage,
        ROW_NUMBER() OVER (
            PARTITION BY slices.request_id, slices.from_ns
            ORDER BY layers.depth DESC, layers.from_ns DESC, layers.interval_key
        ) AS place
    FROM slices
    INNER JOIN layers
        ON slices.request_id = layers.request_id
        AND layers.from_ns <= slices.from_ns AND layers.to_ns >= slices.to_ns
    WHERE slices.to_ns IS NOT NULL
)

SELECT
    owners.request_id,
    owners.stage,
    CAST(SUM(owners.slice_ns) AS BIGINT) AS self_ns,
    CAST(SUM(owners.slice_ns) AS DOUBLE) / 1e9 AS self_s
FROM owners
WHERE owners.place = 1
GROUP BY owners.request_id, owners.stage
