"""``costctl explain``: one request or one class, the same numbers in every form, and clear words for a wrong ID."""

from __future__ import annotations

import csv
import io
import itertools
from pathlib import Path

import pytest
from msgspec.structs import replace

from costctl import verbs
from costctl.documents.explanation import Explanation, RequestExplanation, RequestName
from costctl.errors import CostctlError, InputError, UsageError
from costctl.explain.request import MOST_LINES, span_lines
from costctl.observation import Question
from costctl.render import explanation as render
from costctl.render.cells import plain, seconds, usd
from costctl.render.explanation_screen import screen
from costctl.render.markdown import as_markdown
from costctl.render.sections import Notes, Table
from costctl.render.terminal import as_terminal_text
from costctl.render.view import View
from costctl.verbs.explain_ids import meant_by
from tests.relations.span_rows import chat, engine_of, span


def unwatched(_what: str, _ratio: float | None, _detail: str = "") -> None:
    """Progress that nobody watches."""


def selected(query: str, question: Question) -> list[dict[str, object]]:
    return verbs.sql(query, question, unwatched).rows.to_dicts()


@pytest.fixture(scope="module")
def retried(short_question: Question) -> RequestExplanation:
    """A request with a retrieval, in which a call was made again."""
    (row,) = selected(
        "SELECT trace_id FROM requests WHERE attempts > 1 AND retrievals > 0 ORDER BY trace_id LIMIT 1",
        short_question,
    )
    (request,) = verbs.explain(str(row["trace_id"]), short_question, unwatched).requests
    return request


def test_stages_add_up_to_the_duration(retried: RequestExplanation) -> None:
    assert sum(stage.self_s for stage in retried.stages) == pytest.approx(retried.duration_s, abs=1e-6)
    assert sum(stage.share_ratio for stage in retried.stages) == pytest.approx(1.0)


def test_the_rule_that_is_taken_gives_the_class_and_every_rule_before_it_says_why_not(
    retried: RequestExplanation,
) -> None:
    (taken,) = [rule for rule in retried.rules if rule.is_taken]
    assert (taken.request_class, taken.rule) == (retried.request_class, retried.rule)
    for rule in retried.rules[: retried.rules.index(taken)]:
        assert any(not bound.is_met for bound in rule.bounds)


def test_spans_lie_below_their_parents_and_begin_with_the_entry(retried: RequestExplanation) -> None:
    depths = [line.depth for line in retried.spans]
    assert depths[0] == 0
    assert all(after <= before + 1 for before, after in itertools.pairwise(depths))
    assert retried.spans[0].start_s == 0
    assert len(retried.spans) == retried.span_count


def test_the_attempt_that_was_made_again_is_a_call_and_is_charged(retried: RequestExplanation) -> None:
    (failed,) = [call for call in retried.calls if call.is_retried]
    assert [charge.component for charge in retried.charges if charge.is_wasted] == ["accelerator"]
    assert failed.call_id in {charge.call_id for charge in retried.charges if charge.is_wasted}
    assert failed.share_s is not None


def test_the_charges_of_a_class_are_the_charges_of_its_requests(short_question: Question) -> None:
    traces = selected(
        "SELECT requests.trace_id FROM requests INNER JOIN request_class "
        "ON requests.request_id = request_class.request_id WHERE request_class = 'agentic' ORDER BY 1 LIMIT 2",
        short_question,
    )
    for row in traces:
        (request,) = verbs.explain(str(row["trace_id"]), short_question, unwatched).requests
        ((total,),) = verbs.sql(
            "SELECT SUM(charge.usd) FROM charge INNER JOIN requests ON charge.request_id = requests.request_id "
            f"WHERE trace_id = '{row['trace_id']}'",
            short_question,
            unwatched,
        ).rows.rows()
        assert request.usd == pytest.approx(total, rel=1e-12)
        assert request.usd == pytest.approx(sum(charge.usd or 0.0 for charge in request.charges), rel=1e-12)


def test_a_class_of_one_kind_of_request_costs_what_they_cost(short_question: Question) -> None:
    found = verbs.explain("agentic", short_question, unwatched).request_class
    assert found is not None
    (row,) = selected("SELECT * FROM class_cost WHERE request_class = 'agentic'", short_question)
    (sums,) = selected(
        "SELECT SUM(usd) AS usd FROM request_usd INNER JOIN request_class "
        "ON request_usd.request_id = request_class.request_id WHERE request_class = 'agentic'",
        short_question,
    )
    assert (found.requests, found.usd) == (row["requests"], row["attributed_usd"])
    assert found.usd == pytest.approx(sums["usd"], rel=1e-12)
    assert sum(rule.requests for rule in found.rules) == found.requests
    assert [each.example for each in found.examples] == ["typical", "slow", "expensive"]
    typical, slow, _ = (each.duration_s or 0.0 for each in found.examples)
    assert typical <= slow


