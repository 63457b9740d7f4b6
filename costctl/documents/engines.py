"""``engines`` of the analysis: what inference servers' own metrics say, beside their calls."""

from __future__ import annotations

import msgspec

from costctl.documents.estimate import Estimate


class EngineReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """Engines of one pool, or, of no pool, those of one kind and model. A null is "not reported".

    pool: whose they are, null where that is not known.  matched_by: how the pool was found, or what to write so that it
    is.  engines: how many told of themselves.  resets: times that one was started again.  from, to: first and last
    sample, RFC 3339.  prefix_hit_ratio: of the prompt tokens those that the prefix cache gave.  most_kv_usage_ratio:
    the largest part of the KV cache that was in use.  kv_tokens: what the KV cache of one engine holds; with low = high
    where it is reported, else between the 10th and the 90th percentile of what the samples give.
    max_num_seqs, max_batched_tokens: as reported, or as the samples show the limit at work.
    alpha_s, beta_s, gamma_s: a step of b sequences takes alpha_s + beta_s·b, and gamma_s for each prompt token that was
    not cached, at 95 %; null where missing_for_fit says why.  windows: of about a hundred steps, on which they rest.
    """

    engine: str | None
    model: str | None
    pool: str | None
    matched_by: str
    engines: int
    samples: int
    resets: int
    from_: str
    to: str
    most_running: int | None
    most_waiting: int | None
    decoded_tokens: float | None
    prompt_tokens: float | None
    prefix_hit_ratio: float | None
    preemptions: int | None
    most_kv_usage_ratio: float | None
    kv_tokens: Estimate | None
    max_num_seqs: int | None
    max_batched_tokens: int | None
    alpha_s: Estimate | None
    beta_s: Estimate | None
    gamma_s: Estimate | None
    windows: int
    missing_for_fit: str | None
