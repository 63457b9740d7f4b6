-- request_value: what a request is worth to the business, where its class reads that off an attribute.
-- One row per request of a class whose value is an attribute, where some span of the request has it as a number.
-- reads: spans, span_tree, request_class, value_attributes
--   request_id  BIGINT
--   value_usd   DOUBLE   USD; the largest, where several spans have the attribute
WITH declared AS (
    SELECT
        request_class.request_id,
        value_attributes.attribute
    FROM request_class
    INNER JOIN value_attributes ON request_class.request_class = value_attributes.request_class
),

named AS (
    SELECT
        declared.request_id,
        TRY_CAST(spans.attributes[declared.attribute] AS DOUBLE) AS value_usd
    FROM declared
    INNER JOIN span_tree ON declared.request_id = span_tree.request_id
    INNER JOIN spans ON span_tree.store_key = spans.store_key
)

SELECT
    named.request_id,
    MAX(named.value_usd) AS value_usd
FROM named
WHERE ISFINITE(named.value_usd)
GROUP BY named.request_id
