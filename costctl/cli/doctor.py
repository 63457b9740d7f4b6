"""``costctl doctor``: what the telemetry lacks, and how to fill it."""

from __future__ import annotations

from costctl.cli.groups import grouped
from costctl.cli.options import Asked, Feedback, Screened


@grouped
def run(asked: Asked, screened: Screened, feedback: Feedback) -> None:
    """Report missing telemetry and its impact.

    For each gap: which figures it affects, and which attribute to add.
    PATHs are loaded into the store first; the answer is then about them alone.
    """
    from costctl import verbs
    from costctl.render import diagnosis, diagnosis_screen

    with feedback.progress() as progress:
        document = verbs.doctor(asked.question(), progress)
    screened.show(document, diagnosis_screen.screen, diagnosis.sections, diagnosis.csv_text)
