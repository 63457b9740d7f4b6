"""``costctl export``: the window's charges as a FOCUS file for finance, the bill by who pays for it, or the classes as
a plain table.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from costctl.cli import options
from costctl.cli.again import again
from costctl.cli.file_format import meant_by, require_written
from costctl.cli.groups import grouped
from costctl.cli.options import CUTS, Asked, Feedback
from costctl.cli.output import replace_file, say, say_warnings, say_written, write_bytes, write_text
from costctl.cli.recording import gave_document
from costctl.errors import UsageError


class ExportFormat(StrEnum):
    """What is exported."""

    FOCUS = "focus"
    FOCUS_INVOICES = "focus-invoices"
    CSV = "csv"
    PARQUET = "parquet"
    CHARGEBACK = "chargeback"
    OPENMETRICS = "openmetrics"


_WRITTEN: Final = {
    ExportFormat.FOCUS: ("csv", "parquet"),
    ExportFormat.FOCUS_INVOICES: ("csv", "parquet"),
    ExportFormat.CSV: ("csv",),
    ExportFormat.PARQUET: ("parquet",),
    ExportFormat.CHARGEBACK: ("csv", "parquet"),
    ExportFormat.OPENMETRICS: ("openmetrics",),
}


class FocusVersion(StrEnum):
    """Of which FOCUS a FOCUS file is."""

    V1_2 = "1.2"
    V1_4 = "1.4"


class Tenants(StrEnum):
    """How tenants are written."""

    HASHED = "hashed"
    PLAIN = "plain"


class IdleLines(StrEnum):
    """Whose the idle time of a pool is."""

    SEPARATE = "separate"
    WEIGHTED = "weighted"


@grouped
def run(
    *,
    form: Annotated[
        ExportFormat,
        typer.Option(
            "--format",
            help="focus: a FOCUS file, one row per day, resource, class and tenant.  focus-invoices: invoices "
            "by what was bought.  csv, parquet: one row per class, "
            "and rows for idle, unattributed and total cost.  chargeback: one row per tenant, or whatever [chargeback] "
            "or --by says, with who pays.  openmetrics: a text file of metrics for Prometheus.",
        ),
    ] = ExportFormat.FOCUS,
    focus_version: Annotated[
        FocusVersion,
        typer.Option(
            "--focus-version", help="FOCUS version; 1.2 for tools that do not read 1.4. Amounts are the same."
        ),
    ] = FocusVersion.V1_4,
    idle: Annotated[
        IdleLines,
        typer.Option("--idle", help="Idle cost as separate rows, or shared among classes by usage."),
    ] = IdleLines.SEPARATE,
    by: Annotated[
        str | None,
        typer.Option(
            "--by",
            metavar=CUTS,
            help="With --format chargeback: by what the bill is split.  [default: [chargeback] by, else tenant]",
            show_default=False,
        ),
    ] = None,
    document: Annotated[
        Path | None,
        typer.Option(
            "--document",
            metavar="FILE",
            help="With --format csv or parquet: every table of this saved document, each as a file in the folder "
            "--out.",
            show_default=False,
        ),
    ] = None,
    tenants: Annotated[
        Tenants, typer.Option("--tenants", help="Tenant names hashed, or in plain text.")
    ] = Tenants.HASHED,
    out: options.Out = None,
    asked: Asked,
    feedback: Feedback,
) -> None:
    """Export charges as FOCUS or for chargeback, classes as CSV or Parquet, or metrics.

    FOCUS, invoices and chargeback are written as Parquet if the --out name ends in .parquet. Usage without a price is
    not in the file; stderr says how much that is.
    PATHs are loaded into the store first; the answer is then about them alone.
    """
    from costctl import verbs
    from costctl.render import class_rows, exported
    from costctl.render.written import Written, exported_lines

    if document is not None:
        _tables_of(document, form, out)
        return
    written = _WRITTEN[form]
    require_written(out, written, by_format=form.value if len(written) == 1 else None)
    if form is ExportFormat.CHARGEBACK:
        _charge_back(by, tenants, out, asked, feedback)
        return
    if by is not None:
        raise UsageError(
            f"--by cannot be used with --format {form.value}.",
            why="FOCUS has columns for class and tenant, and the other tables are by class.",
            next_step="Add --format chargeback, or omit --by.",
        )
    if form is ExportFormat.OPENMETRICS:
        _as_metrics(out, asked, feedback)
        return
    if form is ExportFormat.FOCUS_INVOICES:
        _invoices(focus_version, out, asked, feedback)
        return
    is_parquet = form is ExportFormat.PARQUET or meant_by(out) == "parquet"
    with feedback.progress() as progress:
        found = verbs.export(
            asked.question(), progress, tenants=tenants.value, is_idle_spread=idle is IdleLines.WEIGHTED
        )
    gave_document(found.analysis)
    say_warnings(found.analysis.provenance.warnings)
    if form is ExportFormat.FOCUS:
        for note in found.focus.notes:
            typer.echo(f"Note: {note}", err=True)
        columns = exported.focus_columns(found.focus, focus_version.value)
    else:
        columns = exported.class_columns(found.analysis)
    if is_parquet:
        content = exported.parquet(columns)
        write_bytes(content, out)
    else:
        text = (
            exported.focus_csv(found.focus, focus_version.value)
            if form is ExportFormat.FOCUS
            else class_rows.csv_text(found.analysis)
        )
        content = text.encode()
        write_text(text, out)
    name = "the file to stdout" if out is None else str(out)
    is_focus = form is ExportFormat.FOCUS
    say_written(
        Written(name, len(content), ((columns.height, "row"),)),
        exported_lines(found.analysis, f"FOCUS {focus_version.value}" if is_focus else "rows by class"),
        f"costctl export --format csv{again()} for classes"
        if is_focus
        else f"costctl export{again()} for FOCUS",
        out,
    )


def _invoices(focus_version: FocusVersion, out: Path | None, asked: Asked, feedback: Feedback) -> None:
    """The invoices of the window as Invoice Detail. Raises UsageError where the settings name none."""
    from costctl import verbs
    from costctl.render import exported
    from costctl.render.written import Written, invoiced_lines

    if focus_version is not FocusVersion.V1_4:
        raise UsageError(
            f"--format focus-invoices cannot be written as FOCUS {focus_version.value}.",
            why="FOCUS has Invoice Detail from version 1.4 on.",
            next_step="Omit --focus-version.",
        )
    with feedback.progress() as progress:
        found = verbs.export(asked.question(), progress, tenants="hashed", is_idle_spread=False)
    if not found.focus.invoices:
        raise UsageError(
            "No invoice is known.",
            why="costctl.toml has no [[invoices]].",
            next_step="Add the amount to [bills], and an [[invoices]] with of, month, id and terms; `costctl help "
            "configuration` shows them.",
        )
    gave_document(found.analysis)
    say_warnings(found.analysis.provenance.warnings)
    for note in found.focus.invoice_notes:
        typer.echo(f"Note: {note}", err=True)
    columns = exported.invoice_columns(found.focus)
    if meant_by(out) == "parquet":
        content = exported.parquet(columns)
        write_bytes(content, out)
    else:
        text = exported.invoice_csv(found.focus)
        content = text.encode()
        write_text(text, out)
    name = "the file to stdout" if out is None else str(out)
    say_written(
        Written(name, len(content), ((columns.height, "row"),)),
        invoiced_lines(found.focus),
        f"costctl export{again()} for their costs",
        out,
    )


def _charge_back(
    by: str | None, tenants: Tenants, out: Path | None, asked: Asked, feedback: Feedback
) -> None:
    """The bill by who pays for it."""
    from costctl import verbs
    from costctl.render import chargeback, exported
    from costctl.render.written import Written, exported_lines

    with feedback.progress() as progress:
        found = verbs.chargeback(asked.question(), progress, tenants=tenants.value, by=by)
    window = found.analysis.window
    gave_document(found.analysis)
    say_warnings(found.analysis.provenance.warnings)
    for note in found.chargeback.notes:
        typer.echo(f"Note: {note}", err=True)
    columns = chargeback.columns(found.chargeback, window)
    if meant_by(out) == "parquet":
        content = exported.parquet(columns)
        write_bytes(content, out)
    else:
        text = chargeback.csv_text(found.chargeback, window)
        content = text.encode()
        write_text(text, out)
    name = "the file to stdout" if out is None else str(out)
    say_written(
        Written(name, len(content), ((columns.height, "row"),)),
        exported_lines(found.analysis, f"rows by {found.chargeback.by}"),
        f"costctl export{again()} for FOCUS",
        out,
    )


def _as_metrics(out: Path | None, asked: Asked, feedback: Feedback) -> None:
    """The window as OpenMetrics."""
    from costctl import verbs
    from costctl.render.open_metrics import open_metrics_text
    from costctl.render.written import Written, exported_lines

    with feedback.progress() as progress:
        found = verbs.open_metrics(asked.question(), progress)
    gave_document(found.analysis)
    say_warnings(found.analysis.provenance.warnings)
    text = open_metrics_text(found.families)
    write_text(text, out)
    name = "the file to stdout" if out is None else str(out)
    say_written(
        Written(name, len(text.encode()), ((len(found.families), "metric"),)),
        exported_lines(found.analysis, "metrics by class and pool"),
        f"costctl export{again()} for FOCUS",
        out,
    )


def _tables_of(document: Path, form: ExportFormat, out: Path | None) -> None:
    """Every table of a saved document. Raises UsageError where form or folder are missing."""
    from costctl.render.section_files import SECTIONS, section_files
    from costctl.render.sections import Facts
    from costctl.saved import read_any_saved

    if form not in (ExportFormat.CSV, ExportFormat.PARQUET) or out is None:
        raise UsageError(
            "--document needs --format csv or --format parquet, and --out.",
            why="Each table becomes a file of its own.",
            next_step=f"Add --format csv --out {document.stem}-tables.",
        )
    files = tuple(section_files(read_any_saved(document, SECTIONS), is_parquet=form is ExportFormat.PARQUET))
    for name, content in files:
        replace_file(content, out / name)
    say([Facts((("Wrote", f"{len(files)} tables to {out}"), *(("", name) for name, _ in files)))])
