"""Laws over all documents of all verbs: one quantity has one value, and a sum with an unknown part is a bound."""

from __future__ import annotations

from pathlib import Path

import pytest

from costctl import verbs
from costctl.behaviour.stages import MODEL_STAGES
from costctl.errors import NotEnoughDataError
from costctl.observation import Question, observed
from costctl.render import analysis as analysis_view
from costctl.render import class_explanation, sessions, workload_map
from costctl.render.sections import Section, Table
from tests.conftest import ROOT, unwatched
from tests.laws.same_quantity import Documents, documents_of, readings
from tests.laws.worlds_with_gaps import store_with_gaps

LEAST_READINGS = 2
CONFIG = ROOT / "sample_traces" / "costctl.toml"
GAPS = [(1, False), (2, True), (3, True)]


@pytest.fixture(scope="module")
def sample_documents(sample_question: Question) -> Documents:
    return documents_of(sample_question, replays=True)


@pytest.fixture(scope="module", params=GAPS, ids=lambda param: "api" if param[1] else "pools")
def gappy(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Question, Documents]:
    """A world with gaps, and every document of it."""
    seed, is_api = request.param
    store = store_with_gaps(tmp_path_factory.mktemp("gaps"), seed, is_api=is_api)
    question = Question(store=store, config=_without_pools(store.parent) if is_api else CONFIG)
    return question, documents_of(question, replays=not is_api)


def _without_pools(folder: Path) -> Path:
    path = folder / "none.toml"
    path.write_text("internet_usd_per_gb_egress = 0.09\n", encoding="utf-8")
    return path


def _disagreements(documents: Documents) -> list[str]:
    found = []
    for (quantity, scope), values in readings(documents).items():
        first = next(iter(values.values()))
        for where, value in values.items():
            is_same = value == pytest.approx(first, rel=1e-9) if isinstance(value, float) else value == first
            if not is_same:
                found.append(f"{quantity} of {scope}: {where} says {value}, others {first}")
    return found


def test_a_quantity_of_the_sample_has_one_value_wherever_it_stands(sample_documents: Documents) -> None:
    found = readings(sample_documents)
    assert sum(len(values) >= LEAST_READINGS for values in found.values()) > 100
    assert _disagreements(sample_documents) == []


def test_a_quantity_has_one_value_where_telemetry_has_gaps(gappy: tuple[Question, Documents]) -> None:
    assert _disagreements(gappy[1]) == []


def test_what_calls_and_charges_lack_is_counted_in_every_document(gappy: tuple[Question, Documents]) -> None:
    question, documents = gappy
    with observed(question, unwatched) as observation:
        lacking = {
            row["request_class"]: row
            for row in observation.engine.query(
                "SELECT request_class.request_class, COUNT(*) FILTER (calls.input_tokens IS NULL) AS no_input, "
                "COUNT(*) FILTER (calls.output_tokens IS NULL AND calls.is_generation) AS no_output "
                "FROM calls INNER JOIN request_class ON calls.request_id = request_class.request_id "
                "GROUP BY request_class.request_class"
            ).iter_rows(named=True)
        }
        unpriced = dict(
            observation.engine.query(
                "SELECT request_class.request_class, COUNT(*) FILTER (charge.usd IS NULL) FROM charge "
                "INNER JOIN request_class ON charge.request_id = request_class.request_id "
                "GROUP BY request_class.request_class"
            ).iter_rows()
        )
    assert sum(row["no_input"] for row in lacking.values()) > 0
    for report in documents.analysis.classes:
        row = lacking[report.request_class]
        assert report.tokens.calls_without_input == row["no_input"]
        assert report.tokens.calls_without_output == row["no_output"]
        assert report.cost.unit_costs.unpriced_charges == unpriced[report.request_class]


# Title of a table, its columns, and what a figure in them sums: the quantity whose count says what is missing.
BOUNDS = (
    ("Classes: traffic", ("tokens in",), ("calls without input tokens",)),
    ("Classes: traffic", ("tokens out",), ("calls without output tokens",)),
    ("The bill in USD", ("attributed", "loaded", "marginal"), ("unpriced charges",)),
    ("Classes: cost in USD", ("marginal per request", "per success"), ("unpriced charges",)),
    ("Classes: unit cost", ("response", "completed task"), ("unpriced charges",)),
    ("Mix", ("tokens",), ("calls without input tokens", "calls without output tokens")),
    ("Mix", ("cost",), ("unpriced charges",)),
    ("Shape and rules", ("tokens in",), ("calls without input tokens",)),
    ("Shape and rules", ("tokens out",), ("calls without output tokens",)),
    ("Tasks: cost", ("all tasks", "per task", "per completed task"), ("unpriced charges",)),
)


