"""What each verb does: one function a verb, from what was asked to the document that is printed.

Each opens what was asked about, fetches frames and hands them to the inner ring; what a step does is written
where it is done. The command line comes through here.
"""

from costctl.workflow.advice import analyze, recommend
from costctl.workflow.demand import segment
from costctl.workflow.diagnosis import doctor
from costctl.workflow.explanation import explain
from costctl.workflow.finance import export
from costctl.workflow.loading import (
    IngestRequest,
    follow,
    ingest,
    propose_mapping,
    refuse_rejected,
    refuse_unusable,
)
from costctl.workflow.matchability import segment_admission
from costctl.workflow.policies import Emitted, check_policy, emit, policy_for
from costctl.workflow.prices import list_prices, verify_prices
from costctl.workflow.selection import select
from costctl.workflow.sessions import sessions
from costctl.workflow.simulation import ScenarioRequest, simulate
from costctl.workflow.taxonomy import learn
from costctl.workflow.upkeep import compact_store, prune_store, store_info

__all__ = [
    "Emitted",
    "IngestRequest",
    "ScenarioRequest",
    "analyze",
    "check_policy",
    "compact_store",
    "doctor",
    "emit",
    "explain",
    "export",
    "follow",
    "ingest",
    "learn",
    "list_prices",
    "policy_for",
    "propose_mapping",
    "prune_store",
    "recommend",
    "refuse_rejected",
    "refuse_unusable",
    "segment",
    "segment_admission",
    "select",
    "sessions",
    "simulate",
    "store_info",
    "verify_prices",
]
