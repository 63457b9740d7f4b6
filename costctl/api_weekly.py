"""What a weekly review asks of a store, from Python: what changed, why, is it right, what next.

``Store`` of costctl/api.py has these methods; here is what it was opened with, too.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from costctl.progress import Progress, silent

if TYPE_CHECKING:
    import msgspec

    from costctl.documents.analysis import Analysis
    from costctl.documents.audit import Act
    from costctl.documents.check import Check
    from costctl.documents.difference import Difference
    from costctl.documents.forecast import Forecast
    from costctl.documents.reconciliation import Reconciliation
    from costctl.documents.report import Report
    from costctl.documents.review import Review, Undo
    from costctl.observation import Question

AnyPath = str | Path
Document = TypeVar("Document", bound="msgspec.Struct")


@dataclass(frozen=True, slots=True)
class Weekly:
    """A store, and by what it is looked at; as the fields of ``Store``."""

    path: Path
    config: Path | None = None
    rules: Path | None = None
    since: str | None = None
    until: str | None = None
    last: str | None = None
    prices_as_of: str | None = None
    seed: int = 0
    wait_s: float = 0.0
    progress: Progress = field(default=silent, repr=False)

    def diff(self, base: AnyPath | None = None, new: AnyPath | None = None) -> Difference:
        """What changed in cost from base to new, and why: each a period ("2026-11-16..2026-11-23"), the path of a
        store, or that of a saved analysis; where left out, as ``costctl diff`` does.

        Raises UsageError for what is no side, InputError for a file that cannot be used.
        """
        from costctl import verbs

        first, second = (None if each is None else str(each) for each in (base, new))
        return verbs.diff(first, second, self._question(), self.progress)

    def review(self, *, extrapolate: bool = False, keep: bool = True) -> Review:
        """What came of what was recommended: promised, delivered, not taken, gone away. extrapolate: figures per week
        from less than a day since too.  keep: what came of each is kept in the store, for ``past`` of the next
        recommendations; where that cannot be, a warning says why.
        """
        from costctl import verbs

        question = self._question(is_extrapolating=extrapolate)
        document = verbs.review(question, self.progress)
        if keep:
            warn(verbs.keep_outcomes(question, document))
        return self._recorded("review", "review", document)

    def report(self, *, bills: Sequence[AnyPath] = (), extrapolate: bool = False) -> Report:
        """The weekly review: what was spent and why, what to do now, what came of earlier advice. It is looked at, and
        nothing is kept. bills: what providers bill, as ``reconcile`` takes it.  extrapolate: figures per week from less
        than a day too.
        """
        from costctl import verbs

        question = self._question(is_extrapolating=extrapolate)
        document = verbs.report(question, self.progress, [str(each) for each in bills])
        return self._recorded("review", "report", document)

    def reconcile(self, *bills: AnyPath) -> Reconciliation:
        """What providers bill beside what the traces say, and why the two differ, in parts that add up.

        bills: files, folders or globs of bills, usage reports and cost exports, told by their content: OpenAI,
        Anthropic, AWS CUR, FOCUS, Azure, LiteLLM. Raises InputError for a file that is none of these.
        """
        from costctl import verbs

        return verbs.reconcile([str(each) for each in bills], self._question(), self.progress)

    def undo(self, name: str) -> Undo:
        """The settings that take back what was recommended last under this id, which ``review`` has.

        Raises UsageError where nothing was.
        """
        from costctl import verbs

        return verbs.undo(name, self._question(), self.progress)

    def forecast(
        self, *, budget: float | None = None, advised: str | Sequence[str] = (), advice: AnyPath | None = None
    ) -> Forecast:
        """Spend to the end of the month and of the quarter, with intervals. budget: USD a month, to say when it ends.

        advised: recommendations taken to be done now, by number or id, or "all".  advice: a saved document to read them
        from; computed from the traces if None.
        """
        from costctl import verbs

        asked = (advised,) if isinstance(advised, str) else tuple(advised)
        return verbs.forecast(
            self._question(), self.progress, budget, asked, None if advice is None else Path(advice)
        )

    def check(self, *, baseline: AnyPath | None = None) -> Check:
        """The gates of the config: which are breached, by how much, and which cannot be said. baseline: the file to
        compare with; costctl-baseline.json beside the config if None.

        Raises UsageError where there are no gates or one is about a name that nobody has, InputError where a gate needs
        a baseline and the file cannot be used.
        """
        from costctl import verbs

        compared = None if baseline is None else Path(baseline)
        return self._recorded("check", "check", verbs.check(self._question(), self.progress, compared))

    def baseline(self, path: AnyPath | None = None) -> Analysis:
        """The analysis with how far its values may be off by chance, written to a file for ``check`` to compare with.

        path: costctl-baseline.json beside the config if None. Raises OSError where it cannot be written.
        """
        from costctl import verbs
        from costctl.render.document import as_json

        document = verbs.baseline(self._question(), self.progress)
        place = verbs.baseline_path(self.config) if path is None else Path(path)
        place.write_text(as_json(document), encoding="utf-8")
        return self._recorded("analysis", "baseline", document)

    def _recorded(self, act: Act, method: str, document: Document) -> Document:
        """The document, when it stands in the audit trail."""
        from costctl import verbs
        from costctl.render.document import as_json

        inputs, output = verbs.document_given(document, as_json(document))
        done = verbs.Done(act, (method,), inputs=inputs or (), outputs=(output,), caller="python")
        warn(verbs.record(self.path, self.config, done))
        return document

    def _question(self, *, is_extrapolating: bool = False) -> Question:
        from costctl.observation import Question

        return Question(
            store=self.path,
            config=self.config,
            rules=self.rules,
            since=self.since,
            until=self.until,
            last=self.last,
            seed=self.seed,
            prices_as_of=self.prices_as_of,
            is_extrapolating=is_extrapolating,
            wait_s=self.wait_s,
        )


def warn(reason: str | None) -> None:
    """Why a later review, or the audit trail, will not know of this. reason: None where it will."""
    if reason is not None:
        warnings.warn(reason, stacklevel=3)
