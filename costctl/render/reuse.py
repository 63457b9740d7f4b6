"""Miss ratios by size as a table, the smallest size first; today's stands at the end."""

from __future__ import annotations

from typing import Final

from costctl.documents.recommendations import Recommendation, Recommendations
from costctl.documents.reuse import MissRatio, ReferencesTo, ReuseCurve
from costctl.render.cells import Quantity, Row, count, ratio
from costctl.render.recommendation_words import kind, subject
from costctl.render.sections import Section, Table

REFERENCES: Final[dict[ReferencesTo, str]] = {
    "prompt_parts": "parts of prompts",
    "answers": "calls",
    "objects": "reads",
}
TEXT_COLUMNS: Final = frozenset({"marked"})


def reuse_tables(document: Recommendations) -> list[Table]:
    """A table for each piece of advice, withheld or not, that looked at what is needed again."""
    return [
        Table(
            f"Miss ratio by size: {whose_memory(each)}",
            columns_of(each.reuse),
            rows_of(each.reuse),
            TEXT_COLUMNS,
        )
        for each in document.recommendations
        if each.reuse is not None
    ]


def shown_reuse(advice: Recommendation, *, is_whole: bool) -> list[Section]:
    """For the screen of one piece of advice, where all is asked for: the evidence tells a few sizes in any case."""
    found = advice.reuse
    if found is None or not is_whole:
        return []
    columns = columns_of(found)
    return [Table(columns[0], columns, rows_of(found), TEXT_COLUMNS, is_compact=True)]


def columns_of(found: ReuseCurve) -> tuple[str, ...]:
    """The heads: of what a part is missed."""
    return size_in_words(found), f"{REFERENCES[found.references_to]} missed", "marked"


def size_in_words(found: ReuseCurve) -> str:
    """Such as: size of the memory, tokens."""
    return f"size of the memory, {found.unit}"


def rows_of(found: ReuseCurve) -> tuple[Row, ...]:
    """A row for each size, then today's."""
    rows = [(*_cells(each), "") for each in found.points]
    today = () if found.today is None else ((*_cells(found.today), "today"),)
    return *rows, *today


def _cells(each: MissRatio) -> tuple[Quantity, Quantity]:
    return count(each.size), ratio(each.miss_ratio)


def in_words(found: ReuseCurve) -> str:
    """What the curve rests on: 1,234 reads; 12.0% are first uses, which any memory misses."""
    looked_at = "" if found.one_in == 1 else f", one thing in {count(found.one_in)} looked at"
    return (
        f"{count(found.references)} {REFERENCES[found.references_to]}{looked_at}; {ratio(found.compulsory_ratio)} any "
        "memory misses, since nothing like them came before"
    )


def whose_memory(advice: Recommendation) -> str:
    """Whose memory it is about: cache, chat."""
    return f"{kind(advice.kind)}, {subject(advice)}"
