"""``costctl recommend``: the first screen says what to change and what it saves; one is opened by number or id."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from costctl import verbs
from costctl.documents.recommendations import Recommendation, Recommendations
from costctl.errors import UsageError
from costctl.observation import Question
from costctl.render.cells import plain, usd_range
from costctl.render.document import rendered
from costctl.render.forms import TabularFormat
from costctl.render.recommendation_screen import screen, shown_screen
from costctl.render.recommendations import sections
from costctl.render.sections import Facts, Notes, Section, Table
from costctl.render.view import View
from tests.cli.first_screens import MOST_LINES, terminal
from tests.conftest import unwatched
from tests.synth.written_shop import small_shop_in


@pytest.fixture(scope="module")
def document(sample_question: Question) -> Recommendations:
    return verbs.recommend(sample_question, unwatched)


@pytest.fixture(scope="module")
def bought(tmp_path_factory: pytest.TempPathFactory) -> Recommendations:
    return verbs.recommend(small_shop_in(tmp_path_factory.mktemp("shop"))[2], unwatched)


def facts(sections: list[Section]) -> dict[str, str]:
    return {
        label: said for each in sections if isinstance(each, Facts) for label, said in each.lines if label
    }


def first_line(sections: list[Section]) -> str:
    assert isinstance(sections[0], Facts)
    return sections[0].lines[0][1]


def test_the_figures_on_the_screen_are_those_of_the_document(document: Recommendations) -> None:
    (table,) = (each for each in screen(document, View()) if isinstance(each, Table))
    assert len(table.rows) == len(document.made)
    for number, (row, advice) in enumerate(zip(table.rows, document.made, strict=True), 1):
        assert row[0] == str(number)
        assert plain(row[2]) == plain(usd_range(advice.cash_usd))
        assert plain(row[3]) == plain(usd_range(advice.freed_usd))
        assert advice.latency is not None
        assert advice.latency in advice.effects
    assert document.joint is not None
    assert str(usd_range(document.joint.freed_usd)) in first_line(screen(document, View()))


def test_what_is_idle_adds_up_pool_by_pool(document: Recommendations) -> None:
    baseline = document.baseline
    assert baseline.idle_usd == pytest.approx(sum(each.idle_usd or 0.0 for each in baseline.pools))
    assert baseline.idle_ratio == pytest.approx((baseline.idle_usd or 0.0) / (baseline.usd or 1.0))
    idle = [each.idle_usd for each in baseline.pools]
    assert idle == sorted(idle, reverse=True)


def test_everything_that_is_withheld_is_counted_once_and_told_with_verbose(document: Recommendations) -> None:
    withheld = [each for each in document.recommendations if each.status == "withheld"]
    ways = ("ruled_out", "too_few", "needs_input", "not_applicable")
    assert sorted(each.id for each in withheld) == sorted(
        each.id for way in ways for each in document.withheld(way)
    )
    assert all(each.missing for each in document.withheld("needs_input"))
    assert all(each.withheld_as is None for each in document.made)
    told = [
        line
        for each in screen(document, View(verbose=True))
        if isinstance(each, Notes)
        for line in each.lines
    ]
    assert all(any(each.reason in line for line in told) for each in withheld)
    brief = screen(document, View())
    assert not any(isinstance(each, Notes) for each in brief)
    assert facts(brief)["Ruled out"].startswith(f"{len(document.withheld('ruled_out'))} options")
    assert "pools.llm-economy.enable_prefix_caching" in facts(brief)["Needs input"]


def test_without_a_change_the_first_line_says_so(document: Recommendations) -> None:
    none = replace(document, recommendations=document.withheld("ruled_out"), joint=None)
    found = screen(none, View())
    assert first_line(found).startswith("No change to recommend: none of ")
    assert "recommend --verbose" in facts(found)["Next"]


def test_without_anything_to_try_no_number_of_options_is_told(document: Recommendations) -> None:
    apart = document.withheld("not_applicable")
    (ruled_out, *_) = document.withheld("ruled_out")
    said = {
        count: first_line(screen(replace(document, recommendations=advice, joint=None), View()))
        for count, advice in ((0, apart), (1, (ruled_out, *apart)))
    }
    assert said[0].startswith("No change to recommend: no option could be tried. Bill ")
    assert said[1].startswith("No change to recommend: the one option saves nothing for certain. Bill ")


def test_of_what_is_bought_nothing_is_said_of_capacity(
    bought: Recommendations, document: Recommendations
) -> None:
    for shown, is_freed in ((bought, False), (document, True)):
        one = replace(shown, recommendations=shown.made[:1])
        said = facts(shown_screen(one, View()))["Saves"]
        assert ("capacity freed" in said) == is_freed
        detail = rendered(one, TabularFormat.TABLE, sections, lambda _: "")
        assert ("capacity freed" in detail) == is_freed


def test_figures_of_less_than_a_day_say_so_once(document: Recommendations) -> None:
    said = [said for each in screen(document, View()) if isinstance(each, Facts) for _, said in each.lines]
    assert sum("--extrapolate" in line for line in said) == 1


def test_a_number_and_an_id_open_the_same_one(sample_question: Question, document: Recommendations) -> None:
    by_number = verbs.recommend(sample_question, unwatched, "1")
    assert by_number.recommendations == document.made[:1]
    assert (
        verbs.recommend(sample_question, unwatched, document.made[0].id).recommendations == document.made[:1]
    )
    found = facts(shown_screen(by_number, View()))
    assert {"Saves", "Why", "Hold-out period", "Evidence", "Assumes", "To undo", "Replay", "Next"} <= set(
        found
    )
    assert "--set class.classification.pool=llm-economy" in found["Next"]


def test_an_id_that_is_not_there_is_answered_with_those_that_are(sample_question: Question) -> None:
    with pytest.raises(UsageError) as refused:
        verbs.recommend(sample_question, unwatched, "9")
    assert "1 tier_placement.classification.llm-economy" in refused.value.why
    assert "queue_limit.chat" in refused.value.why


def test_who_buys_tokens_is_told_what_can_be_saved_and_what_must_be_declared_first(
    bought: Recommendations,
) -> None:
    assert bought.baseline.bought_usd == pytest.approx(bought.baseline.usd)
    found = screen(bought, View())
    assert first_line(found).startswith("Saves ")
    made, candidates = (each for each in found if isinstance(each, Table))
    assert [row[1].partition(":")[0] for row in made.texts()] == [each.request_class for each in bought.made]
    assert "faq: answer repeats from a cache, for 24 h" in [row[1] for row in made.texts()]
    assert "(quality is not tested)" in [row[2] for row in candidates.texts()]
    said = " ".join(line for each in found if isinstance(each, Facts) for _, line in each.lines)
    assert "No pool is configured" not in said
    assert "none declared" in facts(found)["Own pools"]


def test_many_changes_and_many_candidates_of_long_names_fit_one_screen(bought: Recommendations) -> None:
    advice = [longer(each, copy) for copy in range(8) for each in (*bought.made, *bought.candidates)]
    many = replace(bought, recommendations=tuple(sorted(advice, key=lambda each: each.status, reverse=True)))
    assert min(len(many.made), len(many.candidates)) > 6
    with terminal(80):
        text = rendered(
            many, TabularFormat.TABLE, lambda shown: screen(shown, View()), lambda _: "", is_brief=True
        )
    assert len(text.splitlines()) <= MOST_LINES
    assert text.count("more: --detail") == 2


def longer(advice: Recommendation, copy: int) -> Recommendation:
    """The same, of a class with a long name."""
    name = f"customer-support-assistant-{copy}"
    whose = advice.request_class or ""
    return replace(
        advice,
        id=f"{advice.id}.{copy}",
        request_class=name,
        missing=tuple(each.replace(f"classes.{whose}.", f"classes.{name}.") for each in advice.missing),
    )
