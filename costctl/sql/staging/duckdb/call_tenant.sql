-- call_tenant: whose each model call is.
-- One row per model call of which someone says whose it is.
-- reads: spans, span_tree
-- computed by: call_tenant
--   call_id  BIGINT
--   tenant   VARCHAR
-- What the call's own span says, else the nearest span that encloses it, up to the entry of its request: an agent that
-- works for one tenant encloses its calls. Failing those it is the request's. Made by costctl/span_trees/nearest.py of the
-- spans that this selects.
SELECT
    spans.store_key,
    spans.tenant
FROM spans
WHERE spans.tenant IS NOT NULL
