"""Which attribute carries which fact, by the dialect of whoever wrote the span?

Shape in: the TOML files in ``dialects/``, one a dialect.  Shape out: a ``Vocabulary``: for each canonical
column the keys that may carry it, the best first; the words that name operations; the rules that name a
stage; and the keys by which a dialect is recognised.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final, Literal

import msgspec

from costctl.errors import UsageError
from costctl.ingest.discretion import Discretion
from costctl.ingest.key_pattern import key_pattern
from costctl.ingest.read_columns import READ_TYPES
from costctl.store.spans import STAGES

Parse = Literal["value", "instant", "json_length", "duration"]


class KeyRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One attribute that may carry the value of one column.

    key: the attribute.  field: dotted path, where the attribute is a JSON text.  factor: what brings the
    number to the column's unit.  parse: ``instant`` is a time of day, read as seconds since the span's
    start; ``json_length`` counts a JSON list; ``duration`` is a text such as 1.234ms.  excludes_cache,
    excludes_reasoning: the number must have the cached, or the reasoning, tokens added to become the
    canonical total.  kinds: only on spans of these kinds.  requires: only on spans that also carry this key.
    """

    key: str
    field: str | None = None
    factor: float = 1.0
    parse: Parse = "value"
    excludes_cache: bool = False
    excludes_reasoning: bool = False
    kinds: tuple[str, ...] = ()
    requires: str | None = None


class CountRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A column that counts numbered keys: its value is the highest N of ``prefix.N.rest``, plus one."""

    prefix: str
    column: str


class FactRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a span is, where no attribute says so: sets columns that are still NULL.

    Every condition given must hold. when: attribute and the lower-case values it may have, ``*`` for any.
    names, kinds, operations: values of the span's own columns; a name may end in ``*``.  unless: no such
    attribute.  has_tokens: the span reports tokens, be they contradictory.  has_model: the span names a model.
    """

    set: dict[str, str | int]
    when: dict[str, tuple[str, ...]] = {}
    names: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    has_tokens: bool = False
    has_model: bool = False


