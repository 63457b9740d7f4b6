"""``costctl warmup``: compiles everything that is compiled, for images."""

from __future__ import annotations

from costctl.cli.groups import grouped
from costctl.cli.options import Feedback
from costctl.cli.output import say_warnings, write_text


@grouped
def run(*, feedback: Feedback) -> None:
    """Compile what costctl compiles, so that the first run does not have to.

    For container images; run again, it does nothing. Compiled code is kept in $NUMBA_CACHE_DIR, else in the
    package, else in the user's cache directory.
    """
    from costctl import verbs

    with feedback.progress() as progress:
        done = verbs.warm_up(progress)
    if not done.is_for_good:
        say_warnings(
            ("no directory for compiled code can be written: set NUMBA_CACHE_DIR to one that can be.",)
        )
    where = "nowhere" if done.folder is None else f"in {done.folder}"
    write_text(
        f"Compiled {done.functions} functions in {done.seconds:.1f} s; kept {where}."
        if done.functions
        else f"Nothing left to compile; compiled code is kept {where}.",
        None,
    )
