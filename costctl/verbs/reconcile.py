"""What providers bill beside what the traces say: the files are read, the traces fetched, and both compared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from costctl.documents.reconciliation import Reconciliation
from costctl.observation import Observation, Question, observed
from costctl.progress import Progress

if TYPE_CHECKING:
    from costctl.billed.row import BilledFile


def reconcile(bills: Sequence[str], question: Question, progress: Progress) -> Reconciliation:
    """The comparison. bills: paths, folders or globs of bills, usage reports and cost exports.

    Raises InputError for a file that is none of these, UsageError for a currency without an exchange rate,
    NotEnoughDataError where one side has nothing.
    """
    from costctl.billed.files import read_bills

    progress("Reading the bills", None)
    files = read_bills(bills)
    with observed(question, progress) as observation:
        return reconciliation_in(files, observation, progress)


def reconciliation_in(
    files: tuple[BilledFile, ...], observation: Observation, progress: Progress
) -> Reconciliation:
    """The same of bills that are read, with traces that are open. Raises UsageError and NotEnoughDataError as there."""
    from costctl.engine.asked_cuts import load_cuts
    from costctl.reconcile.document import METHODS, reconciliation
    from costctl.reconcile.traced import traced_rows

    load_cuts(observation.engine, ("key", "team"))
    progress("Summing the charges of calls", None)
    traced = traced_rows(observation.engine.fetch("bought_slot"))
    progress("Comparing", None)
    return reconciliation(files, traced, observation.config.settings.prices, observation.provenance(METHODS))
