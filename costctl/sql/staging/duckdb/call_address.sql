-- call_address: where each model call went, as its own record says: the name of the server, not of who called.
-- One row per call of which a record names the server.
-- reads: spans, span_tree, call_records
-- key: call_id
--   call_id  BIGINT
--   address  VARCHAR  server.address, with server.port where that is told
-- Where several records of a call name one, that of the record that counts; else of the first recorder.
WITH told AS (
    SELECT
        call_records.call_id,
        spans.attributes['server.address'] || COALESCE(':' || spans.attributes['server.port'], '') AS address,
        ROW_NUMBER() OVER (
            PARTITION BY call_records.call_id
            ORDER BY call_records.is_counted DESC, call_records.span_key
        ) AS place
    FROM spans
    INNER JOIN span_tree ON spans.store_key = span_tree.store_key
    INNER JOIN call_records ON span_tree.span_key = call_records.span_key
    WHERE spans.attributes['server.address'] IS NOT NULL AND call_records.call_id IS NOT NULL
)

SELECT
    told.call_id,
    told.address
FROM told
WHERE told.place = 1
