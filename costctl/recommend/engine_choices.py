"""Which settings of an engine that decodes continuously can be judged, and which cannot for want of what?

In: the study, a pool. Out: ``Choices``: by lever the values to try, and of each lever that is left out the reason, with
the line to declare. Only what is known today is changed: a saving over a value that nobody knows is none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from costctl.documents.changes import Value
from costctl.documents.setting_names import toml_key
from costctl.documents.settings import Pool
from costctl.recommend.known_prompts import LEAST_KNOWN, known_prompts, tokens_from_caches
from costctl.recommend.study import Study
from costctl.scenario.concurrency import seconds_by_level
from costctl.simulate.replicas import replicas_of_pool

_FEWER: Final = (0.5, 0.25)
_MORE: Final = (2, 4, 8, 16)
_LEAST_TOKENS: Final = 64  # of a step: less reads a prompt of ordinary length in dozens of steps
_MESSAGES: Final = "gen_ai.input.messages"


@dataclass(frozen=True, slots=True)
class Untried:
    """A lever that is left out. reason: a sentence.  missing: what to declare; empty where nothing would help."""

    lever: str
    reason: str
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Choices:
    """What to try. values: by lever, the nearest to today's first.  today: of each lever that is known, its value.

    most_in_progress: sequences that were in progress on one replica at once, by the replay of today.
    """

    values: Mapping[str, tuple[Value, ...]]
    today: Mapping[str, Value]
    untried: tuple[Untried, ...]
    most_in_progress: int


Found = tuple[Value, ...] | Untried


def choices_of(study: Study, number: int, *, is_late: bool) -> Choices:
    """The choices of a pool. is_late: an objective is missed today, so that how prompts are read is asked for too."""
    name = study.pools[number]
    rules, declared = study.today.pools[name], study.settings.pools[name]
    engine = next((each for each in study.fits.engines if each.match.pool == name), None)
    told_seqs, told_tokens = (
        (None, None) if engine is None else (engine.max_num_seqs, engine.max_batched_tokens)
    )
    is_chunked = rules.prefill == "chunked"
    most = _most_in_progress(study, number)
    today: dict[str, Value] = {"prefill": rules.prefill}
    if declared.max_num_seqs or told_seqs:
        today["max_num_seqs"] = rules.max_num_seqs
    if declared.max_batched_tokens or told_tokens:
        today["max_batched_tokens"] = rules.max_batched_tokens
    found: dict[str, Iterator[Found]] = {
        "max_num_seqs": _seqs(name, today.get("max_num_seqs"), most, rules.kv_tokens),
        "max_batched_tokens": _tokens(name, today.get("max_batched_tokens"), is_chunked=is_chunked),
        "prefill": _prefill(name, today, is_late=is_late),
        "prefix_cache_tokens": _prefixes(study, number, declared),
    }
    values: dict[str, tuple[Value, ...]] = {}
    untried: list[Untried] = []
    for lever, told in found.items():
        for each in told:
            if isinstance(each, Untried):
                untried.append(each)
            else:
                values[lever] = (*values.get(lever, ()), *each)
    return Choices({lever: each for lever, each in values.items() if each}, today, tuple(untried), most)


def _seqs(name: str, today: Value, most: int, kv_tokens: int | None) -> Iterator[Found]:
    """Fewer, where that makes a difference; more, where as many as may run do run and it is known what they hold."""
    if not isinstance(today, int):
        yield Untried(
            "max_num_seqs",
            f"How many sequences a replica decodes at once is not known: set pools.{toml_key(name)}.max_num_seqs.",
            (f"pools.{toml_key(name)}.max_num_seqs",),
        )
        return
    fewer = dict.fromkeys(max(1, int(today * factor)) for factor in _FEWER)
    yield tuple(each for each in fewer if each < min(today, most))
    if most < today:
        return
    if kv_tokens is None:
        yield Untried(
            "max_num_seqs",
            f"All {today} sequences run at times, and whether more would fit is not known: set "
            f"pools.{toml_key(name)}.kv_tokens (the engine logs it when it starts).",
            (f"pools.{toml_key(name)}.kv_tokens",),
        )
        return
    yield tuple(today * factor for factor in _MORE)


def _tokens(name: str, today: Value, *, is_chunked: bool) -> Iterator[Found]:
    if not is_chunked:
        return
    if not isinstance(today, int):
        yield Untried(
            "max_batched_tokens",
            f"How many tokens a step carries is not known: set pools.{toml_key(name)}.max_batched_tokens.",
            (f"pools.{toml_key(name)}.max_batched_tokens",),
        )
        return
    fewer = (int(today * factor) for factor in _FEWER)
    yield (*(today * factor for factor in _MORE), *(each for each in fewer if each >= _LEAST_TOKENS))


def _prefill(name: str, today: Mapping[str, Value], *, is_late: bool) -> Iterator[Found]:
    """The other way to read prompts, where somebody is late: what time it takes, the model does not tell apart."""
    if not is_late:
        return
    if today["prefill"] == "chunked":
        yield ("stalling",)
    elif "max_batched_tokens" in today:
        yield ("chunked",)
    else:
        yield Untried(
            "prefill",
            f"Into how large chunks prompts would be cut is not known: set pools.{toml_key(name)}.max_batched_tokens.",
            (f"pools.{toml_key(name)}.max_batched_tokens",),
        )


def _prefixes(study: Study, number: int, declared: Pool) -> Iterator[Found]:
    """To keep beginnings of prompts, where it is known that none are kept, and how much could be."""
    name = study.pools[number]
    here = study.whole.period.pool == number
    known = known_prompts(study, number)
    if declared.enable_prefix_caching or study.today.pools[name].prefix_cache_tokens > 0:
        return

    missing, lacking = [], []
    if declared.enable_prefix_caching is None:
        lacking.append("whether it keeps beginnings of prompts")
        missing.append(f"pools.{toml_key(name)}.enable_prefix_caching")
    if declared.prefix_cache_tokens is None:
        lacking.append("how much of them a replica could keep")
        missing.append(f"pools.{toml_key(name)}.prefix_cache_tokens")
    if known.sum() < LEAST_KNOWN * here.sum():
        few = f", but of {int(known.sum()):,} of its {int(here.sum()):,} calls" if known.any() else ""
        lacking.append(f"how prompts begin{few}")
        missing.append(_MESSAGES)
    if missing:
        reason = f"It is not known {', nor '.join(lacking)}: {_how_to_tell(missing)}."
        yield Untried("prefix_cache_tokens", reason, tuple(missing))
    elif (read := tokens_from_caches(study, known)) > 0:
        reason = (
            f"Prefix caching is declared to be off, and its calls report {read:,} tokens read from caches."
        )
        yield Untried("prefix_cache_tokens", reason, ())
    elif declared.kv_tokens is not None:
        reason = (
            "With kv_tokens the replay keeps no prompts that go on from one another: leave "
            f"pools.{toml_key(name)}.kv_tokens out to have prefix caching judged."
        )
        yield Untried("prefix_cache_tokens", reason, ())
    else:
        yield (declared.prefix_cache_tokens,)


def _how_to_tell(missing: list[str]) -> str:
    settings = [each for each in missing if each != _MESSAGES]
    how = [f"set {', '.join(settings)}"] if settings else []
    how += [f"export {_MESSAGES}, of which hashes are kept"] if _MESSAGES in missing else []
    return "; ".join(how)


def _most_in_progress(study: Study, number: int) -> int:
    """Sequences in progress at once on one replica of the pool, in the replay of today."""
    outcome = study.whole.today.outcome
    own = replicas_of_pool(study.whole.period.pools, number)
    here = (outcome.replica >= own.start) & (outcome.replica < own.stop)
    return int(seconds_by_level(outcome.begin_s[here], outcome.end_s[here], outcome.replica[here]).size) - 1
