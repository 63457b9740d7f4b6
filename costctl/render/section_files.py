"""Every section of a document as a file of its own, for a spreadsheet or a notebook: CSV or Parquet.

In: a document that was saved. Out: names and contents. Values are those that ``records`` reads from the cells of the
screen: with units in the heads of columns, bounds of intervals beside their middle, and nothing where nothing is known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import msgspec

from costctl.documents.admission_accuracy import AdmissionAccuracy
from costctl.documents.analysis import Analysis
from costctl.documents.audit import AuditTrail, AuditVerification
from costctl.documents.bundle import Bundle
from costctl.documents.check import Check
from costctl.documents.contract import Contract
from costctl.documents.contract_check import ContractCheck
from costctl.documents.diagnosis import Diagnosis
from costctl.documents.difference import Difference
from costctl.documents.explanation import Explanation
from costctl.documents.forecast import Forecast
from costctl.documents.ingestion import IngestReport
from costctl.documents.policy_difference import PolicyDifference
from costctl.documents.policy_explanation import PolicyExplanation
from costctl.documents.policy_plan import PolicyPlan
from costctl.documents.policy_verification import PolicyVerification
from costctl.documents.portfolio import Portfolio
from costctl.documents.prices import Prices
from costctl.documents.recommendations import Recommendations
from costctl.documents.reconciliation import Reconciliation
from costctl.documents.report import Report
from costctl.documents.review import Review
from costctl.documents.sessions import Sessions
from costctl.documents.simulation import Simulation
from costctl.documents.store_info import StoreInfo
from costctl.documents.taxonomy import Taxonomy
from costctl.documents.workload_map import WorkloadMap
from costctl.render import (
    admission_accuracy,
    analysis,
    audit,
    bundle,
    check,
    contract_check,
    contract_draft,
    diagnosis,
    difference,
    explanation,
    forecast,
    ingestion,
    policy_difference,
    policy_explanation,
    policy_plan,
    policy_verification,
    portfolio,
    prices,
    recommendations,
    reconciliation,
    review,
    sessions,
    simulation,
    store_info,
    taxonomy,
    workload_map,
)
from costctl.render.exported import parquet
from costctl.render.records import Records, column_key, records
from costctl.render.sections import HeatMap, Section, Table
from costctl.render.spreadsheet import as_csv


def _of_report(document: Report) -> list[Section]:
    """All that the review is made of."""
    reviewed = [] if document.review is None else review.sections(document.review)
    changed = [] if document.difference is None else difference.sections(document.difference)
    expected = [] if document.forecast is None else forecast.sections(document.forecast)
    return [
        *analysis.sections(document.analysis),
        *workload_map.sections(document.workload),
        *recommendations.sections(document.recommendations),
        *reviewed,
        *changed,
        *expected,
    ]


SECTIONS: Final[Mapping[type[msgspec.Struct], Callable[[Any], list[Section]]]] = {
    AdmissionAccuracy: admission_accuracy.sections,
    Analysis: analysis.sections,
    AuditTrail: audit.sections,
    AuditVerification: audit.verification_sections,
    Bundle: bundle.sections,
    Check: check.sections,
    Contract: contract_draft.sections,
    ContractCheck: contract_check.sections,
    Diagnosis: diagnosis.sections,
    Difference: difference.sections,
    Explanation: explanation.sections,
    Forecast: forecast.sections,
    IngestReport: ingestion.sections,
    PolicyDifference: policy_difference.sections,
    PolicyVerification: policy_verification.sections,
    PolicyExplanation: policy_explanation.sections,
    PolicyPlan: policy_plan.sections,
    Portfolio: portfolio.sections,
    Prices: prices.sections,
    Recommendations: recommendations.sections,
    Reconciliation: reconciliation.sections,
    Report: _of_report,
    Review: review.sections,
    Sessions: sessions.sections,
    Simulation: simulation.sections,
    StoreInfo: store_info.sections,
    Taxonomy: taxonomy.sections,
    WorkloadMap: workload_map.sections,
}


def section_files(document: msgspec.Struct, *, is_parquet: bool) -> Iterator[tuple[str, bytes]]:
    """Name and content of the file of each table and heat map, numbered in their order; named by their titles, up to
    the first comma.
    """
    form = "parquet" if is_parquet else "csv"
    tables = [each for each in SECTIONS[type(document)](document) if isinstance(each, Table | HeatMap)]
    for place, table in enumerate(tables, 1):
        found = records(table)
        content = _parquet(found) if is_parquet else as_csv(found.columns, found.rows).encode()
        yield f"{place:02d}-{column_key(table.title.partition(',')[0])}.{form}", content


def _parquet(found: Records) -> bytes:
    import polars as pl

    frame = pl.DataFrame(found.rows, schema=list(found.columns), orient="row", infer_schema_length=None)
    return parquet(frame)
