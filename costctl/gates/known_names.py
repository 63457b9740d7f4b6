"""Is there anything of the name that a gate is about? A name that nobody has is a mistake, and one that was not seen in
this window is not.

In: the settings' gates, what names are known. Out: nothing, or UsageError with the nearest name.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

from costctl.documents.analysis import Analysis
from costctl.documents.gate_settings import EACH, Gate, SubjectKind, nearest
from costctl.errors import UsageError

Names = Mapping[SubjectKind, Collection[str]]
_MOST: Final = 8
_WORDS: Final[dict[SubjectKind, tuple[str, str]]] = {
    "request_class": ("class", "classes"),
    "tenant": ("tenant", "tenants"),
    "model": ("model", "models"),
    "pool": ("pool", "pools"),
}


def observed_names(analysis: Analysis) -> dict[SubjectKind, set[str]]:
    """The names that a document has a row of."""
    return {
        "request_class": {each.request_class for each in analysis.classes},
        "tenant": set(_of_cut(analysis, "tenant")),
        "model": set(_of_cut(analysis, "model")),
        "pool": {each.pool for each in analysis.pools},
    }


def is_among_others(analysis: Analysis, kind: SubjectKind) -> bool:
    """Whether there are tenants (or models) that the document has no row of."""
    return any(row.kind == "others" for cut in analysis.cuts if cut.by == kind for row in cut.rows)


def require_known(
    gates: Sequence[Gate], known: Names, has_others: Collection[SubjectKind], stages: Collection[str]
) -> None:
    """Raise UsageError for the first gate about a name that nobody has. has_others: kinds of which some names have no
    row, so that one that is not found may be among them.  stages: that there are.
    """
    for number, gate in enumerate(gates, start=1):
        if gate.stage not in (None, EACH, *stages):
            raise UsageError(
                f"[[gates]] number {number}: there is no stage {gate.stage!r}{nearest(gate.stage or '', stages)}.",
                why=f"The stages are {', '.join(sorted(stages))}.",
                next_step="Fix the name, or leave it out for each of them.",
            )
        if gate.subject is None:
            continue
        kind, name = gate.subject
        if name == EACH or name in known[kind] or kind in has_others:
            continue
        one, many = _WORDS[kind]
        shown = ", ".join(sorted(known[kind])[:_MOST]) or "none"
        more = f" and {len(known[kind]) - _MOST} more" if len(known[kind]) > _MOST else ""
        raise UsageError(
            f"[[gates]] number {number}: there is no {one} {name!r}{nearest(name, known[kind])}.",
            why=f"The {many} known here are {shown}{more}.",
            next_step='Fix the name, or write "*" for each of them.',
        )


def _of_cut(analysis: Analysis, by: str) -> Iterator[str]:
    for cut in analysis.cuts:
        if cut.by == by:
            yield from (row.value for row in cut.rows if row.value is not None)
