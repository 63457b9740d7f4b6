"""``costctl policy``: holds a policy document to what a schema cannot say."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from costctl.cli import options, policy_plan
from costctl.cli.groups import grouped
from costctl.cli.options import Asked, Feedback, Screened
from costctl.cli.output import say
from costctl.errors import ExitCode, UsageError

app = typer.Typer(help="Check, compare and roll out policies.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def root() -> None:
    """Check, compare and roll out policies."""


@app.command("check")
def check(
    path: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="The policy document, JSON or YAML, or the folder of a bundle.",
            show_default=False,
        ),
    ],
    public_key: Annotated[
        str | None,
        typer.Option(
            "--public-key",
            metavar="KEY",
            help="Of a bundle: who must have signed it. A public key of minisign, or its file.",
        ),
    ] = None,
    debug: options.Debug = False,  # read by cli/app.py
) -> None:
    """Check a policy document, or every byte of a bundle; exit with 1 and list its problems if it has any."""
    from costctl import verbs
    from costctl.render.written import checked_sections

    if path.is_dir():
        _check_bundle(path, public_key)
        return
    if public_key is not None:
        raise UsageError(
            "--public-key means nothing to one file.",
            why="Only a bundle is signed.",
            next_step="Leave it out, or pass the folder of a bundle.",
        )
    found = verbs.check_policy(path)
    say(checked_sections(path.name, found.findings, found.contents, found.boundaries, shlex.quote(str(path))))
    if found.findings:
        raise typer.Exit(int(ExitCode.GATE_BREACHED))


@app.command("diff")
@grouped
def diff(
    *,
    base: Annotated[
        Path,
        typer.Argument(
            metavar="BASE", help="The policy that holds, or the folder of its bundle.", show_default=False
        ),
    ],
    new: Annotated[
        Path,
        typer.Argument(metavar="NEW", help="The policy that would take its place.", show_default=False),
    ],
    screened: Screened,
    debug: options.Debug = False,  # read by cli/app.py
) -> None:
    """Show how a policy differs from another, in words.

    Data boundaries come first, those that widen before others, then limits, then where classes are served and the rest.
    Classes, backends and lanes are compared by their ids. The exit code is 0 whether they differ or not.
    """
    from costctl import verbs
    from costctl.render import policy_difference

    screened.show(
        verbs.policy_diff(base, new),
        policy_difference.screen,
        policy_difference.sections,
        policy_difference.csv_text,
    )


@app.command("explain")
@grouped
def explain(
    *,
    path: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="The policy, or the folder of its bundle.", show_default=False),
    ],
    asked: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME",
            help="A class, a backend, or the JSON Pointer of a setting.  [default: all]",
            show_default=False,
        ),
    ] = None,
    screened: Screened,
    debug: options.Debug = False,  # read by cli/app.py
) -> None:
    """Show what a policy says and what each setting rests on.

    Statements come with their kind (measured, simulated, computed, declared, default), samples and intervals; what
    changes are expected to do stands below. `costctl explain CLASS` and `costctl recommend --show ID` go on to
    requests.
    """
    from costctl import verbs
    from costctl.render import policy_explanation

    screened.show(
        verbs.policy_explain(path, asked),
        policy_explanation.screen,
        policy_explanation.sections,
        policy_explanation.csv_text,
    )


@app.command("verify")
@grouped
def verify(
    *,
    policy: Annotated[
        Path,
        typer.Option(
            "--policy", metavar="FILE", help="The policy, or the folder of its bundle.", show_default=False
        ),
    ],
    asked: Asked,
    screened: Screened,
    feedback: Feedback,
) -> None:
    """Name the calls of traces that broke a policy; exit with 1 if any did.

    Each rule of each class: where it is served, data boundaries, waits, time-outs, attempts, caps, rates, calls in
    progress, tiers and the order of service. PATHs are loaded into the store first; the answer is then about them
    alone.
    """
    from costctl import verbs
    from costctl.render import policy_verification

    with feedback.progress() as progress:
        document = verbs.policy_verify(policy, asked.question(), progress)
    screened.show(
        document, policy_verification.screen, policy_verification.sections, policy_verification.csv_text
    )
    if any(each.broken for each in document.rules):
        raise typer.Exit(int(ExitCode.GATE_BREACHED))


app.command("plan")(policy_plan.run)


def _check_bundle(folder: Path, public_key: str | None) -> None:
    from costctl import verbs
    from costctl.render.bundle import checked_sections

    found = verbs.check_folder(folder, public_key)
    faults = (*found.faults, *(found.policy.findings if found.policy is not None else ()))
    quoted = shlex.quote(str(folder))
    if faults:
        following = (
            f"keep {quoted} to look into, and write the bundle again: costctl emit --target all --out NEW"
        )
    else:
        following = f"costctl emit --target all --policy {quoted}/policy.json --diff DEPLOYED"
    signature = "no"
    if found.is_verified:
        signature = "yes, with the key that was given"
    elif found.is_signed:
        signature = "yes, by whom was not asked: --public-key KEY"
    say(checked_sections(found.bundle, faults, folder.name, following, signature))
    if faults:
        raise typer.Exit(int(ExitCode.GATE_BREACHED))
