-- route_use: what each class asks for by name, and what answers: the provider or the pool, and the model.
-- One row per (class, operation, provider, pool, model asked for, model, classification of data) that was called.
-- reads: call_route
--   request_class    VARCHAR
--   operation        VARCHAR
--   provider         VARCHAR  NULL where not observed
--   pool             VARCHAR  NULL where no configured pool takes it
--   model_requested  VARCHAR  what the client asks for; NULL where not observed
--   model            VARCHAR  served, else requested
--   data_classification VARCHAR of the data that they carry; NULL where nothing tells it
--   calls            BIGINT
--   answered_calls   BIGINT   of these, those that did not fail
SELECT
    call_route.request_class,
    call_route.operation,
    call_route.provider,
    call_route.pool,
    call_route.model_requested,
    call_route.model,
    call_route.data_classification,
    COUNT(call_route.call_id) AS calls,
    COUNT(CASE WHEN NOT call_route.is_failed THEN call_route.call_id END) AS answered_calls
FROM call_route
GROUP BY
    call_route.request_class,
    call_route.operation,
    call_route.provider,
    call_route.pool,
    call_route.model_requested,
    call_route.model,
    call_route.data_classification