def test_every_example_of_a_class_can_be_explained(short_question: Question) -> None:
    found = verbs.explain("rag", short_question, unwatched).request_class
    assert found is not None
    for each in found.examples:
        (request,) = verbs.explain(each.request_id, short_question, unwatched).requests
        assert (request.request_class, request.duration_s) == ("rag", each.duration_s)
        assert request.usd == pytest.approx(each.usd)


def test_any_span_names_its_request(retried: RequestExplanation, short_question: Question) -> None:
    (row,) = selected(
        f"SELECT MAX(span_id) AS span_id FROM spans WHERE trace_id = '{retried.trace_id}'", short_question
    )
    for asked in (retried.request_id, f"{retried.trace_id}:{row['span_id']}"):
        assert verbs.explain(asked, short_question, unwatched).requests == (retried,)


@pytest.mark.parametrize(
    ("asked", "kind", "word"),
    [
        ("agentik", InputError, "agentic"),
        ("ffffffffffffffffffffffffffffffff", InputError, "next to it"),
        ("'; DROP TABLE spans; --", InputError, "No request, class or rule"),
        ("0", UsageError, "too short"),
    ],
)
def test_an_id_that_names_nothing_is_said_to(
    asked: str, kind: type[CostctlError], word: str, short_question: Question
) -> None:
    with pytest.raises(kind, match=word):
        verbs.explain(asked, short_question, unwatched)


def test_a_request_outside_of_the_time_asked_about_is_said_to_be(
    retried: RequestExplanation, sample_store: Path
) -> None:
    with pytest.raises(InputError, match="--since"):
        verbs.explain(retried.trace_id, Question(store=sample_store, since="2030-01-01"), unwatched)


def test_csv_holds_the_charges_to_the_last_digit(
    retried: RequestExplanation, short_question: Question
) -> None:
    document = verbs.explain(retried.trace_id, short_question, unwatched)
    rows = list(csv.DictReader(io.StringIO(render.csv_text(document))))
    assert [float(row["usd"]) if row["usd"] else None for row in rows] == [
        line.usd for line in retried.charges
    ]
    assert [row["component"] for row in rows] == [line.component for line in retried.charges]


def test_the_tables_round_the_numbers_of_the_document(
    retried: RequestExplanation, short_question: Question
) -> None:
    document = verbs.explain(retried.trace_id, short_question, unwatched)
    tables = {each.title.split(":")[0]: each for each in render.sections(document) if isinstance(each, Table)}
    assert tables["Stages"].rows[-1][1] == seconds(retried.duration_s)
    assert tables["Charges"].rows[-1][-1] == usd(retried.usd).at_least(retried.unpriced_charges)
    assert len(tables["Rules in order"].rows) == len(retried.rules)


@pytest.mark.parametrize("asked", ["rag", "agentic"])
def test_markdown_and_terminal_show_the_same_cells(asked: str, short_question: Question) -> None:
    document: Explanation = verbs.explain(asked, short_question, unwatched)
    sections = render.sections(document)
    markdown, terminal = as_markdown(sections), as_terminal_text(sections)
    for section in sections:
        lines = section.lines if isinstance(section, Notes) else [row[0] for row in section.texts()]
        assert all(line in markdown for line in lines)
        assert section.title.split(":")[0] in terminal
    assert max(len(line) for line in terminal.splitlines()) <= 100


def test_the_parts_of_a_cost_add_up_to_it(retried: RequestExplanation, short_question: Question) -> None:
    assert sum(part.usd or 0.0 for part in retried.cost_parts) == pytest.approx(retried.usd, rel=1e-12)
    assert sum(part.usd_ratio or 0.0 for part in retried.cost_parts) == pytest.approx(1.0)
    found = verbs.explain("rag", short_question, unwatched).request_class
    assert found is not None
    assert sum(part.usd or 0.0 for part in found.cost_parts) == pytest.approx(found.usd, rel=1e-9)
    assert found.wasted_usd is not None
    assert 0 < found.wasted_usd < (found.usd or 0.0)
    ((seconds_of_all,),) = verbs.sql(
        "SELECT SUM(duration_s) FROM requests INNER JOIN request_class "
        "ON requests.request_id = request_class.request_id WHERE request_class = 'rag'",
        short_question,
        unwatched,
    ).rows.rows()
    assert sum(stage.self_s for stage in found.stages) == pytest.approx(seconds_of_all, rel=1e-9)


