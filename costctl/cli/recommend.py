"""``costctl recommend``: what to change, what it saves, how sure."""

from __future__ import annotations

from costctl.cli import options
from costctl.cli.groups import grouped
from costctl.cli.options import Asked, Feedback, Printed


@grouped
def run(
    *,
    extrapolate: options.Extrapolate = False,
    asked: Asked,
    printed: Printed,
    feedback: Feedback,
) -> None:
    """Recommend changes, with savings and confidence.

    What is not recommended is listed with the reason.
    PATHs are loaded into the store first; the answer is then about them alone.
    """
    from costctl import verbs
    from costctl.render import recommendations

    with feedback.progress() as progress:
        document = verbs.recommend(asked.question(is_extrapolating=extrapolate), progress)
    printed.write(document, recommendations.sections, recommendations.csv_text)
