-- pool_call: what each call of a pool of your own did, and for how much of its replica's time it answers.
-- One row per call that a configured pool took.
-- reads: calls, call_outcome, call_share, request_class, requests
-- key: call_id
--   call_id              BIGINT
--   request_id           BIGINT
--   request_class        VARCHAR
--   pool                 VARCHAR
--   replica              VARCHAR
--   is_replica_observed  BOOLEAN
--   tenant               VARCHAR  NULL for nobody's
--   start_ns             BIGINT   ns UTC
--   busy_from_ns         BIGINT   ns UTC; when its queueing ended, as far as that is known
--   end_ns               BIGINT   ns UTC; NULL when not timed
--   duration_s           DOUBLE   s
--   queue_s              DOUBLE   s
--   ttft_s               DOUBLE   s from start
--   share_s              DOUBLE   s of the replica's busy time; NULL when not timed
--   alone_s              DOUBLE   s in which no other call was in progress on the replica; NULL when not timed
--   uncached_tokens      BIGINT   tokens that no cache gave or keeps
--   cached_tokens        BIGINT   tokens of the prompt besides these, which are held and not read; NULL where not known
--   output_tokens        BIGINT   tokens
--   is_generation        BOOLEAN
--   operation            VARCHAR
--   attempt              BIGINT   as its source counts the attempts, from 1; NULL where it does not
--   is_failed            BOOLEAN
--   is_wasted            BOOLEAN  the attempt failed, or was repeated
--   is_request_success   BOOLEAN
--   request_duration_s   DOUBLE   s
--   request_ttft_s       DOUBLE   s
--   after_call_id        BIGINT   the latest call of the request that had ended when this one started
--   think_s              DOUBLE   s from that end to this start
SELECT
    calls.call_id,
    calls.request_id,
    request_class.request_class,
    calls.pool,
    calls.replica,
    calls.is_replica_observed,
    calls.tenant,
    calls.start_ns,
    calls.busy_from_ns,
    calls.end_ns,
    calls.duration_s,
    calls.queue_s,
    calls.ttft_s,
    call_share.share_s,
    call_share.alone_s,
    calls.uncached_tokens,
    calls.input_tokens - calls.uncached_tokens AS cached_tokens,
    calls.output_tokens,
    calls.is_generation,
    calls.operation,
    calls.attempt,
    calls.is_failed,
    call_outcome.is_wasted,
    requests.is_success AS is_request_success,
    requests.duration_s AS request_duration_s,
    requests.ttft_s AS request_ttft_s,
    calls.after_call_id,
    calls.think_s
FROM calls
INNER JOIN call_outcome ON calls.call_id = call_outcome.call_id
INNER JOIN requests ON calls.request_id = requests.request_id
INNER JOIN request_class ON calls.request_id = request_class.request_id
LEFT JOIN call_share ON calls.call_id = call_share.call_id
WHERE calls.pool IS NOT NULL