class PromptKeys(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where prompts are: attributes that hold a JSON list, or a text; ``prefix.*`` are numbered ones.

    tools, system, messages: in the order in which a model reads them; of several keys the first that a span has.
    decides: attributes that decide the answer beside the prompt.  events: names of span events, each of which is one
    message.
    """

    tools: tuple[KeyRule | str, ...] = ()
    system: tuple[KeyRule | str, ...] = ()
    messages: tuple[KeyRule | str, ...] = ()
    decides: tuple[str, ...] = ()
    events: tuple[str, ...] = ()


class Dialect(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of ``dialects/``.

    rank: dialects are asked in this order, the lowest first.  specificity: of several that a span carries
    marks of, the highest names it; the rank, unless given.  marks: keys that show the dialect; a key may end
    in ``*``.  columns: column → keys, the best first.  resource: likewise, of the emitter.  words: column →
    word as written, in lower case → canonical word, or nothing where the word says nothing.
    first_token_events: names of span events of which the first marks the first token.  prompt: where prompts are.
    """

    name: str
    about: str
    rank: int
    specificity: int | None = None
    marks: tuple[str, ...] = ()
    columns: dict[str, tuple[KeyRule | str, ...]] = {}
    resource: dict[str, tuple[str, ...]] = {}
    counts: tuple[CountRule, ...] = ()
    words: dict[str, dict[str, str]] = {}
    rules: tuple[FactRule, ...] = ()
    first_token_events: tuple[str, ...] = ()
    prompt: PromptKeys = PromptKeys()


@dataclass(frozen=True, slots=True)
class PromptRules:
    """``PromptKeys``, each key as a rule."""

    tools: tuple[KeyRule, ...]
    system: tuple[KeyRule, ...]
    messages: tuple[KeyRule, ...]
    decides: tuple[str, ...]
    events: frozenset[str]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """All dialects together, in the order in which they are asked.

    required: of each key that is read, what each rule that reads it asks for beside it; None for nothing.  fields: of
    each key that is read as JSON the paths that are read.  prompts: where prompts are, a dialect each.
    """

    columns: Mapping[str, tuple[KeyRule, ...]]
    resource: Mapping[str, tuple[str, ...]]
    counts: tuple[CountRule, ...]
    words: Mapping[str, Mapping[str, str]]
    rules: tuple[FactRule, ...]
    marks: tuple[tuple[str, re.Pattern[str]], ...]
    first_token_events: frozenset[str]
    required: Mapping[str, tuple[str | None, ...]]
    fields: Mapping[str, frozenset[str]]
    prompts: tuple[PromptRules, ...]


@dataclass(frozen=True, slots=True)
class Translation:
    """How attributes become columns, and what is kept of their texts."""

    vocabulary: Vocabulary
    discretion: Discretion = field(default_factory=Discretion)

    @property
    def salt(self) -> str:
        """What goes into the hashes of what was said."""
        return self.discretion.salt


def dialect_from_toml(text: str) -> Dialect:
    """One dialect, strictly read: an unknown key, an unknown column or an unknown stage is an error.

    Raises msgspec.ValidationError or ValueError.
    """
    dialect = msgspec.toml.decode(text, type=Dialect)
    named = {*dialect.columns, *dialect.resource, *dialect.words, *(rule.column for rule in dialect.counts)}
    for rule in dialect.rules:
        named |= set(rule.set)
        if "stage" in rule.set and rule.set["stage"] not in STAGES:
            raise ValueError(
                f"dialect {dialect.name}: {rule.set['stage']!r} is not a stage; use one of {STAGES}"
            )
    unknown = sorted(named - set(READ_TYPES))
    if unknown:
        raise ValueError(f"dialect {dialect.name} names columns that spans do not have: {', '.join(unknown)}")
    return dialect


def vocabulary_of(dialects: Iterable[Dialect]) -> Vocabulary:
    """The dialects merged in order of rank; of the same column the keys follow one another."""
    columns: dict[str, list[KeyRule]] = {}
    resource: dict[str, list[str]] = {}
    words: dict[str, dict[str, str]] = {}
    ordered = sorted(dialects, key=lambda dialect: (dialect.rank, dialect.name))
    for dialect in ordered:
        for column, keys in dialect.columns.items():
            columns.setdefault(column, []).extend(_rules(keys))
        for column, names in dialect.resource.items():
            resource.setdefault(column, []).extend(names)
        for column, spelled in dialect.words.items():
            words.setdefault(column, {}).update(spelled)
    every = [rule for rules in columns.values() for rule in rules]
    return Vocabulary(
        required=_required(every, ordered),
        fields=_fields(every),
        columns={column: tuple(rules) for column, rules in columns.items()},
        resource={column: tuple(names) for column, names in resource.items()},
        counts=tuple(rule for dialect in ordered for rule in dialect.counts),
        words=words,
        rules=tuple(rule for dialect in ordered for rule in dialect.rules),
        marks=tuple(
            (dialect.name, key_pattern(dialect.marks))
            for dialect in sorted(ordered, key=lambda dialect: dialect.specificity or dialect.rank)
            if dialect.marks
        ),
        first_token_events=frozenset(name for dialect in ordered for name in dialect.first_token_events),
        prompts=tuple(_prompt(dialect.prompt) for dialect in ordered if dialect.prompt != PromptKeys()),
    )


def _prompt(keys: PromptKeys) -> PromptRules:
    return PromptRules(
        tools=tuple(_rules(keys.tools)),
        system=tuple(_rules(keys.system)),
        messages=tuple(_rules(keys.messages)),
        decides=keys.decides,
        events=frozenset(keys.events),
    )


def _required(rules: Iterable[KeyRule], dialects: Iterable[Dialect]) -> dict[str, tuple[str | None, ...]]:
    required: dict[str, list[str | None]] = {}
    for rule in rules:
        required.setdefault(rule.key, []).append(rule.requires)
    for dialect in dialects:
        for fact in dialect.rules:
            for key in fact.when:
                required.setdefault(key, []).append(None)
    return {key: tuple(asked) for key, asked in required.items()}


def _fields(rules: Iterable[KeyRule]) -> dict[str, frozenset[str]]:
    fields: dict[str, set[str]] = {}
    for rule in rules:
        if rule.field is not None:
            fields.setdefault(rule.key, set()).add(rule.field)
    return {key: frozenset(paths) for key, paths in fields.items()}


def _rules(keys: tuple[KeyRule | str, ...]) -> list[KeyRule]:
    return [KeyRule(key=key) if isinstance(key, str) else key for key in keys]


_DIALECTS: Final = "dialects"


@cache
def shipped_dialects() -> tuple[Dialect, ...]:
    """The dialects that come with costctl, in order of rank."""
    folder = files("costctl.ingest") / _DIALECTS
    texts = [entry.read_text("utf-8") for entry in folder.iterdir() if entry.name.endswith(".toml")]
    return tuple(sorted(map(dialect_from_toml, texts), key=lambda dialect: (dialect.rank, dialect.name)))


@cache
def shipped_vocabulary() -> Vocabulary:
    """What the dialects that come with costctl say."""
    return vocabulary_of(shipped_dialects())


@cache
def vocabulary_with(paths: tuple[str, ...]) -> Vocabulary:
    """The shipped dialects and those in the user's own files; one of the same name takes the shipped one's
    place.

    Raises UsageError where a file cannot be read, or is no dialect.
    """
    if not paths:
        return shipped_vocabulary()
    named = {dialect.name: dialect for dialect in shipped_dialects()}
    for path in paths:
        try:
            own = dialect_from_toml(Path(path).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise UsageError(
                f"Cannot use the dialect {path}.",
                why=f"{error}.",
                next_step="`costctl help formats` shows the format of a dialect file.",
            ) from error
        named[own.name] = own
    return vocabulary_of(named.values())
