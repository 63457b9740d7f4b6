"""``costctl ingest``: loads traces and logs into the store."""

from __future__ import annotations

from costctl.cli import options
from costctl.cli.output import write_text
from costctl.cli.progress import progress_on_stderr


def run(
    paths: options.Paths = None,
    store: options.Store = None,
    mapping: options.Mapping = None,
    keep_content: options.KeepContent = False,
    strict: options.Strict = False,
    form: options.Format = options.TabularFormat.TABLE,
    out: options.Out = None,
    quiet: options.Quiet = False,
    debug: options.Debug = False,  # read by cli.app
) -> None:
    """Load traces and logs into the store. Loading the same data twice adds nothing."""
    from costctl import workflow
    from costctl.cli.render import ingestion
    from costctl.cli.render.document import rendered

    with progress_on_stderr(is_quiet=quiet) as progress:
        report = workflow.ingest(
            paths or [],
            store=store or options.DEFAULT_STORE,
            mapping=mapping,
            keep_content=keep_content,
            progress=progress,
        )
    write_text(rendered(report, form, ingestion.sections, ingestion.csv_text), out)
    if strict:
        workflow.refuse_rejected(report)
