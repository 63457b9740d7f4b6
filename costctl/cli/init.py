"""``costctl init``: a costctl.toml from what the traces hold."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from costctl.cli.again import again
from costctl.cli.groups import grouped
from costctl.cli.options import Asked, Feedback
from costctl.cli.output import replace_file, say, write_text

_ELSE: Final = "Give --config a path in a writable directory, or print the file with --dry-run."


@grouped
def run(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the file instead of writing it.")] = False,
    asked: Asked,
    feedback: Feedback,
) -> None:
    """Write a commented costctl.toml from what the traces contain.

    Pools are found by the services that served model calls; prices, and whatever else only you know, are left to be
    filled in. Observed latencies are proposed as objectives, behind a comment sign. A file that is there is only
    added to, at its end. PATHs are loaded into the store first; the answer is then about them alone.
    """
    from costctl import verbs
    from costctl.render import initialised
    from costctl.render.view import View

    with feedback.progress() as progress:
        made = verbs.init(asked.question(), progress)
    if dry_run:
        write_text(made.text, None)
        return
    if made.is_new or made.added:
        replace_file(made.text.encode(), Path(made.path).resolve(), next_step=_ELSE)
    say(initialised.screen(made, View(again=again())))
