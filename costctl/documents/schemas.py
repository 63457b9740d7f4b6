"""Which shape does a document have? The JSON Schema of every document, made from its struct.

In: the name of a document. Out: its JSON Schema (2020-12), as a dict or as the text that lies in schemas/.
"""

from __future__ import annotations

import json
from typing import Any, Final

import msgspec

from costctl.documents import (
    admission_accuracy,
    analysis,
    audit,
    bundle,
    check,
    client_patch,
    contract,
    contract_check,
    coverage,
    diagnosis,
    difference,
    explanation,
    forecast,
    ingestion,
    policy,
    policy_difference,
    policy_explanation,
    policy_plan,
    policy_verification,
    portfolio,
    prices,
    recommendations,
    reconciliation,
    report,
    review,
    sessions,
    simulation,
    store_info,
    taxonomy,
    workload_map,
)
from costctl.errors import UsageError

DOCUMENTS: Final[dict[str, tuple[type[msgspec.Struct], str]]] = {
    "ingest": (ingestion.IngestReport, ingestion.SCHEMA_VERSION),
    "diagnosis": (diagnosis.Diagnosis, diagnosis.SCHEMA_VERSION),
    "workload_map": (workload_map.WorkloadMap, workload_map.SCHEMA_VERSION),
    "admission_accuracy": (admission_accuracy.AdmissionAccuracy, admission_accuracy.SCHEMA_VERSION),
    "taxonomy": (taxonomy.Taxonomy, taxonomy.SCHEMA_VERSION),
    "analysis": (analysis.Analysis, analysis.SCHEMA_VERSION),
    "recommendations": (recommendations.Recommendations, recommendations.SCHEMA_VERSION),
    "portfolio": (portfolio.Portfolio, portfolio.SCHEMA_VERSION),
    "report": (report.Report, report.SCHEMA_VERSION),
    "review": (review.Review, review.SCHEMA_VERSION),
    "reconciliation": (reconciliation.Reconciliation, reconciliation.SCHEMA_VERSION),
    "undo": (review.Undo, review.UNDO_SCHEMA_VERSION),
    "forecast": (forecast.Forecast, forecast.SCHEMA_VERSION),
    "simulation": (simulation.Simulation, simulation.SCHEMA_VERSION),
    "policy": (policy.Policy, policy.SCHEMA_VERSION),
    "policy_difference": (policy_difference.PolicyDifference, policy_difference.SCHEMA_VERSION),
    "policy_plan": (policy_plan.PolicyPlan, policy_plan.SCHEMA_VERSION),
    "policy_verification": (policy_verification.PolicyVerification, policy_verification.SCHEMA_VERSION),
    "policy_explanation": (policy_explanation.PolicyExplanation, policy_explanation.SCHEMA_VERSION),
    "store": (store_info.StoreInfo, store_info.SCHEMA_VERSION),
    "audit_trail": (audit.AuditTrail, audit.TRAIL_SCHEMA_VERSION),
    "audit_verification": (audit.AuditVerification, audit.VERIFICATION_SCHEMA_VERSION),
    "prices": (prices.Prices, prices.SCHEMA_VERSION),
    "price_check": (prices.PriceCheck, prices.CHECK_SCHEMA_VERSION),
    "explanation": (explanation.Explanation, explanation.SCHEMA_VERSION),
    "sessions": (sessions.Sessions, sessions.SCHEMA_VERSION),
    "client": (client_patch.ClientPatch, client_patch.SCHEMA_VERSION),
    "difference": (difference.Difference, difference.SCHEMA_VERSION),
    "check": (check.Check, check.SCHEMA_VERSION),
    "contract": (contract.Contract, contract.SCHEMA_VERSION),
    "contract_check": (contract_check.ContractCheck, contract_check.SCHEMA_VERSION),
    "bundle": (bundle.Bundle, bundle.SCHEMA_VERSION),
    "coverage": (coverage.CoverageManifest, coverage.SCHEMA_VERSION),
}
NAMES: Final = tuple(DOCUMENTS)


def schema_for(name: str) -> dict[str, Any]:
    """JSON Schema of the document ``name``, its ``schema_version`` held to the one that is written now.

    Raises UsageError for a name that is no document.
    """
    if name not in DOCUMENTS:
        raise UsageError(
            f"Unknown document {name!r}.",
            why="costctl knows " + ", ".join(NAMES) + ".",
            next_step="Use one of these names.",
        )
    struct, version = DOCUMENTS[name]
    _, definitions = msgspec.json.schema_components([struct], ref_template="#/$defs/{name}")
    body = definitions.pop(struct.__name__)
    body["properties"]["schema_version"] = {"const": version}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:{version.replace('/', ':')}",
        **body,
        "title": version,
        "$defs": dict(sorted(definitions.items())),
    }


def rendered(name: str) -> str:
    """The schema as the text of schemas/NAME.schema.json: indented, ending with a newline.

    Raises UsageError for a name that is no document.
    """
    return json.dumps(schema_for(name), indent=2, ensure_ascii=False) + "\n"