def test_a_rule_is_explained_by_what_it_takes(short_question: Question) -> None:
    document = verbs.explain("retrieval", short_question, unwatched)
    rule = document.rule
    assert rule is not None
    assert (rule.request_class, rule.definition) == ("rag", "retrievals at least 1; or documents at least 1")
    (counted,) = selected(
        "SELECT SUM(CAST(rule = 'retrieval' AS BIGINT)) AS own, COUNT(rule) AS whole FROM request_class",
        short_question,
    )
    assert rule.requests == counted["own"]
    assert rule.request_ratio == pytest.approx(int(str(counted["own"])) / int(str(counted["whole"])))
    assert "costctl explain rag" in as_terminal_text(screen(document, View()))


def test_the_screen_of_a_request_says_where_its_money_and_its_time_went(
    retried: RequestExplanation, short_question: Question
) -> None:
    document = verbs.explain(retried.trace_id, short_question, unwatched)
    found = screen(document, View())
    money, time = (each for each in found if isinstance(each, Table))
    assert [plain(row[2]) for row in money.rows[:6]] == [
        plain(usd(part.usd).at_least(part.unpriced_charges)) for part in retried.cost_parts[:6]
    ]
    assert [row[1] for row in time.rows[:6]] == [seconds(stage.self_s) for stage in retried.stages[:6]]
    text = as_terminal_text(found)
    assert (
        f": {usd(retried.usd).at_least(0)}, {seconds(retried.duration_s)}, succeeded" in text.splitlines()[0]
    )
    assert len(text.splitlines()) <= 40


def test_other_requests_of_the_trace_are_named_below_the_first(
    retried: RequestExplanation, short_question: Question
) -> None:
    document = verbs.explain(retried.trace_id, short_question, unwatched)
    others = tuple(RequestName(f"other:{number}", None, None) for number in range(5))
    text = as_terminal_text(screen(replace(document, other_requests=others), View()))
    assert "other:0, other:1 and 3 more" in text


def test_a_long_request_keeps_the_spans_that_tell_most() -> None:
    noise = [span(f"a/n{at}/root", at / 100, at / 100 + 0.001, name="noise") for at in range(300)]
    deep = [span("a/w1/root", 1, 9, name="wrap"), chat("a/call/w1", 2, 8, name="the call", stage="decode")]
    engine = engine_of([span("a/root", 0, 10, name="entry"), *noise, *deep])
    lines = span_lines(engine.fetch("staged_spans"), 0)
    assert len(lines) == MOST_LINES
    assert [line.name for line in lines if line.name != "noise"] == ["entry", "wrap", "the call"]
    assert [line.depth for line in lines if line.name != "noise"] == [0, 1, 2]


IDS = [
    chat("abcdef01aa/x", 0, 1),
    chat("abcdef01bb/x", 1, 2),
    chat("123456789a/x", 2, 3),
    *(chat(f"5550001111/x{at}", 3 + at, 4 + at) for at in range(4)),
    *(chat(f"6660001111/x{at}", 9 + at, 10 + at) for at in range(2)),
]


@pytest.mark.parametrize(
    ("asked", "requests", "others"),
    [
        ("abcdef01aa", 1, 0),
        ("ABCDEF01A", 1, 0),
        ("123456789a:x", 1, 0),
        ("666000", 2, 0),  # of a trace with few requests all are meant
        ("555000", 1, 3),  # of one with many the first
        ("5550001111:x2", 1, 3),
    ],
)
def test_an_id_means_the_requests_of_its_trace_or_the_one_of_its_span(
    asked: str, requests: int, others: int
) -> None:
    meant = meant_by(engine_of(IDS), asked, 3)
    assert (len(meant.request_ids), len(meant.others)) == (requests, others)


@pytest.mark.parametrize(
    ("asked", "word"), [("abcdef", "several"), ("abcde", "too short"), ("12", "request_id = 12")]
)
def test_a_beginning_that_fits_several_traces_or_is_too_short_is_refused(asked: str, word: str) -> None:
    with pytest.raises(UsageError) as refused:
        meant_by(engine_of(IDS), asked, 3)
    assert word in str(refused.value)
