"""How many tokens does another model make of the same text? Dated, sourced rules, and what the calls themselves show.

In: calls, two models. Out: ``TokenRatio``. Prompts that went to both, by their hashes, tell the ratio; else the models
have the same tokenizer, or the provider states a bound, or as many are taken, and it is said that nobody knows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from typing import Final

import msgspec
import polars as pl

from costctl.pricing.model_names import without_snapshot
from costctl.rebill.calls import BoughtCalls

_FEWEST_PROMPTS: Final = 20  # that went to both models


class Tokenizer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Models that count alike."""

    name: str
    models: tuple[str, ...]
    source: str
    date: date


class StatedRatio(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """What a provider says of two tokenizers: of one token at most so many."""

    from_: str
    to: str
    most_ratio: float
    source: str
    date: date


class TokenizerRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    tokenizers: tuple[Tokenizer, ...]
    ratios: tuple[StatedRatio, ...]


@dataclass(frozen=True, slots=True)
class TokenRatio:
    """ratio: tokens of the other model for each of today's.  said: how that is known, a sentence."""

    ratio: float
    said: str


@cache
def tokenizer_rules() -> TokenizerRules:
    """The rules of ``tokenizers.toml``."""
    text = (files("costctl.rebill") / "tokenizers.toml").read_text("utf-8")
    return msgspec.toml.decode(text, type=TokenizerRules)


def undated(model: str) -> str:
    """The model of this name, whichever version the name says: gpt-4.1 of gpt-4.1-2025-04-14."""
    return without_snapshot(model)


def token_ratio(calls: BoughtCalls, today: str, other: str) -> TokenRatio:
    """The ratio of two models, by what is known best."""
    return _observed(calls, today, other) or _stated(today, other)


def _observed(calls: BoughtCalls, today: str, other: str) -> TokenRatio | None:
    """By prompts that went to both; None where too few did."""
    known = calls.prefixes.is_known & ~calls.prefixes.is_by_block
    last = calls.prefixes.offset[1:] - 1
    prompts = (
        calls.frame.select("model", "input_tokens")
        .filter(pl.Series(known))
        .with_columns(pl.Series("prompt", calls.prefixes.key[last[known]]))
        .filter(pl.col("model").is_in([today, other]) & (pl.col("input_tokens") > 0))
        .group_by("prompt", "model")
        .agg(pl.col("input_tokens").mean())
    )
    both = prompts.filter(pl.col("model") == today).join(
        prompts.filter(pl.col("model") == other), on="prompt", suffix="_of_other"
    )
    if both.height < _FEWEST_PROMPTS:
        return None
    ratio = float(both["input_tokens_of_other"].sum()) / float(both["input_tokens"].sum())
    return TokenRatio(
        ratio,
        f"{both.height:,} prompts went to {today} and to {other}: {other} counted {ratio:.3f} times the tokens.",
    )


def _stated(today: str, other: str) -> TokenRatio:
    """By the rules."""
    one, two = _tokenizer_of(today), _tokenizer_of(other)
    if one is None or two is None:
        return TokenRatio(
            1.0, f"It is not known how {other} counts the same text; as many tokens are assumed."
        )
    if one == two:
        return TokenRatio(
            1.0, f"{today} and {other} have the same tokenizer ({one}); answers as long are assumed."
        )
    for each in tokenizer_rules().ratios:
        if (each.from_, each.to) == (one, two):
            return TokenRatio(
                each.most_ratio,
                f"Its provider states that {other} counts up to {each.most_ratio:g} times the tokens; billed so.",
            )
    return TokenRatio(
        1.0, f"{other} has another tokenizer, of which no ratio is known; as many tokens are assumed."
    )


def _tokenizer_of(model: str) -> str | None:
    return next(
        (
            each.name
            for each in tokenizer_rules().tokenizers
            if any(fnmatchcase(model.lower(), pattern) for pattern in each.models)
        ),
        None,
    )
