"""``costctl report``: the weekly review as one page, as markdown for a pull request, as PDF."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from costctl.cli import options
from costctl.cli.again import again
from costctl.cli.file_format import form_of
from costctl.cli.groups import grouped
from costctl.cli.options import Asked, Feedback
from costctl.cli.output import say_warnings, say_written, write_bytes, write_text
from costctl.cli.recording import gave_document

if TYPE_CHECKING:
    from costctl.documents.report import Report


class ReportFormat(StrEnum):
    """What the review is written as."""

    HTML = "html"
    MARKDOWN = "markdown"
    PDF = "pdf"
    JSON = "json"


_USUAL: Final = {ReportFormat.HTML: "costctl-report.html", ReportFormat.PDF: "costctl-report.pdf"}


@grouped
def run(
    *,
    form: Annotated[
        ReportFormat | None,
        typer.Option(
            "--format",
            help="html: one page that loads nothing.  markdown: for a pull request, under 60 KB.  pdf: by a Chromium "
            "that is installed.  json: all of it.  [default: by the name of --out, else html]",
        ),
    ] = None,
    out: options.Out = None,
    bills: Annotated[
        list[str] | None,
        typer.Option(
            "--bills",
            metavar="FILE",
            help="Bills, usage reports and cost exports to compare with, as costctl reconcile does; repeatable.",
            show_default=False,
        ),
    ] = None,
    extrapolate: options.Extrapolate = False,
    asked: Asked,
    feedback: Feedback,
) -> None:
    """Write the weekly review: spend, why, what to do now, and whether the bill is right.

    On a terminal a page goes to costctl-report.html, or .pdf, unless --out says where. Its advice is not kept for
    --review.
    PATHs are loaded into the store first; the answer is then about them alone.
    """
    from costctl import verbs

    chosen = form_of(form, out, ReportFormat.HTML)
    place = _place(chosen, out)
    with feedback.progress() as progress:
        document = verbs.report(asked.question(is_extrapolating=extrapolate), progress, bills or ())
        progress("Drawing the page", None)
        content = _written(document, chosen)
    gave_document(document)
    say_warnings(document.provenance.warnings)
    if isinstance(content, bytes):
        write_bytes(content, place)
    else:
        write_text(content, place)
    if place is not None:
        from costctl.render.written import Written

        written = Written(str(place), place.stat().st_size)
        shown = " --show 1" if document.recommendations.made else ""
        say_written(written, (), f"costctl recommend{shown}{again()}", place)


def _place(form: ReportFormat, out: Path | None) -> Path | None:
    """Where it goes; None is stdout."""
    from costctl.render.terminal import stdout_is_terminal

    return Path(_USUAL[form]) if out is None and form in _USUAL and stdout_is_terminal() else out


def _written(document: Report, form: ReportFormat) -> str | bytes:
    from costctl.render.document import as_json
    from costctl.report.comment import as_comment
    from costctl.report.page import as_page
    from costctl.report.pdf import as_pdf

    match form:
        case ReportFormat.JSON:
            return as_json(document)
        case ReportFormat.MARKDOWN:
            return as_comment(document)
        case ReportFormat.PDF:
            return as_pdf(as_page(document))
        case ReportFormat.HTML:
            return as_page(document)
