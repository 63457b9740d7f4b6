"""The weekly review as a comment of a pull request: the answers first, the rest folded, under 60 KB.

In: the document of the report. Out: GitHub-flavoured markdown. It begins with a mark that is not shown, by which a job
finds its own comment and writes it anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from costctl.documents.report import Report
from costctl.legible import in_one_line
from costctl.render.analysis_screen import class_table
from costctl.render.markdown import as_markdown
from costctl.render.sections import Notes
from costctl.render.view import View
from costctl.report.chapters import Chapter, chapters, first_screen, heading, warnings

MARK: Final = "<!-- costctl report -->"
MOST_BYTES: Final = 60_000
_MOST_CLASSES: Final = 8
_LEFT_OUT: Final = (
    "\nLeft out, since a comment holds so much only: {names}. `costctl report -o report.html` has all.\n"
)


def as_comment(report: Report) -> str:
    """The comment."""
    head = "\n".join(_head(report))
    room = MOST_BYTES - len(head.encode()) - 2_000
    folded, left_out = [], []
    for chapter in chapters(report):
        text = _folded(chapter)
        if len(text.encode()) <= room:
            folded.append(text)
            room -= len(text.encode())
        else:
            left_out.append(chapter.title)
    tail = _LEFT_OUT.format(names="; ".join(left_out)) if left_out else ""
    return f"{head}\n{''.join(folded)}{tail}"


def _head(report: Report) -> Iterator[str]:
    yield MARK
    yield f"# Weekly review: {heading(report)}\n"
    said = warnings(report)
    if said is not None:
        yield as_markdown([said])
    for card in first_screen(report):
        lines = [*([card.figure] if card.figure else []), *card.lines]
        yield as_markdown([Notes(card.question, tuple(map(in_one_line, lines)))])
        if card.table is not None:
            yield as_markdown([card.table])
    yield as_markdown([class_table(report.analysis, View(top=_MOST_CLASSES))])


def _folded(chapter: Chapter) -> str:
    """The chapter, to be opened: its charts' numbers and its sections."""
    inner = as_markdown([*(chart.table for chart in chapter.charts), *chapter.sections])
    return f"<details><summary>{chapter.title}</summary>\n\n{inner}\n</details>\n\n"
