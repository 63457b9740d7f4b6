"""costctl.report/v1: the weekly review: what was spent and why, what to do now, and what came of it, as one document.

It holds the documents of the other verbs as they are, so that no figure stands in two forms.
"""

from __future__ import annotations

from typing import Final

import msgspec

from costctl.documents.analysis import Analysis
from costctl.documents.difference import Difference
from costctl.documents.forecast import Forecast
from costctl.documents.provenance import Provenance
from costctl.documents.recommendations import Recommendations
from costctl.documents.reconciliation import Reconciliation
from costctl.documents.review import Review
from costctl.documents.workload_map import WorkloadMap

SCHEMA_VERSION: Final = "costctl.report/v1"


class Report(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that people look at in a weekly review. review: null where no advice was kept in this store.

    difference: against the time before; null where files were asked about, or there are no two times to compare.
    forecast: null where too little was observed for one.  reconciliation: with what providers bill; null where no bill
    was given, or no line of it could be read, which a warning says.
    """

    schema_version: str
    provenance: Provenance
    analysis: Analysis
    workload: WorkloadMap
    recommendations: Recommendations
    review: Review | None
    difference: Difference | None
    forecast: Forecast | None
    reconciliation: Reconciliation | None = None
