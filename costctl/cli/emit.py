"""``costctl emit``: routing-policy files for a consumer, each with a manifest of what it carries."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from costctl.cli import options
from costctl.cli.groups import grouped
from costctl.cli.options import Asked, Feedback
from costctl.cli.output import say_warnings, write_text


@grouped
def run(
    *,
    target: Annotated[
        str,
        typer.Option(
            "--target",
            metavar="NAME",
            help="The consumer, such as triton or litellm, or policy for the document itself; "
            "an unknown name lists all.",
            show_default=False,
        ),
    ],
    policy: Annotated[
        Path | None,
        typer.Option(
            "--policy", metavar="FILE", help="A reviewed policy document.  [default: derived from the traces]"
        ),
    ] = None,
    backend: Annotated[
        str | None,
        typer.Option(
            "--backend",
            metavar="NAME",
            help="The backend to configure, where the target's file is of one.",
        ),
    ] = None,
    extrapolate: options.Extrapolate = False,
    out: options.Out = None,
    asked: Asked,
    feedback: Feedback,
) -> None:
    """Write the routing policy as gateway or server config.

    With --out, a coverage manifest is written beside the file as NAME.coverage.json. For each value of the policy
    it says whether the target supports it exactly, rounded, approximated or not at all.
    PATHs are loaded into the store first; the answer is then about them alone.
    """
    from costctl import verbs

    question = asked.question(is_extrapolating=extrapolate)
    with feedback.progress() as progress:
        emission = verbs.emit(target, question, policy_path=policy, backend=backend, progress=progress)
    say_warnings(emission.warnings)
    write_text(emission.text, out)
    if out is not None and emission.manifest is not None:
        write_text(emission.manifest, out.with_name(out.name + ".coverage.json"))
