-- span_outcome: what each model call came to, which decides whether its provider bills it.
-- One row per span of a model call that did not simply succeed.
-- reads: spans
--   store_key  BIGINT   of spans
--   outcome    VARCHAR  one of the words of documents/billing_settings.py but success
-- Names of errors are those of the OpenAI, Anthropic and Google SDKs, LiteLLM, and OpenTelemetry's error.type, matched
-- without regard to case; a status of HTTP decides where there is one and the name does not.
WITH model_calls AS (
    SELECT
        spans.store_key,
        COALESCE(spans.cache_hit, FALSE) AS is_cached,
        COALESCE(spans.status = 'error', FALSE) OR spans.error_type IS NOT NULL
            OR COALESCE(spans.http_status >= 400, FALSE) AS is_failed,
        COALESCE(REGEXP_MATCHES(
            LOWER(spans.finish_reason),
            'content_?filter|refusal|safety|recitation|prohibited_content|blocklist|spii|guardrail_intervened'
        ), FALSE) AS is_filtered,
        COALESCE(LOWER(spans.error_type), '') AS error,
        COALESCE(spans.http_status, TRY_CAST(REGEXP_EXTRACT(spans.error_type, '\b([45]\d\d)\b', 1) AS BIGINT), 0)
            AS http_status
    FROM spans
    WHERE
        spans.is_model_call
        AND (
            spans.cache_hit OR spans.status = 'error' OR spans.error_type IS NOT NULL OR spans.http_status >= 400
            OR spans.finish_reason IS NOT NULL
        )
),

told AS (
    SELECT
        model_calls.store_key,
        CASE
            WHEN model_calls.is_cached AND NOT model_calls.is_failed THEN 'answered_from_cache'
            WHEN model_calls.is_filtered OR REGEXP_MATCHES(model_calls.error, 'content.?filter.?finish.?reason')
                THEN 'content_filter_output'
            WHEN NOT model_calls.is_failed THEN NULL
            WHEN REGEXP_MATCHES(model_calls.error, 'content.?(filter|policy)|responsible.?ai')
                THEN 'content_filter_input'
            WHEN REGEXP_MATCHES(
                model_calls.error, 'rate.?limit|too.?many.?requests|quota|resource.?exhausted|throttl'
            ) OR model_calls.http_status = 429 THEN 'rate_limited'
            WHEN REGEXP_MATCHES(model_calls.error, 'cancel|abort|client.?(closed|disconnect)')
                OR model_calls.http_status = 499 THEN 'cancelled'
            WHEN REGEXP_MATCHES(model_calls.error, 'time.?out|timed.?out|deadline')
                OR model_calls.http_status IN (408, 504) THEN 'timeout'
            WHEN REGEXP_MATCHES(
                model_calls.error, 'internal.?server|server.?error|unavailable|overloaded|bad.?gateway|internal_error'
            ) OR model_calls.http_status >= 500 THEN 'server_error'
            WHEN REGEXP_MATCHES(model_calls.error, 'connect') THEN 'connection_error'
            WHEN REGEXP_MATCHES(
                model_calls.error,
                'bad.?request|invalid|unprocessable|authenti|permission|unauthori|forbidden|not.?found|context.?(length|window)'
            ) OR model_calls.http_status >= 400 THEN 'invalid_request'
            ELSE 'failed'
        END AS outcome
    FROM model_calls
)

SELECT
    told.store_key,
    told.outcome
FROM told
WHERE told.outcome IS NOT NULL
