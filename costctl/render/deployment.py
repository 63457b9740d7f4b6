"""Which file carries what is recommended? The command of ``emit`` that writes it.

In: changes of settings. Out: the options of ``emit``. A policy carries every setting that has a place in one; a file of
a consumer fewer, as its coverage manifest says of each value.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from costctl.documents.changes import SettingChange
from costctl.render.bought_words import is_about_tokens

# Settings that are none of bought tokens, and which LiteLLM's file carries, exactly or nearly.
IN_LITELLM: Final = frozenset(
    {
        "class.pool",
        "class.pool.weights",
        "class.fallback",
        "class.retries",
        "class.backoff",
        "class.timeout",
        "class.admission.per_minute",
    }
)
# What no policy has a place for: options of an engine, and rules of a replay.
IN_NO_FILE: Final = frozenset(
    {
        "pool.max_batched_tokens",
        "pool.prefill",
        "pool.kv_tokens",
        "pool.enable_prefix_caching",
        "pool.prefix_cache_tokens",
        "pool.scaling.least",
        "pool.scaling.most",
        "pool.scaling.target_outstanding",
        "pool.scaling.interval",
        "pool.scaling.delay",
        "pool.scaling.idle",
        "class.batch.window",
        "class.weight",
        "class.min_share",
        "class.queue.shed_above",
        "class.queue.on_refusal",
        "class.hot_reads.size",
        "class.storage.copies",
        "class.backoff_factor",
    }
)


def emitting(changes: Sequence[SettingChange]) -> str | None:
    """Such as "emit --target litellm -o litellm.yaml": the consumer's file where that carries all that any file does,
    the patch for callers where all of it is bought by the token, else the policy; None where no file carries any of it.
    """
    said = [each for each in changes if each.lever not in IN_NO_FILE]
    if not said:
        return None
    others = [each for each in said if not is_about_tokens(each)]
    if not others:
        return "emit --target client -o client.yaml"
    if all(each.lever in IN_LITELLM for each in others):
        return "emit --target litellm -o litellm.yaml"
    return "emit --target policy -o policy.json"
