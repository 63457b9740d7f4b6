"""A call tells what data it carries by the attribute of [data]: its own record before its request's."""

from __future__ import annotations

from collections import Counter

from costctl.documents.data_settings import DataBoundary, DataSettings
from costctl.documents.settings import Settings
from costctl.policy.routes import routes_of
from tests.relations.span_rows import chat, engine_of, span

PERSONAL = Settings(
    data=DataSettings(
        attribute="data.classification", classifications={"personal": DataBoundary(jurisdictions=("eu",))}
    )
)


def told(value: str) -> list[tuple[str, str]]:
    return [("data.classification", value)]


SPANS = [
    chat("one/a", 0, 1, provider="openai", model_requested="gpt-5", attributes=told("personal")),
    span("two/a", 2, 5, attributes=told("personal")),
    chat("two/b/a", 2, 3, provider="openai", model_requested="gpt-5"),
    chat("two/c/a", 3, 4, provider="openai", model_requested="gpt-5", attributes=told("public")),
    chat("three/a", 6, 7, provider="openai", model_requested="gpt-5"),
]


def test_its_own_record_goes_before_its_request_and_nothing_is_guessed() -> None:
    calls = engine_of(SPANS, PERSONAL).fetch("call_route").sort("start_ns", "call_id")
    assert calls["data_classification"].to_list() == ["personal", "personal", "public", None]


def test_calls_of_one_class_that_carry_other_data_are_another_route() -> None:
    routes = routes_of(engine_of(SPANS, PERSONAL).fetch("route_use"), PERSONAL)
    every = [each for of_class in routes.by_class.values() for each in of_class]
    assert {each.names for each in every} == {("gpt-5",)}
    assert Counter(each.data for each in every for _ in range(sum(each.calls.values()))) == {
        "personal": 2,
        "public": 1,
        None: 1,
    }


def test_without_an_attribute_in_the_settings_no_call_tells_anything() -> None:
    assert engine_of(SPANS).fetch("call_route")["data_classification"].is_null().all()


def test_an_attribute_that_is_read_into_a_column_tells_it_too() -> None:
    spans = [chat("one/a", 0, 1, provider="openai", model_requested="gpt-5", data_classification="personal")]
    calls = engine_of(spans, PERSONAL).fetch("call_route")
    assert calls["data_classification"].to_list() == ["personal"]
