"""Are regressions caught, and is there an alarm where nothing changed? Pairs of periods of shops, held against a gate.

Run from the checkout: `python -m bench.gates`, for as many as the page is about with `--wasteful 40 --good 60`. In each
of the first worlds all that one application sends and is answered becomes a tenth longer; in the others nothing
changes. Writes docs/explanation/gates-accuracy.md.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Final

from bench.planted_worlds import Bench
from tests.gates.gate_worlds import LIMIT, MAY_REGRESS, REGRESSION, SESSIONS, Change, Checked, checked

FIRST_SEED: Final = 8100


def regressed(seed: int) -> Checked:
    with tempfile.TemporaryDirectory() as folder:
        return checked(seed, MAY_REGRESS[seed % len(MAY_REGRESS)], Path(folder))


def unchanged(seed: int) -> Checked:
    with tempfile.TemporaryDirectory() as folder:
        return checked(seed, None, Path(folder))


def in_words(found: Checked) -> str:
    changed = "unchanged" if found.regressed is None else f"{found.regressed} {found.truth:+.1%}"
    return f"seed {found.seed}, {changed}: breached {', '.join(found.breached) or 'nothing'}"


def page(found: Sequence[Checked], good: Sequence[Checked]) -> str:
    caught = sum(each.is_caught for each in found)
    alarms = [each for each in good if each.breached]
    beside = sum(bool(each.false_alarms) for each in found)
    changes = [change for each in good for change in each.changes.values()]
    above = sum(change.low > 0 for change in changes)
    covered = sum(change.low <= 0 <= change.high for change in changes)
    dearer = [each.changes[each.regressed] for each in found if each.regressed is not None]
    told = sum(change.low <= each.truth <= change.high for change, each in zip(dearer, found, strict=True))
    truths = [each.truth for each in found]
    return "\n".join(
        [
            "# Are regressions caught, and is there an alarm where nothing changed?",
            "",
            "Measured by [`bench/gates.py`](../../bench/gates.py) in worlds of which the truth is known, through the",
            "whole of costctl: two days of a team that buys tokens are written as traces, ingested and saved as the",
            "baseline; the two days after are checked against it with",
            "",
            "```toml",
            "[[gates]]",
            'metric = "usd_per_success"',
            'class = "*"',
            f"max_increase = {LIMIT}",
            "```",
            "",
            "Three applications, each a class: `support`, whose sessions of one to six turns send their history again,",
            f"`faq` and `triage`. In {len(found)} pairs all that `faq` or `triage` sends and is answered becomes",
            f"{REGRESSION:.0%} longer; by the providers' own bill of the same requests a request then costs",
            f"{min(truths):.1%} to {max(truths):.1%} more. In {len(good)} pairs nothing changes but who comes, when,",
            "and what they ask.",
            "",
            "| | measured | asked for |",
            "|---|---:|---:|",
            f"| pairs in which the regression is named | {_part(caught, found)} | ≥ 95% |",
            f"| unchanged pairs with any alarm | {_part(len(alarms), good)} | ≤ 5% |",
            f"| regressed pairs in which another class is named | {_part(beside, found)} | ≤ 5% |",
            "",
            "How wide the intervals are, and whether they hold what they say:",
            "",
            "| class | successes are over | half width of the change's interval, median |",
            "|---|---:|---:|",
            *(_row(name, found, good) for name in SESSIONS),
            "",
            f"Of the {len(changes)} intervals of unchanged classes {covered} ({covered / len(changes):.1%}) hold no",
            f"change, of 95% that should; {above} ({above / len(changes):.1%}) lie wholly above it, of 2.5% that",
            "should: so often would a gate with `max_increase = 0` be breached by chance.",
            f"Of the {len(dearer)} intervals of classes that became dearer {told} hold the true ratio.",
            "",
            "How it is judged: [when is a gate breached?](gates.md)",
            "",
        ]
    )


def _part(count: int, of: Sequence[Checked]) -> str:
    return f"{count} of {len(of)} ({count / len(of):.0%})"


def _row(name: str, found: Sequence[Checked], good: Sequence[Checked]) -> str:
    changes: list[Change] = [each.changes[name] for each in (*found, *good)]
    unit = "sessions" if name == "support" else "requests"
    samples = median(change.samples for change in changes)
    return (
        f"| `{name}` | {samples:,.0f} {unit} | {median((each.high - each.low) / 2 for each in changes):.1%} |"
    )


if __name__ == "__main__":
    Bench(
        name="gates-accuracy",
        about=(__doc__ or "").splitlines()[0],
        first_seed=FIRST_SEED,
        wasteful=regressed,
        good=unchanged,
        found_in_words=in_words,
        claimed_in_words=in_words,
        page=page,
    ).run()
