"""The example on the page of who gives way under load is what the replay says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from costctl.simulate.lanes import Lanes
from costctl.simulate.network import replay_network
from costctl.simulate.workload import CallStatus, Pool, ServiceModel
from tests.docs.page_tables import explanation, rows_after, text_of
from tests.oracles.small_replays import plain_workload, pool_setup

USD = {"chat": 0.05, "report": 0.02}
WITHIN_S = {"chat": 3.0, "report": np.inf}


@pytest.mark.parametrize(("shed_above", "ends", "in_time", "usd"), [(np.inf, 3, 5, 0.04), (0.0, 4, 6, 0.07)])
def test_who_is_in_time(repository: Path, shed_above: float, ends: int, in_time: int, usd: float) -> None:
    page = explanation(repository, "advice-backpressure")
    rows = rows_after(page, "call | comes")
    names = [row[0] for row in rows]
    lanes = replace(Lanes.plain(2), shed_above=np.array([np.inf, shed_above]))
    pool = Pool(ServiceModel("static", 0.0, 0.0, 1.0), replace(pool_setup(max_num_seqs=1), lanes=lanes))
    workload = plain_workload(
        [float(row[1]) for row in rows], [int(row[2]) for row in rows], 0, [int(n == "report") for n in names]
    )
    outcome = replay_network(workload, np.zeros(len(rows), np.int64), [pool])
    for place, (name, row) in enumerate(zip(names, rows, strict=True)):
        is_refused = outcome.status[place] == CallStatus.REJECTED
        assert row[ends] == ("refused" if is_refused else f"{outcome.end_s[place]:g}")
        is_good = not is_refused and outcome.end_s[place] - float(row[1]) <= WITHIN_S[name]
        assert row[in_time] == ("yes" if is_good else "no")
    assert sum(USD[row[0]] for row in rows if row[in_time] == "yes") == pytest.approx(usd)
    assert f"{usd:g}" in text_of(page)
