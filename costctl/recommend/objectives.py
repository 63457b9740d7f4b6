"""Does a change keep what was promised? All objectives of a class: end to end, and for the first token.

In: two replays of a period. Out: whether every objective is kept: the upper bound of the 95th percentile lies within
it, or, where today already misses it, no higher than today's.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from costctl.documents.calibration import Metric
from costctl.documents.metrics import METRICS
from costctl.recommend.proposals import Proposal
from costctl.recommend.study import Part, Study
from costctl.scenario.period import Trial, p95_upper_s
from costctl.scenario.trust import is_trusted


def meets_objectives(part: Part, changed: Trial, classes: Iterable[int]) -> bool:
    """Whether every class keeps each of its objectives. A class without one keeps it."""
    period = part.period
    for number in classes:
        members = period.members(number)
        if not members.any():
            continue
        for targets_s, today_s, changed_s in (
            (period.target_s, part.today.e2e_s, changed.e2e_s),
            (period.ttft_target_s, part.today.ttft_s, changed.ttft_s),
        ):
            target_s = float(targets_s[members][0])
            if np.isfinite(target_s) and p95_upper_s(changed_s[members]) > max(
                target_s, p95_upper_s(today_s[members])
            ):
                return False
    return True


def untrusted(study: Study, proposed: Proposal) -> str | None:
    """What a verdict on the proposal would rest on that the replay does not reproduce, in words; None where all of it
    may be acted on, or there are too few calls to say.
    """
    is_move = any(each.lever.form == "targets" for settings in proposed.candidates for each in settings)
    return not_reproduced(study, proposed.classes, proposed.pools, is_move=is_move)


def not_reproduced(
    study: Study, classes: Iterable[int], pools: Iterable[int], *, is_move: bool
) -> str | None:
    """The same of these classes' objectives and these pools' busy time. is_move: a class comes to the pools, where it
    has no calls yet whose times could be compared: those of the pools are asked for.
    """
    slos = {study.classes[number]: study.declared(study.classes[number]).slo for number in classes}
    asked: list[tuple[Metric, str | None, str | None]] = []
    asked += [("call_latency_p95", name, None) for name, slo in slos.items() if slo.e2e_p95_s is not None]
    asked += [("call_ttft_p95", name, None) for name, slo in slos.items() if slo.ttft_p95_s is not None]
    times = dict.fromkeys(metric for metric, _, _ in asked) if is_move else {}
    for number in pools:
        asked += [(metric, None, study.pools[number]) for metric in ("busy", *times)]
    off = [
        f"{METRICS[metric].short} of {request_class or pool}"
        for metric, request_class, pool in asked
        if is_trusted(study.calibration, metric, request_class=request_class, pool=pool) is False
    ]
    return ", ".join(off) or None
