"""How is a choice of columns written, so that a person can check it? As the TOML of a mapping.

In: a sample and a choice. Out: text. Of what cells say it shows kinds, counts and the range of numbers; of names those
that are like identifiers.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final

from costctl.ingest.attribute_text import ns_from_instant
from costctl.ingest.propose.choice import Choice, Column
from costctl.ingest.propose.instants import number
from costctl.ingest.propose.names import last_words
from costctl.ingest.propose.sample import Sample, shown_names

_MOST_MARKS: Final = 4
_ORDER: Final = (
    "start_ns",
    "end_ns",
    "duration_s",
    "ttft_s",
    "queue_s",
    "provider",
    "model_requested",
    "model_served",
)
_SPOKEN: Final = frozenset(
    (
        "input",
        "output",
        "message",
        "messages",
        "content",
        "request",
        "response",
        "body",
        "text",
        "query",
        "answer",
    )
)


def as_toml(path: str, sample: Sample, choice: Choice) -> str:
    """The draft."""
    lines = [
        f"# Drafted from the first {sample.rows} rows of {Path(path).name}. Check it, above all the units, then run",
        f"#   costctl ingest {path} --mapping THIS_FILE.toml",
    ]
    if sample.known_as is not None:
        lines.append(
            f"# This log is read without a mapping, as {sample.known_as}; a mapping is needed only to read "
            "it differently."
        )
    lines += [f"# {note}" for note in choice.notes]
    lines += [f"marks = [{', '.join(map(_quoted, _marks(sample, choice)))}]", "", "[columns]"]
    ordered = sorted(choice.columns, key=lambda name: _ORDER.index(name) if name in _ORDER else len(_ORDER))
    for ours in ordered:
        column = choice.columns[ours]
        about = "; ".join(part for part in (_kind(column.path, sample.said(column.path)), column.why) if part)
        lines.append(f"{f'{ours} = {_source(column)}':70} # {about}")
    lines += _conditions(choice)
    return "\n".join([*lines, *_rest(sample, choice)]) + "\n"


def _source(column: Column) -> str:
    unit = "" if column.unit is None else f', {"instant" if column.is_instant else "unit"} = "{column.unit}"'
    plus = f", plus = [{', '.join(map(_quoted, column.plus))}]" if column.plus else ""
    path = _quoted(column.path)
    name = path if column.convention is None else f"{{ path = {path}, {column.convention} = true }}"
    return f"{{ from = {name}{unit}{plus} }}"


def _conditions(choice: Choice) -> list[str]:
    lines: list[str] = []
    if "operation" not in choice.columns and choice.is_every_row_a_call:
        lines += ["", "[constants]", 'operation = "chat"']
    if choice.requests is not None:
        path, value = choice.requests
        about = "# Only rows of one kind have token counts."
        if value is None:
            lines += [
                "",
                about
                + f" Name that kind, so that the others are skipped: [requests], column = {_quoted(path)}",
            ]
        else:
            lines += ["", about, "[requests]", f"column = {_quoted(path)}", f"equals = {_quoted(value)}"]
    if choice.failures is not None:
        lines += ["", "[failures]", f"column = {_quoted(choice.failures)}", "equals = false"]
    return lines


def _rest(sample: Sample, choice: Choice) -> list[str]:
    rest, hidden = shown_names(sample, choice.used)
    lines = []
    if rest or hidden:
        lines += ["", "# Not used; map one of these if it is relevant to cost:"]
    lines += [f"#   {_quoted(name)}: {_kind(name, sample.said(name))}" for name in rest]
    if hidden:
        lines.append(
            f"#   {hidden} more are not shown: their names are not identifiers, or occur in few rows"
        )
    return lines


def _marks(sample: Sample, choice: Choice) -> list[str]:
    """Some names that every row has, by which such a log is known."""
    tops = [
        path if path in sample.tops else path.split(".", 1)[0]
        for path in (column.path for column in choice.columns.values())
    ]
    return [name for name in dict.fromkeys(tops) if name in sample.tops][:_MOST_MARKS]


def _quoted(name: str) -> str:
    """The name as TOML writes it, on one line."""
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(each if each.isprintable() else f"\\u{ord(each):04x}" for each in escaped) + '"'


def _kind(path: str, values: Sequence[Any]) -> str:
    """What the values are like, never a text that someone may have said, nor a number in the place of one."""
    if not values:
        return "always empty"
    if all(isinstance(value, bool) for value in values):
        return "true or false"
    found = [each for value in values if (each := number(value)) is not None]
    if len(found) == len(values):
        is_spoken = last_words(path) <= _SPOKEN and any(isinstance(value, str) for value in values)
        return "numbers" if is_spoken else f"numbers from {min(found):.12g} to {max(found):.12g}"
    if all(
        isinstance(value, date) or (isinstance(value, str) and ns_from_instant(value) is not None)
        for value in values
    ):
        return "times"
    different = len({str(value) for value in values})
    return f"{different} distinct texts" if all(isinstance(value, str) for value in values) else "nested"
