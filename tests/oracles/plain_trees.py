"""Span trees in plain Python, span by span and instant by instant: the slow twin of costctl.span_trees."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class PlainSpan:
    """parent: an id in the same trace, which need not exist.  end None: only the arrival was recorded."""

    trace: int
    span: int
    parent: int | None
    start: int
    end: int | None
    stage: str = "other"
    is_model: bool = False
    queue: int | None = None  # of a call, from its start
    ttft: int | None = None
    children: list[PlainSpan] = field(default_factory=list, repr=False)
    is_wrapper: bool = False

    @property
    def phases(self) -> list[tuple[str, int]]:
        """Of a call the phases, each with its end."""
        end, found = self.end or 0, []
        busy_from = min(self.start + (self.queue or 0), end)
        if self.queue is not None:
            found.append(("queue", busy_from))
        if self.ttft is not None:
            found += [("prefill", min(max(self.start + self.ttft, busy_from), end)), ("decode", end)]
        return found

    @property
    def key(self) -> tuple[int, int]:
        return self.trace, self.span


def parent_of(span: PlainSpan, spans: dict[tuple[int, int], PlainSpan]) -> PlainSpan | None:
    return None if span.parent is None else spans.get((span.trace, span.parent))


def entry_of(span: PlainSpan, spans: dict[tuple[int, int], PlainSpan]) -> PlainSpan | None:
    """The span without a parent above it; None where a cycle holds it."""
    seen = set()
    while (above := parent_of(span, spans)) is not None:
        if span.key in seen:
            return None
        seen.add(span.key)
        span = above
    return span


def requests_of(spans: list[PlainSpan]) -> list[list[PlainSpan]]:
    """The spans of each request, requests and spans in order of start."""
    known = {span.key: span for span in spans}
    groups: dict[object, list[PlainSpan]] = {}
    for span in spans:
        entry = entry_of(span, known)
        if entry is None:
            family: object = (span.trace, "cycle")
        elif entry.parent is None:
            family = entry.key
        else:
            family = (entry.trace, "lost", entry.parent)
        groups.setdefault(family, []).append(span)
    ordered = [sorted(group, key=lambda span: (span.start, span.span)) for group in groups.values()]

    def first_entry(group: list[PlainSpan]) -> tuple[int, int, int]:
        tops = [span for span in group if entry_of(span, known) in (span, None)]
        first = min(tops, key=lambda span: (span.start, span.span))
        return first.start, first.trace, first.span

    return sorted(ordered, key=first_entry)


def stages_of(group: list[PlainSpan], wrapping: tuple[str, ...]) -> dict[str, int]:
    """Units of time in each stage of a request: every unit is asked, from the last to the first, whose it is."""
    known = {span.key: span for span in group}
    tops = []
    for span in group:
        span.children = []
    for span in group:
        if span.end is None:
            continue
        above = parent_of(span, known) if entry_of(span, known) is not None else None
        while above is not None and above.end is None:
            above = parent_of(above, known)
        (tops if above is None else above.children).append(span)
    entries = [span for span in tops if entry_of(span, known) in (span, None)]
    if not entries:
        return {}
    for span in group:
        span.is_wrapper = bool(span.children)
    for children in (tops, *(span.children for span in group)):
        is_alone = children is tops and len(tops) == 1
        speaking = [span for span in children if span.stage != "other" or span.is_wrapper or is_alone]
        children[:] = speaking
    low, high = min(span.start for span in entries), max(span.end or 0 for span in entries)
    spent: dict[str, int] = {}
    _walk(None, tops, low, high, wrapping, spent)
    return {stage: units for stage, units in spent.items() if units}


def _walk(
    owner: PlainSpan | None,
    children: list[PlainSpan],
    low: int,
    high: int,
    wrapping: tuple[str, ...],
    spent: dict[str, int],
) -> None:
    """Units low..high of one span, backwards: at each instant the running child that ends last takes all down to its
    start.
    """
    left = list(children)
    at = high
    while at > low:
        running = [child for child in left if child.start < at and (child.end or 0) >= at]
        if running:
            child = max(running, key=lambda each: (each.end or 0, -each.start, -each.span))
            until = max(child.start, low)
            _walk(child, child.children, until, at, wrapping, spent)
            left.remove(child)
            at = until
            continue
        stage = _own_stage(owner, at - 1, wrapping)
        spent[stage] = spent.get(stage, 0) + 1
        at -= 1


def _own_stage(owner: PlainSpan | None, unit: int, wrapping: tuple[str, ...]) -> str:
    if owner is None:
        return "uninstrumented"
    for name, end in owner.phases:
        if unit < end:
            return name
    return "uninstrumented" if owner.is_wrapper and owner.stage in wrapping else owner.stage
