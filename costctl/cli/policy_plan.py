"""``costctl policy plan``: in which steps a policy takes the place of another, and a folder of files for each."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from costctl.cli import options
from costctl.cli.emit_all import write_folder
from costctl.cli.file_format import form_of, meant_by
from costctl.cli.groups import grouped
from costctl.cli.output import say, write_document
from costctl.errors import UsageError
from costctl.render.forms import TabularFormat

if TYPE_CHECKING:
    from costctl.documents.policy_plan import PolicyPlan
    from costctl.render.sections import Section


@grouped
def run(
    *,
    new: Annotated[
        Path,
        typer.Argument(
            metavar="NEW", help="The policy to roll out, or the folder of its bundle.", show_default=False
        ),
    ],
    base: Annotated[
        Path | None,
        typer.Option("--from", metavar="BASE", help="The policy that is in force now.", show_default=False),
    ] = None,
    baseline: Annotated[
        Path | None,
        typer.Option(
            "--baseline",
            metavar="FILE",
            help="What `costctl baseline save` wrote: how often classes are asked, and how far their metrics vary.  "
            "[default: costctl-baseline.json beside costctl.toml, if there is one]",
        ),
    ] = None,
    change: Annotated[
        float,
        typer.Option(
            "--change", metavar="RATIO", help="Smallest rise of cost per success and p95 latency to detect."
        ),
    ] = 0.1,
    drop: Annotated[
        float, typer.Option("--drop", metavar="RATIO", help="Smallest drop of the success rate to detect.")
    ] = 0.02,
    asked_form: options.Format = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="DIR",
            help="Write a folder with the policy, the gates and a README of each step. A name such as plan.md, or "
            "--format, makes it a file.",
        ),
    ] = None,
    detail: options.Detail = False,
    config: options.Config = None,
    debug: options.Debug = False,  # read by cli/app.py
) -> None:
    """Split the change to a policy into steps that can each be undone.

    Data boundaries that narrow come first; then what changes nothing for callers (measure), where classes are served
    (route), limits and caches (tune), capacity and expiry (operate). Each step has a policy that passes `costctl policy
    check`, stages of exposure, and gates for `costctl check --gates`. What lets data go to more places is a step of its
    own, and asks for a person's agreement. Numbers of requests are for 5% false alarms and 80% power.
    """
    from costctl import verbs
    from costctl.cli.again import again
    from costctl.render import policy_plan
    from costctl.render.terminal import stdout_is_terminal
    from costctl.render.view import View

    is_folder = out is not None and meant_by(out) is None and asked_form is None
    file = None if is_folder else out
    form = form_of(asked_form, file, TabularFormat.TABLE)
    if is_folder and out is not None:
        _require_free(out, is_plan=verbs.is_plan(out))
    planned = verbs.policy_plan(new, base, baseline=baseline, config=config, change=change, drop=drop)
    if is_folder and out is not None:
        write_folder({**_texts(planned.document, str(out)), **planned.files}, out)
    view = View(detail=detail, is_terminal=file is None and stdout_is_terminal(), again=again())
    folder = str(out) if is_folder else policy_plan.FOLDER

    def chosen(shown: PolicyPlan) -> list[Section]:
        return policy_plan.sections(shown, folder) if detail else policy_plan.screen(shown, view, folder)

    write_document(planned.document, form, chosen, policy_plan.csv_text, file, is_brief=not detail)
    if is_folder:
        _say_written(planned.document, str(out))


def _require_free(out: Path, *, is_plan: bool) -> None:
    if out.exists() and not is_plan and not (out.is_dir() and not any(out.iterdir())):
        raise UsageError(
            f"{out} is no folder for a plan.",
            why="Something else lies there, which would be mixed with it.",
            next_step="Name a new folder, or one that `costctl policy plan` wrote.",
        )


def _texts(document: PolicyPlan, out: str) -> dict[str, str]:
    """The texts for people, by path within the folder. out: what it is called."""
    from costctl.render import policy_plan
    from costctl.render.markdown import as_markdown

    found = {"README.md": as_markdown(policy_plan.sections(document, out))}
    undo = "step-00-base"
    for step in document.steps:
        found[f"{step.folder}/README.md"] = as_markdown(policy_plan.readme(document, step, undo, out))
        undo = step.folder
    return found


def _say_written(document: PolicyPlan, out: str) -> None:
    from costctl.render.sections import Facts

    following = f"less {shlex.quote(out)}/README.md" if document.steps else ""
    facts = (("Wrote", out), *((("Next", following),) if following else ()))
    say([Facts(facts)])
