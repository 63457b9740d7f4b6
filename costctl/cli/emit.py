"""``costctl emit``: routing-policy files for a consumer, each with a manifest of what it carries."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from costctl.cli import options
from costctl.cli.output import say_warnings, write_text
from costctl.cli.progress import progress_on_stderr


def run(
    target: Annotated[str, typer.Option("--target", help="policy, triton or litellm.", show_default=False)],
    policy: Annotated[
        Path | None,
        typer.Option("--policy", help="A reviewed policy document; else one is made from the store."),
    ] = None,
    backend: Annotated[
        str | None, typer.Option("--backend", help="For triton: the backend whose model to configure.")
    ] = None,
    store: options.Store = None,
    config: options.Config = None,
    rules: options.Rules = None,
    out: options.Out = None,
    since: options.Since = None,
    until: options.Until = None,
    last: options.Last = None,
    extrapolate: options.Extrapolate = False,
    seed: options.Seed = 0,
    quiet: options.Quiet = False,
    debug: options.Debug = False,  # read by cli.app
) -> None:
    """Write the routing policy for a consumer.

    With --out the coverage manifest is written beside the file, as NAME.coverage.json: for each value of the
    policy it says whether the consumer holds it exactly, rounded, approximated or not at all.
    """
    from costctl import verbs
    from costctl.observation import Question

    with progress_on_stderr(is_quiet=quiet) as progress:
        question = Question(
            store=store,
            config=config,
            rules=rules,
            since=since,
            until=until,
            last=last,
            seed=seed,
            is_extrapolating=extrapolate,
        )
        emission = verbs.emit(target, question, policy_path=policy, backend=backend, progress=progress)
    say_warnings(emission.warnings)
    write_text(emission.text, out)
    if out is not None and emission.manifest is not None:
        write_text(emission.manifest, out.with_name(out.name + ".coverage.json"))
