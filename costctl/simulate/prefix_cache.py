"""How much of a prompt does a replica have already? Beginnings of prompts, least recently used out first.

Compiled parts of the event loop. A prefix is held from the begin of the prefill that reads it. Each holds its own part
of a prompt, behind those that it goes on from; these are used with it, and just after it, so that they outlive it.
"""

from __future__ import annotations

from costctl.compiled import part
from costctl.simulate.replay_state import Calls, Memory, SimState


@part
def tokens_to_prefill(calls: Calls, sim: SimState, r: int, call: int) -> int:
    """The call's tokens less what the replica has of its prefix, which it has from now on."""
    tokens = int(calls.tokens[call])
    if sim.last_user.size == 0 or calls.prefix[call] < 0:
        return tokens
    if sim.stations[sim.replicas[r].pool].prefix_cache_tokens == 0:
        return tokens
    whole = int(calls.prompt_tokens[call])
    spared = max(min(_held_tokens(calls, sim, r, call), whole - 1), 0)  # the answer needs the last token
    prefix, end = int(calls.prefix[call]), int(calls.prefix_tokens[call])
    while prefix >= 0:
        begins = int(sim.prefix_begins[prefix])
        _use(sim, r, prefix, max(int(sim.cached[r, prefix].tokens), end - begins), begins)
        prefix, end = int(sim.prefix_parent[prefix]), begins
    calls.spared_tokens[call] = spared
    return whole - spared


@part
def _held_tokens(calls: Calls, sim: SimState, r: int, call: int) -> int:
    """Tokens of the call's beginning that the replica has. What a prefix goes on from is held as long as it is."""
    prefix, end = int(calls.prefix[call]), int(calls.prefix_tokens[call])
    while prefix >= 0:
        begins, held = int(sim.prefix_begins[prefix]), int(sim.cached[r, prefix].tokens)
        if held > 0:
            return int(min(begins + held, end))
        prefix, end = int(sim.prefix_parent[prefix]), begins
    return 0


@part
def _use(sim: SimState, r: int, prefix: int, tokens: int, begins: int) -> None:
    """Make the prefix the most recent; drop the least recent while they do not fit. Too far back in its prompt to fit:
    not held.
    """
    replica = sim.replicas[r]
    cached = sim.cached[r]
    end = cached.size - 1
    capacity = sim.stations[replica.pool].prefix_cache_tokens
    if cached[prefix].tokens > 0:
        unlink(sim, r, prefix)
        if begins + tokens > capacity:
            tokens = cached[prefix].tokens
        replica.cached_tokens -= cached[prefix].tokens
        cached[prefix].tokens = 0
    if begins + tokens > capacity or tokens <= 0:
        return
    while replica.cached_tokens + tokens > capacity:
        oldest = int(cached[end].newer)
        replica.cached_tokens -= cached[oldest].tokens
        cached[oldest].tokens = 0
        unlink(sim, r, oldest)
    cached[prefix].tokens = tokens
    replica.cached_tokens += tokens
    link_newest(sim, r, prefix)
    sim.last_user[replica.pool, prefix] = r


@part
def link_newest(sim: SimState, r: int, prefix: int) -> None:
    """The prefix, which is not in the ring, is the one that was used last."""
    cached = sim.cached[r]
    end = cached.size - 1
    newest = cached[end].older
    cached[prefix].older, cached[prefix].newer = newest, end
    cached[newest].newer, cached[end].older = prefix, prefix


@part
def unlink(sim: SimState, r: int, prefix: int) -> None:
    """Take the prefix out of the ring."""
    cached = sim.cached[r]
    newer, older = cached[prefix].newer, cached[prefix].older
    cached[older].newer, cached[newer].older = newer, older


@part
def forget_prefixes(sim: SimState, memory: Memory | None, r: int) -> None:
    """The replica holds nothing any more."""
    if sim.last_user.size == 0:
        return
    cached = sim.cached[r]
    if memory is not None:
        memory.replicas[r].free += memory.replicas[r].idle
        memory.replicas[r].idle = 0
    end = cached.size - 1
    oldest = cached[end].newer
    while oldest != end:
        cached[oldest].tokens = 0
        oldest = cached[oldest].newer
    cached[end].newer, cached[end].older = end, end
    sim.replicas[r].cached_tokens = 0
