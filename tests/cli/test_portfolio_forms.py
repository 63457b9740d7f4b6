"""``costctl recommend --portfolio``: every class of the analysis, with what is recommended for it, in every form."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import jsonschema
import msgspec
import pytest
from msgspec.structs import replace

import costctl
from costctl import verbs
from costctl.documents.analysis import Analysis
from costctl.documents.portfolio import Portfolio, PortfolioRow
from costctl.documents.recommendations import MissedObjective, Recommendations
from costctl.documents.schemas import rendered as schema_text
from costctl.documents.workload_map import WorkloadMap
from costctl.observation import Question
from costctl.render import portfolio as tables
from costctl.render import portfolio_screen
from costctl.render.cells import plain
from costctl.render.document import rendered
from costctl.render.forms import TabularFormat
from costctl.render.portfolio_words import worths
from costctl.render.sections import Facts, Section, Table
from costctl.render.view import View
from tests.cli.first_screens import SMALL_TERMINAL, terminal
from tests.command_line import costctl as run
from tests.conftest import unwatched
from tests.recommend.portfolios_by_hand import ALL_STEPS, portfolio_of

SERVED_BY = "SELECT DISTINCT request_class FROM pool_call WHERE pool = '{}' ORDER BY request_class"


@pytest.fixture(scope="module")
def recommendations(sample_question: Question) -> Recommendations:
    return verbs.recommend(sample_question, unwatched)


@pytest.fixture(scope="module")
def document(recommendations: Recommendations, sample_question: Question) -> Portfolio:
    assert recommendations.made
    return verbs.portfolio(sample_question, unwatched)


def test_its_rows_are_the_classes_of_the_analysis(document: Portfolio, sample_analysis: Analysis) -> None:
    assert [(each.request_class, each.requests, each.usd) for each in document.rows] == [
        (each.request_class, each.requests, each.cost.attributed_usd) for each in sample_analysis.classes
    ]


def test_classes_and_idle_time_are_the_bill(document: Portfolio) -> None:
    idle = document.baseline.idle_ratio or 0.0
    assert sum(each.bill_ratio or 0.0 for each in document.rows) + idle == pytest.approx(1.0)


def test_its_steps_are_the_recommendations_with_what_those_say(
    document: Portfolio, recommendations: Recommendations
) -> None:
    assert document.made == recommendations.made
    assert document.joint == recommendations.joint
    assert document.baseline == recommendations.baseline
    assert [each.id for each in document.steps] == [each.id for each in recommendations.made]
    for step, advice in zip(document.steps, recommendations.made, strict=True):
        assert (step.cash_usd, step.freed_usd) == (advice.cash_usd, advice.freed_usd)


def test_a_change_of_a_pool_stands_at_all_classes_that_it_serves(
    document: Portfolio, sample_question: Question
) -> None:
    served = verbs.sql(SERVED_BY.format("embedder"), sample_question, unwatched).rows["request_class"]
    at = [each.request_class for each in document.rows if "batch_window.embedder" in each.scheduling.ids]
    assert sorted(at) == served.to_list() == ["embedding_batch", "rag"]


def test_what_a_class_is_taken_for_is_what_its_calls_look_like(document: Portfolio) -> None:
    assert {each.request_class: each.shape.name for each in document.rows} == {
        "agentic": "agents",
        "long_generation": "long generation",
        "report": "reports and other work that may wait",
        "chat": "support chat",
        "rag": "RAG",
        "embedding_batch": "batch embeddings",
        "classification": "short classification",
    }


def test_caches_are_told_as_the_map_of_the_workload_tells_them(
    document: Portfolio, sample_map: WorkloadMap
) -> None:
    told = {each.request_class: each for each in sample_map.faults}
    for each in document.rows:
        of_map = told[each.request_class]
        assert each.facts.cached_input_ratio == of_map.prompt_cache_ratio
        assert each.facts.lookup_hit_ratio == of_map.lookup_hit_ratio


def test_the_document_keeps_to_its_schema_and_python_gives_the_same(
    document: Portfolio, sample_question: Question
) -> None:
    jsonschema.validate(json.loads(msgspec.json.encode(document)), json.loads(schema_text("portfolio")))
    store = costctl.open_store(sample_question.store or "", config=sample_question.config)
    assert store.portfolio() == document


def class_table(found: list[Section]) -> Table:
    return next(each for each in found if isinstance(each, Table))


def test_the_screen_says_each_worth_once_and_the_joint_below(document: Portfolio) -> None:
    rows = class_table(portfolio_screen.screen(document, View())).rows
    assert document.joint is not None
    told = [plain(row[3]) for row in rows]
    *steps, together = (plain(each) for each in worths((*document.steps, document.joint)))
    assert [told.count(each) for each in steps] == [1] * len(document.steps)
    assert "with rag" in [str(row[3]) for row in rows]
    assert (str(rows[-1][0]), told[-1]) == ("TOGETHER", together)


def test_verbose_says_of_every_default_that_is_not_taken_why(document: Portfolio) -> None:
    brief, verbose = (portfolio_screen.screen(document, View(verbose=each)) for each in (False, True))
    shown = [each for each in (brief[2], verbose[2]) if isinstance(each, Table)]
    assert [len(each.rows) for each in shown] == [
        2,
        sum(
            aspect.verdict in ("trace_argues", "ruled_out", "candidate")
            for row in document.rows
            for _, aspect in row.aspects
        ),
    ]


def test_many_classes_that_change_fit_one_screen() -> None:
    few = portfolio_of(*(replace(each, freed_usd=None, freed_usd_per_week=None) for each in ALL_STEPS))
    rows = [
        replace(each, request_class=f"{each.request_class}-of-team-{place}")
        for place in range(5)
        for each in few.rows
    ]
    with terminal(80):
        text = rendered(
            replace(few, rows=tuple(rows)), TabularFormat.TABLE, _screen, tables.csv_text, is_brief=True
        )
    lines = text.splitlines()
    assert max(map(len, lines)) <= 80
    assert len(lines) <= SMALL_TERMINAL
    assert "10 more" in text


def _screen(document: Portfolio) -> list[Section]:
    return portfolio_screen.screen(document, View())


def test_where_nothing_is_recommended_the_screen_says_so() -> None:
    found = portfolio_screen.screen(portfolio_of(), View())
    assert isinstance(found[0], Facts)
    assert found[0].lines[0] == ("", "No class changes. Bill $70.00 a week")
    assert {str(row[2]) for row in class_table(found).rows} == {"as today"}
    nothing = replace(portfolio_of(), why_nothing="No pool is configured.")
    (first, *_) = portfolio_screen.screen(nothing, View())
    assert isinstance(first, Facts)
    assert first.lines[1] == ("", "No pool is configured.")


def csv_rows(document: Portfolio) -> list[dict[str, str]]:
    return [*csv.DictReader(io.StringIO(tables.csv_text(document)))]


def test_the_csv_has_every_class_every_step_and_the_joint(document: Portfolio) -> None:
    rows = csv_rows(document)
    classes = [row for row in rows if row["row"] == "class"]
    assert [(row["request_class"], float(row["usd"])) for row in classes] == [
        (each.request_class, each.usd) for each in document.rows
    ]
    for row, each in zip(classes, document.rows, strict=True):
        assert row["compute_today"] == each.compute.today
        assert row["scheduling_why"] == each.scheduling.why
        assert float(row["bill_ratio"]) == each.bill_ratio
    steps = [(row["request_class"], row["id"]) for row in rows if row["row"] == "step"]
    assert steps == [(each.request_class, step.id) for each in document.changed for step in each.worth or ()]
    assert document.joint is not None
    assert document.joint.freed_usd is not None
    assert (rows[-1]["row"], float(rows[-1]["freed_usd"])) == ("joint", document.joint.freed_usd.mid)


def test_a_step_of_no_class_is_a_row_of_its_own() -> None:
    document = portfolio_of(*ALL_STEPS)
    rows = csv_rows(document)
    assert [row["id"] for row in rows if row["row"] == "step" and not row["request_class"]] == [
        "commitment.ptu"
    ]
    assert "all classes" in [
        str(row[0]) for row in class_table(portfolio_screen.screen(document, View())).rows
    ]


def test_every_form_names_the_objectives_that_are_missed_today(document: Portfolio) -> None:
    missed = MissedObjective(request_class="chat", metric="e2e_p95", seconds=100.38, target_s=60.0)
    late = replace(document, missed=(missed,))
    said = "Missed today", "chat e2e p95 100.38 s, promised 60.00 s"
    last = portfolio_screen.screen(late, View())[-1]
    assert isinstance(last, Facts)
    assert said in last.lines
    text = rendered(late, TabularFormat.MARKDOWN, tables.sections, tables.csv_text)
    assert f"- {': '.join(said)}." in text
    assert "Missed today" not in rendered(document, TabularFormat.MARKDOWN, tables.sections, tables.csv_text)


def test_the_tables_tell_every_class_with_every_reason(document: Portfolio) -> None:
    text = rendered(document, TabularFormat.MARKDOWN, tables.sections, tables.csv_text)
    for each in document.rows:
        assert told_of(each) <= {*text.replace("\n- ", "\n").splitlines()}, each.request_class


def told_of(row: PortfolioRow) -> set[str]:
    return {f"{name.capitalize()}: {aspect.why}" for name, aspect in row.aspects}


@pytest.mark.parametrize("other", [("--show", "1"), ("--review",), ("--undo", "prompt_cache.support")])
def test_another_document_at_once_is_refused(tmp_path: Path, other: tuple[str, ...]) -> None:
    told = run(tmp_path, "recommend", "--portfolio", *other)
    assert told.returncode == 2
    assert "cannot be combined" in told.stderr


def test_batches_at_night_are_argued_against_by_an_objective_that_is_declared(document: Portfolio) -> None:
    embedding = next(each for each in document.rows if each.request_class == "embedding_batch")
    assert embedding.facts.may_wait  # declared too: the objective comes before it
    assert embedding.scheduling.argues == (
        "An objective is declared (e2e_p95 15s), which hours of waiting would miss."
    )
    assert "Not by default, a batch tier, or the hours of low demand" in embedding.scheduling.why
