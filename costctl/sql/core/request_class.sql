-- request_class: the class of each request, and the rule that took it.
-- One row per request.
-- reads: request_shape, class_rules
-- key: request_id
--   request_id     BIGINT
--   request_class  VARCHAR
--   rule           VARCHAR  name of the first rule, in order, whose bounds all hold
-- A bound that a rule leaves open is NULL; a feature that was not observed meets no bound. A rule that takes labelled
-- requests has no class of its own: the label is the class.
WITH matches AS (
    SELECT
        request_shape.request_id,
        MIN(class_rules.rule_order) AS rule_order
    FROM request_shape
    INNER JOIN class_rules
        ON (class_rules.operation IS NULL OR request_shape.operation = class_rules.operation)
        AND (NOT class_rules.is_labelled OR request_shape.workload IS NOT NULL)
        AND (class_rules.min_prompt_tokens IS NULL OR request_shape.prompt_tokens >= class_rules.min_prompt_tokens)
        AND (class_rules.max_prompt_tokens IS NULL OR request_shape.prompt_tokens <= class_rules.max_prompt_tokens)
        AND (class_rules.min_max_tokens IS NULL OR request_shape.max_tokens >= class_rules.min_max_tokens)
        AND (class_rules.max_max_tokens IS NULL OR request_shape.max_tokens <= class_rules.max_max_tokens)
        AND (class_rules.min_hour_utc IS NULL OR request_shape.hour_utc >= class_rules.min_hour_utc)
        AND (class_rules.max_hour_utc IS NULL OR request_shape.hour_utc <= class_rules.max_hour_utc)
        AND (class_rules.min_output_tokens IS NULL OR request_shape.output_tokens >= class_rules.min_output_tokens)
        AND (class_rules.max_output_tokens IS NULL OR request_shape.output_tokens <= class_rules.max_output_tokens)
        AND (class_rules.min_generation_calls IS NULL OR request_shape.generation_calls >= class_rules.min_generation_calls)
        AND (class_rules.max_generation_calls IS NULL OR request_shape.generation_calls <= class_rules.max_generation_calls)
        AND (class_rules.min_embedding_calls IS NULL OR request_shape.embedding_calls >= class_rules.min_embedding_calls)
        AND (class_rules.max_embedding_calls IS NULL OR request_shape.embedding_calls <= class_rules.max_embedding_calls)
        AND (class_rules.min_retrievals IS NULL OR request_shape.retrievals >= class_rules.min_retrievals)
        AND (class_rules.max_retrievals IS NULL OR request_shape.retrievals <= class_rules.max_retrievals)
        AND (class_rules.min_documents IS NULL OR request_shape.documents >= class_rules.min_documents)
        AND (class_rules.max_documents IS NULL OR request_shape.documents <= class_rules.max_documents)
        AND (class_rules.min_tools IS NULL OR request_shape.tools >= class_rules.min_tools)
        AND (class_rules.max_tools IS NULL OR request_shape.tools <= class_rules.max_tools)
        AND (class_rules.min_agents IS NULL OR request_shape.agents >= class_rules.min_agents)
        AND (class_rules.max_agents IS NULL OR request_shape.agents <= class_rules.max_agents)
        AND (class_rules.min_duration_s IS NULL OR request_shape.duration_s >= class_rules.min_duration_s)
        AND (class_rules.max_duration_s IS NULL OR request_shape.duration_s <= class_rules.max_duration_s)
    GROUP BY request_shape.request_id
)

SELECT
    matches.request_id,
    COALESCE(class_rules.request_class, request_shape.workload) AS request_class,
    class_rules.rule
FROM matches
INNER JOIN class_rules ON matches.rule_order = class_rules.rule_order
INNER JOIN request_shape ON matches.request_id = request_shape.request_id
