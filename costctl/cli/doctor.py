"""``costctl doctor``: what the telemetry lacks, and how to fill it."""

from __future__ import annotations

from costctl.cli import options
from costctl.cli.output import write_document
from costctl.cli.progress import progress_on_stderr


def run(
    paths: options.Paths = None,
    store: options.Store = None,
    config: options.Config = None,
    rules: options.Rules = None,
    mapping: options.Mapping = None,
    form: options.Format = options.TabularFormat.TABLE,
    out: options.Out = None,
    since: options.Since = None,
    until: options.Until = None,
    last: options.Last = None,
    quiet: options.Quiet = False,
    debug: options.Debug = False,  # read by cli.app
) -> None:
    """What the telemetry lacks, what each gap does to the figures, and what to add.

    With PATHs they are ingested first: into --store, or, without one, into a temporary store.
    """
    from costctl import verbs
    from costctl.observation import Question
    from costctl.render import diagnosis

    with progress_on_stderr(is_quiet=quiet) as progress:
        document = verbs.doctor(
            Question(
                paths=tuple(paths or ()),
                store=store,
                config=config,
                rules=rules,
                mapping=mapping,
                since=since,
                until=until,
                last=last,
            ),
            progress,
        )
    write_document(document, form, diagnosis.sections, diagnosis.csv_text, out)
