"""What each verb does: one function a verb, from what was asked to the document that is printed.

Each opens what was asked about, fetches frames and hands them to the inner ring; what a step does is written
where it is done. The command line comes through here.
"""

from costctl.engine.protocol import Answer
from costctl.verbs.analyze import analyze
from costctl.verbs.audit import (
    Done,
    audit_head,
    audit_show,
    audit_verify,
    document_given,
    policy_given,
    record,
)
from costctl.verbs.baseline import baseline, baseline_path, read_baseline
from costctl.verbs.check import check
from costctl.verbs.contract import contract_at, contract_check, contract_draft
from costctl.verbs.diff import diff
from costctl.verbs.doctor import doctor
from costctl.verbs.emit import Emitted, changes_of_file, emit, policy_for, written_by
from costctl.verbs.emit_all import (
    Bundled,
    CheckedFolder,
    changes_of_folder,
    check_folder,
    emit_bundle,
    has_signature,
    is_bundle,
    is_signed,
)
from costctl.verbs.emit_into import EmittedInto, emit_into, take_out
from costctl.verbs.explain import explain
from costctl.verbs.export import chargeback, export, open_metrics
from costctl.verbs.forecast import forecast
from costctl.verbs.ingest import (
    IngestRequest,
    follow,
    ingest,
    propose_mapping,
    refuse_rejected,
    refuse_unusable,
)
from costctl.verbs.init import init
from costctl.verbs.overview import overview
from costctl.verbs.policy import Checked, check_policy, policy_diff, policy_explain, policy_verify
from costctl.verbs.policy_plan import is_plan, policy_plan
from costctl.verbs.portfolio import portfolio
from costctl.verbs.prices import list_prices, verify_prices
from costctl.verbs.promises import keep_outcomes, keep_promises
from costctl.verbs.recommend import recommend
from costctl.verbs.reconcile import reconcile
from costctl.verbs.report import report
from costctl.verbs.review import review, undo
from costctl.verbs.schema import schema, schema_names
from costctl.verbs.segment import segment
from costctl.verbs.segment_admission import segment_admission
from costctl.verbs.segment_learn import segment_learn
from costctl.verbs.segment_sessions import segment_sessions
from costctl.verbs.serve import current_metrics, current_review, load_received
from costctl.verbs.simulate import ScenarioRequest, simulate
from costctl.verbs.sql import list_relations, sql
from costctl.verbs.store import compact_store, prune_store, store_info
from costctl.verbs.synth import synth
from costctl.verbs.warmup import warm_up

__all__ = [
    "Answer",
    "Bundled",
    "Checked",
    "CheckedFolder",
    "Done",
    "Emitted",
    "EmittedInto",
    "IngestRequest",
    "ScenarioRequest",
    "analyze",
    "audit_head",
    "audit_show",
    "audit_verify",
    "baseline",
    "baseline_path",
    "changes_of_file",
    "changes_of_folder",
    "chargeback",
    "check",
    "check_folder",
    "check_policy",
    "compact_store",
    "contract_at",
    "contract_check",
    "contract_draft",
    "current_metrics",
    "current_review",
    "diff",
    "doctor",
    "document_given",
    "emit",
    "emit_bundle",
    "emit_into",
    "explain",
    "export",
    "follow",
    "forecast",
    "has_signature",
    "ingest",
    "init",
    "is_bundle",
    "is_plan",
    "is_signed",
    "keep_outcomes",
    "keep_promises",
    "list_prices",
    "list_relations",
    "load_received",
    "open_metrics",
    "overview",
    "policy_diff",
    "policy_explain",
    "policy_for",
    "policy_given",
    "policy_plan",
    "policy_verify",
    "portfolio",
    "propose_mapping",
    "prune_store",
    "read_baseline",
    "recommend",
    "reconcile",
    "record",
    "refuse_rejected",
    "refuse_unusable",
    "report",
    "review",
    "schema",
    "schema_names",
    "segment",
    "segment_admission",
    "segment_learn",
    "segment_sessions",
    "simulate",
    "sql",
    "store_info",
    "synth",
    "take_out",
    "undo",
    "verify_prices",
    "warm_up",
    "written_by",
]
