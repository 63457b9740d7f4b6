"""``costctl check``: the gates of costctl.toml, for pipelines."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from costctl.cli import options
from costctl.cli.again import again
from costctl.cli.file_format import form_of
from costctl.cli.groups import grouped
from costctl.cli.options import Asked, Feedback
from costctl.cli.output import append_text, say, say_warnings, write_document, write_text
from costctl.cli.recording import gave_document
from costctl.errors import ExitCode
from costctl.render.forms import CheckFormat, TabularFormat

if TYPE_CHECKING:
    from costctl.documents.check import Check
    from costctl.render.view import View

# Where pipelines say that the repository is checked out; paths of annotations begin there.
_ROOTS: Final = ("GITHUB_WORKSPACE", "CI_PROJECT_DIR")
_SUMMARY: Final = "GITHUB_STEP_SUMMARY"
_EXIT_CODES: Final = {
    "breached": ExitCode.GATE_BREACHED,
    "cannot_say": ExitCode.NOT_ENOUGH_DATA,
    "passed": ExitCode.OK,
}


@grouped
def run(
    *,
    baseline: Annotated[
        Path | None,
        typer.Option(
            "--baseline",
            metavar="FILE",
            help="The analysis to compare with.  [default: costctl-baseline.json beside costctl.toml]",
        ),
    ] = None,
    gates: Annotated[
        Path | None,
        typer.Option(
            "--gates",
            metavar="FILE",
            help="Judge the [[gates]] of this file, such as gates.toml of `costctl policy plan`.  [default: those of "
            "costctl.toml]",
        ),
    ] = None,
    asked_form: Annotated[
        CheckFormat | None,
        typer.Option(
            "--format",
            metavar="table|json|csv|markdown|junit|github|gitlab|sarif",
            help="Output format; github prints annotations, and appends a summary to $GITHUB_STEP_SUMMARY.  "
            "[default: by the suffix of --out, else table]",
        ),
    ] = None,
    out: options.Out = None,
    detail: options.Detail = False,
    asked: Asked,
    feedback: Feedback,
) -> None:
    """Check the gates in costctl.toml; exit with 1 if one is breached, with 4 if one cannot be said.

    A gate is breached only where the limit lies outside the interval of what was found. PATHs are loaded into the
    store first; the answer is then about them alone.
    """
    from costctl import verbs
    from costctl.render import check_words
    from costctl.render.sections import Facts

    form = form_of(asked_form, out, CheckFormat.TABLE)
    with feedback.progress() as progress:
        document = verbs.check(asked.question(), progress, baseline, gates)
    gave_document(document)
    _write(document, form, out, detail=detail)
    if out is not None:
        say([Facts((("", check_words.headline(document)),))])
    raise typer.Exit(int(_EXIT_CODES[document.outcome]))


def _write(document: Check, form: CheckFormat, out: Path | None, *, detail: bool) -> None:
    from costctl.render import check, check_markdown, check_screen

    for_people = {each.value for each in TabularFormat} - {CheckFormat.MARKDOWN.value}
    if form.value in for_people:
        view = _view(out, detail=detail)
        chosen = check.sections if detail else lambda shown: check_screen.screen(shown, view)
        write_document(document, TabularFormat(form.value), chosen, check.csv_text, out, is_brief=not detail)
        return
    if form is CheckFormat.MARKDOWN:
        write_text(check_markdown.rendered(document), out)
        return
    say_warnings(document.provenance.warnings)
    write_text(_for_pipelines(form)(document, _in_repository(document.settings)), out)
    summary = os.environ.get(_SUMMARY)
    if form is CheckFormat.GITHUB and summary:
        append_text(check_markdown.rendered(document), Path(summary))


def _for_pipelines(form: CheckFormat) -> Callable[[Check, str], str]:
    from costctl.render import check_pipelines, check_sarif

    return {
        CheckFormat.JUNIT: check_pipelines.as_junit,
        CheckFormat.GITHUB: check_pipelines.as_github,
        CheckFormat.GITLAB: check_pipelines.as_gitlab,
        CheckFormat.SARIF: check_sarif.as_sarif,
    }[form]


def _view(out: Path | None, *, detail: bool) -> View:
    from costctl.render.terminal import stdout_is_terminal
    from costctl.render.view import View

    return View(detail=detail, is_terminal=out is None and stdout_is_terminal(), again=again())


def _in_repository(path: str) -> str:
    """The file as the repository has it: from the folder that the pipeline checked out, else from this one."""
    whole = Path(path).absolute()
    roots = [Path(each) for name in _ROOTS if (each := os.environ.get(name))]
    for root in (*roots, Path.cwd()):
        if whole.is_relative_to(root):
            return whole.relative_to(root).as_posix()
    return whole.name