def _sections(documents: Documents) -> list[Section]:
    return [
        *analysis_view.sections(documents.analysis),
        *workload_map.sections(documents.map),
        *sessions.sections(documents.sessions),
    ]


def _is_figure(cell: str) -> bool:
    return cell.lstrip("≥ ")[:1] in {"$", *"0123456789"}


def _unmarked(documents: Documents) -> tuple[list[str], int]:
    """Cells that sum something of which a part is unknown and do not say so, or say so where nothing is; how many
    cells are bounds.
    """
    missing = {
        (quantity, name): next(iter(values.values()))
        for (quantity, name), values in readings(documents).items()
    }
    wrong, bounds, seen = [], 0, set()
    for section in _sections(documents):
        for title, columns, parts in BOUNDS:
            if not isinstance(section, Table) or not section.title.startswith(title):
                continue
            seen.add(title)
            for row in section.texts():
                lacking = sum(missing.get((part, row[0]), 0) for part in parts)
                is_class = ("requests", row[0]) in missing
                for column in columns:
                    cell = row[section.columns.index(column)]
                    if is_class and _is_figure(cell):
                        bounds += cell.startswith("≥")
                        if cell.startswith("≥") != (lacking > 0):
                            wrong.append(
                                f"{section.title}, {row[0]}, {column}: {cell!r}, {lacking} parts unknown"
                            )
    assert {title for title, *_ in BOUNDS} - seen <= {"The bill in USD", "Classes: unit cost"}
    return wrong, bounds


def test_a_sum_with_an_unknown_part_says_so_in_every_table(gappy: tuple[Question, Documents]) -> None:
    wrong, bounds = _unmarked(gappy[1])
    assert wrong == []
    assert bounds > 10


def test_the_tables_of_the_sample_mark_what_is_a_bound_and_nothing_else(sample_documents: Documents) -> None:
    assert _unmarked(sample_documents)[0] == []


def test_the_total_of_the_bill_is_a_bound_where_a_row_is_or_has_no_price(
    gappy: tuple[Question, Documents],
) -> None:
    analysis = gappy[1].analysis
    (table,) = (each for each in analysis_view.sections(analysis) if each.title.startswith("The bill in USD"))
    assert isinstance(table, Table)
    is_bound = analysis.totals.unit_costs.unpriced_charges > 0
    assert all(cell.startswith("≥ $") == is_bound for cell in table.texts()[-1][1:4])


def test_an_explained_class_marks_its_cost_as_the_other_documents_do(
    gappy: tuple[Question, Documents],
) -> None:
    for explained in gappy[1].classes.values():
        first = class_explanation.sections(explained)[0]
        said = " ".join(getattr(first, "lines", ()))
        assert ("≥ $" in said) == (explained.usd is not None and explained.unpriced_charges > 0)


def test_a_call_to_an_api_is_given_no_cause_that_only_its_replicas_could_show(tmp_path: Path) -> None:
    store = store_with_gaps(tmp_path, 4, is_api=True)
    question = Question(store=store, config=_without_pools(tmp_path))
    found = [
        each.bottleneck for each in verbs.analyze(question, unwatched).classes if each.bottleneck is not None
    ]
    of_models = [each for each in found if each.stage in MODEL_STAGES]
    assert len(of_models) >= 5
    assert {each.cause for each in of_models} <= {"unknown", "failed_attempts", "cold_cache"}
    assert {each.kind for each in of_models} == {"unknown"}
    said = " ".join(line for each in of_models for line in each.evidence)
    assert "wasted" not in said
    assert "the replicas that serve it are not observed" in said


def test_every_real_trace_obeys_the_same_laws(real_traces: Path, tmp_path: Path) -> None:
    """The files of a folder in one store; of each format that costctl reads by itself."""
    checked = 0
    folders = sorted(path for kind in ("instrumented", "spans") for path in (real_traces / kind).iterdir())
    for folder in folders:
        paths = tuple(
            str(path) for path in sorted(folder.rglob("*")) if path.suffix in {".json", ".jsonl", ".pb"}
        )
        store = tmp_path / f"{folder.name}.duckdb"
        verbs.ingest(verbs.IngestRequest(paths, store), unwatched)
        try:
            documents = documents_of(Question(store=store, config=_without_pools(tmp_path)), replays=False)
        except NotEnoughDataError:
            continue
        assert _disagreements(documents) == [], folder.name
        assert _unmarked(documents)[0] == [], folder.name
        checked += 1
    assert checked >= 8
