-- call_data: what data each call carries, as the attribute of [data] tells it.
-- One row per call that tells it, or whose request does. What its own records say goes before what its request says.
-- reads: spans, span_tree, staged_spans, data_attribute
--   call_id              BIGINT   the span's key
--   data_classification  VARCHAR  of several that are told alike, the first by name
-- The usual names of the attribute are read into a column of the span.
WITH said AS (
    SELECT
        span_tree.span_key,
        span_tree.request_id,
        span_tree.is_leaf_model_call,
        span_tree.leaf_calls,
        span_tree.leaf_call_id,
        COALESCE(
            spans.attributes[data_attribute.attribute],
            CASE
                WHEN
                    data_attribute.attribute IN (
                        'data.classification', 'costctl.data.classification', 'data_classification'
                    )
                    THEN spans.data_classification
            END
        ) AS data_classification
    FROM span_tree
    INNER JOIN spans ON span_tree.store_key = spans.store_key
    CROSS JOIN data_attribute
),

told AS (
    SELECT * FROM said
    WHERE said.data_classification IS NOT NULL
),

own AS (
    SELECT
        CASE WHEN told.is_leaf_model_call THEN told.span_key ELSE told.leaf_call_id END AS call_id,
        MIN(told.data_classification) AS data_classification
    FROM told
    WHERE told.is_leaf_model_call OR told.leaf_calls = 1
    GROUP BY CASE WHEN told.is_leaf_model_call THEN told.span_key ELSE told.leaf_call_id END
),

of_request AS (
    SELECT
        told.request_id,
        MIN(told.data_classification) AS data_classification
    FROM told
    WHERE NOT told.is_leaf_model_call AND told.leaf_calls = 0
    GROUP BY told.request_id
)

SELECT
    staged_spans.span_key AS call_id,
    COALESCE(own.data_classification, of_request.data_classification) AS data_classification
FROM staged_spans
LEFT JOIN own ON staged_spans.span_key = own.call_id
LEFT JOIN of_request ON staged_spans.request_id = of_request.request_id
WHERE
    staged_spans.is_leaf_model_call
    AND COALESCE(own.data_classification, of_request.data_classification) IS NOT NULL
