"""Where documents lie and what waits for them: hot tiers at their price, retrieval's part of time and of replicas."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from costctl import verbs
from costctl.documents.recommendations import Recommendation
from costctl.observation import Question
from costctl.progress import silent
from costctl.scenario.retrieval import shares_of
from tests.synth.document_worlds import TIERS, readers, written_with_reads

SEED = 1


def advice(question: Question) -> dict[str, Recommendation]:
    document = verbs.recommend(question, silent)
    kinds = ("storage_placement", "retrieval_separation")
    return {each.kind: each for each in document.recommendations if each.kind in kinds}


def test_documents_that_are_read_again_save_what_their_reads_cost_less_their_place(tmp_path: Path) -> None:
    world = readers(SEED)
    found = advice(written_with_reads(world, tmp_path))
    hot = found["storage_placement"]
    assert hot.status == "recommended"
    (change,) = hot.change
    assert isinstance(change.to, float)
    truth = world.usd(0.0) - world.usd(change.to)
    assert hot.cash_usd is not None
    assert hot.cash_usd.low <= truth <= hot.cash_usd.high
    assert hot.cash_usd.mid == pytest.approx(truth, rel=1e-3)
    assert hot.freed_usd is None  # no replica time changes
    assert hot.reuse is not None
    assert hot.reuse.points[-1].miss_ratio == pytest.approx(hot.reuse.compulsory_ratio)
    assert f"{1 - hot.reuse.compulsory_ratio:.1%} of its reads fetch again" in hot.reason
    stalls = found["retrieval_separation"]
    assert stalls.status == "withheld"
    assert "too little to separate" in stalls.reason


def test_documents_that_are_read_once_are_left_where_they_are(tmp_path: Path) -> None:
    found = advice(written_with_reads(readers(SEED, again=0.0), tmp_path))["storage_placement"]
    assert (found.status, found.withheld_as) == ("withheld", "ruled_out")


def test_what_is_missing_is_named_by_line(tmp_path: Path) -> None:
    unpriced = "\n".join(line for line in TIERS.splitlines() if "gb_month" not in line)
    found = advice(written_with_reads(readers(SEED), tmp_path, unpriced))["storage_placement"]
    assert (found.withheld_as, found.missing) == ("needs_input", ("storage.cold.usd_per_gb_month",))


def test_shares_of_time_and_of_replicas() -> None:
    s = 1_000_000_000
    stage_time = pl.DataFrame(
        {
            "request_id": [1, 1, 2],
            "stage": ["retrieval", "decode", "decode"],
            "self_ns": [3 * s, 7 * s, 10 * s],
        }
    )
    names = pl.DataFrame({"request_id": [1, 2], "request_class": ["rag", "chat"]})
    calls = pl.DataFrame({"request_id": [1, 2], "request_class": ["rag", "chat"], "share_s": [4.0, 5.0]})
    held = pl.DataFrame({"request_id": [1], "share_s": [1.0]})
    assert shares_of(stage_time, names, held, calls) == {"rag": (pytest.approx(0.3), pytest.approx(0.25), 1)}
    nothing = shares_of(stage_time.filter(pl.col("stage") == "decode"), names, held.clear(), calls)
    assert nothing == {}
