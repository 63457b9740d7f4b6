"""How are suggested settings written? As pieces of TOML, of which each stands for one pool, class or rate.

In: ``Found``. Out: blocks of text. What the traces show is written; what only their owner knows stands behind a ``#``
and a question mark, with what it is for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

from costctl.documents.setting_names import toml_key, toml_text
from costctl.proposal.found import (
    EngineLimits,
    Found,
    FoundClass,
    FoundModel,
    FoundPool,
    UnnamedCalls,
)
from costctl.units import iso_utc

Kind = Literal["pool", "class", "rate"]
_MOST_NAMES: Final = 5
_LEAST_S: Final = 1e-3

ABOUT: Final = """\
# Settings of costctl: `costctl help configuration` describes every key.
# Lines behind a # have no effect. A question mark stands for what only you can know.
"""  # at the top of a new file


@dataclass(frozen=True, slots=True)
class Block:
    """head: how the first line of the block begins, by which it is found again.  is_active: it has an effect."""

    kind: Kind
    name: str
    head: str
    text: str
    is_active: bool


def title(found: Found) -> str:
    """Comments above the blocks: of which traces they tell, and what else is in them."""
    lines = [f"# From {found.requests:,} requests{_period(found)}."]
    models = [(_of_provider(each), each.calls) for each in found.models]
    for what, counted, of in (("Models", models, "calls"), ("Tenants", found.tenants, "requests")):
        named = [f"{_one_line(name)} ({count:,})" for name, count in counted[:_MOST_NAMES]]
        more = [f"{len(counted) - _MOST_NAMES} more"] if len(counted) > _MOST_NAMES else []
        said = ", ".join([*named, *more]) or "not observed"
        lines.append(f"# {what}{f', by {of}' if counted else ''}: {said}.")
    return "\n".join(lines) + "\n"


def blocks(found: Found) -> tuple[Block, ...]:
    """A block for each pool, class and model without a price."""
    return (
        *map(_pool, found.pools),
        *(() if found.unnamed is None else (_unnamed_pool(found.unnamed),)),
        *map(_rate, found.unpriced),
        *map(_class, found.classes),
    )


def _pool(pool: FoundPool) -> Block:
    head = f"[pools.{toml_key(pool.name)}]"
    lines = [head]
    if not pool.is_named:
        lines.append(f'match = {{ "service.name" = {toml_text(pool.name)} }}')
    if pool.models and not any(mark in model for model in pool.models for mark in "*?"):
        lines.append(f"models = {_texts(pool.models)}")
    lines += [
        "# usd_per_replica_hour = ?  # what one replica costs; without it the cost of this pool is not known",
        f"# replicas = {pool.replicas or '?'}  # {_replicas(pool)}",
        '# tier = "?"  # such as premium or economy',
        f"# region = {'?' if pool.region is None else toml_text(pool.region)}",
        '# boundary = "?"  # on_prem, private_cloud, third_party_zdr or third_party',
        *_limits(pool.limits),
    ]
    seen = f"# {_calls(pool.calls)}"
    if not pool.priced_calls:
        return Block("pool", pool.name, head, "\n".join([seen, *lines]), is_active=True)
    why = f"{seen}; {pool.priced_calls:,} have a token price: only for replicas that you pay for by time"
    return Block("pool", pool.name, head, "\n".join([why, *map(_behind, lines)]), is_active=False)


def _unnamed_pool(unnamed: UnnamedCalls) -> Block:
    """A pool of calls that do not say who served them: behind a comment, since nobody may have."""
    head = f"[pools.{toml_key(unnamed.name)}]"
    lines = [
        f"# {_calls(unnamed.calls)} that name no service, provider or model: if replicas of your own served them",
        head,
        'match = { operation = "*" }',
        "usd_per_replica_hour = ?  # what one replica costs; without it the cost of this pool is not known",
        "replicas = ?  # how many there are",
        *_limits(unnamed.limits),
    ]
    if not unnamed.has_times and not unnamed.has_engine:
        lines.append(
            'step_times = { step = "?", sequence = "?", prompt_token = "?" }  # no call has times: these, or the '
            "engine's own metrics, say how long they took"
        )
    return Block("pool", unnamed.name, head, "\n".join(map(_behind, lines)), is_active=False)


def _limits(limits: EngineLimits) -> list[str]:
    """What engines tell of themselves, one line each; none in force, since each decides what a replay does."""
    told = {
        "kv_tokens": limits.kv_tokens,
        "max_num_seqs": limits.max_num_seqs,
        "max_batched_tokens": limits.max_batched_tokens,
    }
    return [f"# {key} = {value}  # as its engine reports" for key, value in told.items() if value is not None]


def _replicas(pool: FoundPool) -> str:
    """What the number of replicas is."""
    return (
        "those that were observed, unless you pay for more"
        if pool.replicas
        else "not observed: no call names its own"
    )


def _calls(number: int) -> str:
    return f"{number:,} call{'' if number == 1 else 's'}"


def _rate(model: FoundModel) -> Block:
    head = f"[[prices.rates]]  # {_one_line(_of_provider(model))}: "
    lines = [
        f"{head}{_calls(model.calls)} without a price",
        f"model = {toml_text(model.name)}",
        *([] if model.provider is None else [f"provider = {toml_text(model.provider)}"]),
        "input = ?  # per million tokens",
        "output = ?",
        'currency = "USD"  # another needs [[prices.exchange_rates]]',
    ]
    return Block("rate", model.name, head, "\n".join(map(_behind, lines)), is_active=False)


def _class(seen: FoundClass) -> Block:
    head = f"[classes.{toml_key(seen.name)}]"
    observed = {"e2e_p95": seen.e2e_p95_s, "ttft_p95": seen.ttft_p95_s}
    slo = ", ".join(
        f"{name} = {toml_text(duration_text(value))}" for name, value in observed.items() if value is not None
    )
    lines = [f"{head}  # {seen.requests:,} requests"]
    if slo:
        lines.append(f"slo = {{ {slo} }}  # observed, rounded up: write what you promise")
    else:
        lines.append('slo = { e2e_p95 = "?" }  # not observed: write what you promise')
    if seen.models and not any(mark in model for model in seen.models for mark in "*?"):
        lines.append(f"allowed_models = {_texts(seen.models)}  # in use: add those that may replace them")
    return Block("class", seen.name, head, "\n".join(map(_behind, lines)), is_active=False)


def duration_text(seconds: float) -> str:
    """A duration that is no shorter, with two significant digits: "800ms", "3.4s", "120s"; at least "1ms"."""
    if seconds <= _LEAST_S:
        return "1ms"
    places = 1 - math.floor(math.log10(seconds))
    scale = 10.0**places
    up = math.ceil(round(seconds * scale, 6)) / scale
    return f"{up:.10g}s" if up >= 1 else f"{round(up * 1000, 6):.10g}ms"


def _period(found: Found) -> str:
    if found.first_ns is None or found.last_ns is None:
        return ""
    return f", started {_minute(found.first_ns)} to {_minute(found.last_ns)} UTC"


def _minute(at_ns: int) -> str:
    return iso_utc(at_ns)[:16].replace("T", " ")


def _of_provider(model: FoundModel) -> str:
    return model.name if model.provider is None else f"{model.provider}/{model.name}"


def _behind(line: str) -> str:
    """The line as a comment."""
    return line if line.startswith("#") else f"# {line}"


def _one_line(name: str) -> str:
    """A name in a comment, which control characters would end."""
    return "".join(letter if letter.isprintable() else " " for letter in name)


def _texts(values: tuple[str, ...]) -> str:
    return f"[{', '.join(map(toml_text, values))}]"
