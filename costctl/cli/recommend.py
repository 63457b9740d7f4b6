"""``costctl recommend``: what to change, what it saves, how sure."""

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
    extrapolate: options.Extrapolate = False,
    seed: options.Seed = 0,
    quiet: options.Quiet = False,
    debug: options.Debug = False,  # read by cli.app
) -> None:
    """What to change, what it saves and how sure that is, or why nothing is advised.

    With PATHs they are ingested first: into --store, or, without one, into a temporary store.
    """
    from costctl import verbs
    from costctl.observation import Question
    from costctl.render import recommendations

    with progress_on_stderr(is_quiet=quiet) as progress:
        document = verbs.recommend(
            Question(
                paths=tuple(paths or ()),
                store=store,
                config=config,
                rules=rules,
                mapping=mapping,
                since=since,
                until=until,
                last=last,
                is_extrapolating=extrapolate,
                seed=seed,
            ),
            progress,
        )
    write_document(document, form, recommendations.sections, recommendations.csv_text, out)
