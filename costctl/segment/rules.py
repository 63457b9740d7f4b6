"""Class rules: from TOML, which people edit, to the small table ``class_rules``, which request_class reads.

In: the text of a rules file. Out: a frame with one row per alternative of a rule, in order; a bound left open
is null.
"""

from __future__ import annotations

import difflib
import tomllib
from importlib import resources
from typing import Any, Final

import polars as pl

from costctl.errors import UsageError

FEATURES: Final = (
    "prompt_tokens",
    "max_tokens",
    "hour_utc",
    "output_tokens",
    "generation_calls",
    "embedding_calls",
    "retrievals",
    "documents",
    "tools",
    "agents",
    "duration_s",
)
_BOUNDS: Final = tuple(f"{end}_{feature}" for feature in FEATURES for end in ("min", "max"))
_CONDITIONS: Final = ("operation", *_BOUNDS)
_RULE_KEYS: Final = ("name", "class", "is_labelled", "any", *_CONDITIONS)

CLASS_RULES: Final = pl.Schema(
    {
        "rule_order": pl.Int64,
        "rule": pl.String,
        "request_class": pl.String,
        "is_labelled": pl.Boolean,
        "operation": pl.String,
        **dict.fromkeys(_BOUNDS, pl.Float64),
    }
)


def default_rules() -> pl.DataFrame:
    """The built-in rules as rows of ``class_rules``."""
    text = (resources.files("costctl.segment") / "default_rules.toml").read_text(encoding="utf-8")
    return load_rules(text, "default_rules.toml")


def load_rules(text: str, name: str) -> pl.DataFrame:
    """The rules in ``text`` as rows of ``class_rules``.

    name: the file's name, for messages. Raises UsageError where the text is no TOML, a key is unknown, a rule
    has no class, or the last rule does not take everything that is left.
    """
    rules = _parsed(text, name)
    rows: list[dict[str, Any]] = []
    for rule in rules:
        _refuse_unknown(rule, _RULE_KEYS, name)
        is_labelled = bool(rule.get("is_labelled", False))
        if "name" not in rule or ("class" in rule) == is_labelled:
            raise _rule_error(
                name,
                f"Rule {rule.get('name', len(rows) + 1)!r} needs a name, and a class or is_labelled = true.",
            )
        for alternative in rule.get("any", [{}]):
            _refuse_unknown(alternative, _CONDITIONS, name)
            conditions = {**{key: rule[key] for key in _CONDITIONS if key in rule}, **alternative}
            rows.append(
                {
                    "rule_order": len(rows) + 1,
                    "rule": str(rule["name"]),
                    "request_class": rule.get("class"),
                    "is_labelled": is_labelled,
                    **{key: _typed(name, key, value) for key, value in conditions.items()},
                }
            )
    if not rows or rows[-1]["is_labelled"] or any(key in rows[-1] for key in _CONDITIONS):
        raise _rule_error(name, "The last rule must have no bounds, so that every request gets a class.")
    return pl.DataFrame(rows, schema=CLASS_RULES)


def _parsed(text: str, name: str) -> list[dict[str, Any]]:
    try:
        rules = tomllib.loads(text).get("rules", [])
    except tomllib.TOMLDecodeError as error:
        raise _rule_error(name, f"It is not valid TOML: {error}.") from error
    if not isinstance(rules, list):
        raise _rule_error(name, "`rules` must be a list of tables, each begun with [[rules]].")
    return rules


def _refuse_unknown(table: dict[str, Any], known: tuple[str, ...], name: str) -> None:
    for key in table:
        if key not in known:
            nearest = difflib.get_close_matches(key, known, n=1)
            hint = f" Did you mean {nearest[0]}?" if nearest else ""
            raise _rule_error(name, f"Unknown key {key}.{hint}")


def _typed(name: str, key: str, value: object) -> str | float:
    if key == "operation":
        return str(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _rule_error(name, f"{key} must be a number, not {value!r}.")
    return float(value)


def _rule_error(name: str, why: str) -> UsageError:
    return UsageError(
        f"Cannot use the class rules in {name}.",
        why=why,
        next_step="`costctl help classes` shows the format and the built-in rules.",
    )
