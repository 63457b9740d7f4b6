"""No text that people or models said is in the store, whatever its key and wherever it stands; names are."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from costctl.documents.settings import Pool, Privacy, Settings
from costctl.engine.asked_cuts import attributes_of
from costctl.ingest import loader
from costctl.ingest.content import Sort, sort_of
from costctl.ingest.dialect import shipped_dialects
from costctl.ingest.discretion import Discretion, discretion_for
from costctl.store.database import open_store
from tests.ingest.one_trace import (
    SPANS,
    Span,
    as_jaeger,
    as_langfuse,
    as_logs,
    as_otlp,
    as_phoenix_rows,
    as_sdk,
    as_zipkin,
    logs_message,
)
from tests.ingest.otlp_exports import as_message, pair
from tests.oracles.kept_slow import kept_slowly

SECRET = "swordfish"
ONE_WORD = (
    "prompt", "completion", "message", "messages", "litellm.messages", "my.custom.prompt", "userInput", "model_output",
    "app.final_answer", "user.question", "rag.query", "tool.args", "http.request.body.text", "system_instructions",
    "chat.history", "metadata", "llm.metadata", "tags", "langfuse.trace.tags", "session.title", "ticket.summary",
    "doc.context", "gen_ai.user.email", "db.password", "client.secret", "auth.token", "x_api_key", "openai.apiKey",
    "http.cookie", "authorization", "app.details", "review.comment", "agent.thought", "llm.reasoning", "url.query",
    "prompt.template",
)  # fmt: skip
AS_A_SENTENCE = (
    "app.x",
    "note2",
    "llm.stop",
    "gen_ai.request.stop_sequences",
    "feature.flag",
    "any.key.at.all",
    "step",
)
NESTED = {
    "metadata.extra": {"a": {"deep": [f"{SECRET} one"]}},
    "app.list": [SECRET, f"my {SECRET}"],
    "app.json": json.dumps({"user_input": SECRET}),
    "url.full": f"https://user:{SECRET}@host/v1/chat?q={SECRET}#{SECRET}",
    "http.target": f"/v1/chat?q={SECRET}",
    "app.key": f"sk-proj-{SECRET}",
    f"what is {SECRET}": 1,
}


def planted() -> dict[str, Any]:
    """More than forty attributes that hold the secret."""
    said = f"my password is {SECRET}, do not tell anyone"
    return {
        **dict.fromkeys(ONE_WORD, SECRET),
        **dict.fromkeys(AS_A_SENTENCE, said),
        "team.name": f"{said} {said}",
        "error.type": f"ValueError: {said}",
        **NESTED,
    }


def everywhere(export: dict[str, Any]) -> dict[str, Any]:
    """The secret in events, links, status, emitters and scopes as well."""
    pairs = [pair(key, value) for key, value in planted().items()]
    for resource in export["resourceSpans"]:
        resource.setdefault("resource", {}).setdefault("attributes", []).extend(pairs)
        for scope in resource["scopeSpans"]:
            scope["scope"] = {"name": "mine", "attributes": pairs}
            for span in scope["spans"]:
                span["events"] = [
                    {"name": SECRET, "timeUnixNano": span["endTimeUnixNano"], "attributes": pairs}
                ]
                span["links"] = [{"traceId": "1" * 32, "spanId": "2" * 16, "attributes": pairs}]
                span["status"] = {"code": 2, "message": SECRET}
    return export


def lines(make: Callable[[tuple[Span, ...]], Any]) -> Callable[[tuple[Span, ...]], bytes]:
    return lambda spans: json.dumps(make(spans)).encode()


def langfuse_with_metadata(spans: tuple[Span, ...]) -> dict[str, Any]:
    document = as_langfuse(spans)
    for observation in document["observations"]:
        observation["metadata"] = planted() | {"attributes": planted()}
        observation |= {"input": {"q": SECRET}, "output": SECRET, "statusMessage": SECRET}
    return document


FORMS: dict[str, tuple[str, Callable[[tuple[Span, ...]], bytes]]] = {
    "otlp": ("json", lambda spans: json.dumps(everywhere(as_otlp(spans))).encode()),
    "otlp_protobuf": ("pb", lambda spans: as_message(everywhere(as_otlp(spans)))),
    "logs": ("json", lines(as_logs)),
    "logs_protobuf": ("pb", lambda spans: logs_message(as_logs(spans))),
    "jaeger": ("json", lines(as_jaeger)),
    "zipkin": ("json", lines(as_zipkin)),
    "sdk": ("json", lines(as_sdk)),
    "phoenix": (
        "json",
        lambda spans: "".join(json.dumps(row) + "\n" for row in as_phoenix_rows(spans)).encode(),
    ),
    "langfuse": ("json", lines(langfuse_with_metadata)),
}


def loaded(folder: Path, data: bytes, ending: str, discretion: Discretion | None = None) -> Path:
    store, file = folder / "s.duckdb", folder / f"a.{ending}"
    file.write_bytes(data)
    with open_store(store) as connection:
        (report,) = loader.ingest(connection, [str(file)], loader.reader_for(discretion=discretion))
    assert report.spans >= 2
    return store


def kept(folder: Path, attributes: dict[str, Any], discretion: Discretion | None = None) -> dict[str, str]:
    """What the store has of the attributes of one span."""
    span = replace(SPANS[0], said=attributes)
    store = loaded(folder, json.dumps(as_otlp((span, SPANS[2]))).encode(), "json", discretion)
    with duckdb.connect(str(store), read_only=True) as connection:
        query = "SELECT attributes FROM spans WHERE span_id = ?"
        ((found,),) = connection.execute(query, [span.span_id]).fetchall()
    return dict(found)


@pytest.mark.parametrize("form", FORMS)
def test_no_secret_is_in_the_bytes_of_the_store(form: str, tmp_path: Path) -> None:
    spans = tuple(replace(span, said=span.said | planted()) for span in SPANS)
    ending, write = FORMS[form]
    data = write(spans)
    assert len(planted()) > 40
    assert data.count(SECRET.encode()) > 40
    assert SECRET.encode() not in loaded(tmp_path, data, ending).read_bytes()


@pytest.mark.parametrize("name", [dialect.name for dialect in shipped_dialects()])
def test_no_dialect_keeps_a_sentence(name: str, tmp_path: Path) -> None:
    """Under each key that a dialect marks, reads or knows as a prompt, beside what makes its spans calls."""
    (dialect,) = (each for each in shipped_dialects() if each.name == name)
    prompt = dialect.prompt
    rules = [rule for keys in (prompt.tools, prompt.system, prompt.messages) for rule in keys]
    keys = {*dialect.marks, *(rule if isinstance(rule, str) else rule.key for rule in rules)}
    said = {key.replace("*", "x.y"): f"my {SECRET} is\nnobody's business" for key in keys}
    spans = tuple(replace(span, said=said | span.said) for span in SPANS)
    store = loaded(tmp_path, json.dumps(as_otlp(spans)).encode(), "json")
    assert SECRET.encode() not in store.read_bytes()


def test_a_name_a_number_and_an_identifier_stay_as_they_are(tmp_path: Path) -> None:
    named = {
        "team.name": "Claims handling, Leeds",
        "deployment.environment": "prod",
        "app.version": "2.1.0-rc.1",
        "aws.arn": "arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.anthropic",
        "k8s.pod.name": "llm-premium-7d9f4b6c4-xk2lp",
        "prompt.id": "support-v3",
        "llm.temperature": "0.7",
        "order.usd": "12.50",
        "x.empty": "",
    }
    assert kept(tmp_path, named | {"prompt.length": 12, "app.is_trial": True}) == named | {
        "prompt.length": "12",
        "app.is_trial": "true",
    }


def test_of_a_url_stay_scheme_host_and_path(tmp_path: Path) -> None:
    found = kept(
        tmp_path,
        {
            "url.full": "https://me:pw@api.example.com:8443/v1/chat?q=my+question#part",
            "http.target": "/v1/chat?user=me",
            "db.url": "postgresql://me:pw@db.internal/orders",
        },
    )
    assert found == {
        "url.full": "https://api.example.com:8443/v1/chat",
        "http.target": "/v1/chat",
        "db.url": "postgresql://db.internal/orders",
    }


def test_what_is_not_kept_can_still_be_told_apart(tmp_path: Path) -> None:
    found = kept(tmp_path, {"app.a": "one two", "app.b": "one two", "app.c": "one three"})
    assert found["app.a"] == found["app.b"] != found["app.c"]
    assert found["app.a"].startswith("sha256:")
    assert len(found["app.a"]) == len("sha256:") + 16


def test_keys_of_objects_that_hold_what_was_said_are_not_kept_either(tmp_path: Path) -> None:
    found = kept(
        tmp_path, {f"note.messages.0.{SECRET}": "x", "note.messages.0.content": "x", f"step.{SECRET}": "x"}
    )
    assert {key.replace(SECRET, "…") for key in found} == {
        "note.messages.0.sha256:b9f195c5cc7ef6af",
        "note.messages.0.content",
        "step.…",  # no word of it says that it is of what was said
    }


def test_a_user_keeps_the_attributes_that_they_name(tmp_path: Path) -> None:
    settings = Settings(
        privacy=Privacy(keep_attributes=("app.*",)), pools={"gpu": Pool(match={"rack": "left *"})}
    )
    said = {
        "app.intent": "wants money back, and soon",
        "rack": "left of the door, at the window",
        "other": "a b",
    }
    found = kept(tmp_path, said, discretion_for(settings))
    assert {key: found[key] for key in ("app.intent", "rack")} == {
        key: said[key] for key in ("app.intent", "rack")
    }
    assert found["other"].startswith("sha256:")


def test_a_pool_that_matches_by_content_does_not_make_it_kept() -> None:
    settings = Settings(pools={"gpu": Pool(match={"gen_ai.input.messages": "*", "rack": "*"})})
    assert discretion_for(settings).keys == ("rack",)


@pytest.mark.parametrize("cut", ("team", "key", "route"))
def test_every_attribute_that_a_cut_reads_may_be_a_name(cut: str) -> None:
    assert {sort_of(key) for key in attributes_of(cut)} == {Sort.NAME}


@pytest.mark.parametrize(
    ("key", "text", "shown"),
    [
        ("app.x", "gold", "gold"),
        ("app.x", "two words", None),
        ("app.name", "two words", "two words"),
        ("app.name", "one two three four five six", None),
        ("app.name", "jo@example.com", None),
        ("x.tokens", "12", "12"),
        ("x.tokens", "twelve", None),
        ("x", "https://h/p?q=1", "https://h/p"),
        ("prompt.version", "3", "3"),
        ("prompt", "3", None),
        ("x", "q" * 129, None),
        ("x", "我的密码", None),
    ],
)
def test_the_rule_by_example(key: str, text: str, shown: str | None, tmp_path: Path) -> None:
    found = kept(tmp_path, {key: text})[key]
    assert kept_slowly(key, text) == shown
    assert found == shown if shown is not None else found.startswith("sha256:")
