"""What is said of what was loaded, before the answer: on stderr, and under --quiet only which files it lacks.

In: a ``Loaded``. Out: lines on stderr. Commands that are proposed name the same PATHs where they would else be about
more, or about nothing, and the run ends with an error where a source could not be used.
"""

from __future__ import annotations

import sys
from functools import partial
from typing import Final

from costctl.cli import recording
from costctl.cli.running import this_run
from costctl.documents.loading import Loaded

_STDIN: Final = "-"


def tell_loaded(loaded: Loaded) -> None:
    """Say what was loaded, and see to what the rest of the run must know of it."""
    from costctl.observation import refuse_unusable
    from costctl.render.loading import store_lines, unused_lines

    run = this_run()
    recording.loaded(loaded.new_spans)
    clear = "\r\x1b[2K" if sys.stderr.isatty() else ""
    for line in (*(() if run.is_quiet else store_lines(loaded)), *unused_lines(loaded)):
        sys.stderr.write(f"{clear}{line}\n")
    sys.stderr.flush()
    run.at_end = partial(refuse_unusable, loaded)
    if _STDIN not in loaded.paths and (loaded.store is None or loaded.other_sources):
        run.repeat(*loaded.paths, *([] if loaded.store else ["--no-store"]))
