"""A setting that can have no effect is an error, or a warning that names it."""

from __future__ import annotations

from pathlib import Path

import pytest

from costctl import verbs
from costctl.config import load_config
from costctl.errors import UsageError
from costctl.observation import Question
from tests.conftest import unwatched


def question_of(short_question: Question, folder: Path, text: str, rules: str | None = None) -> Question:
    config = folder / "costctl.toml"
    config.write_text(text, encoding="utf-8")
    own = folder / "rules.toml"
    own.write_text(rules or "", encoding="utf-8")
    return Question(store=short_question.store, config=config, rules=own if rules else None)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('[pools.a]\nmodels = ["llama-*"]\n', "pools.a.models"),
        ('[classes.chat]\nallowed_models = ["gpt-4?"]\n', "classes.chat.allowed_models"),
        ('[classes.chat.boundary]\nregions = ["eu-*"]\n', "classes.chat.boundary"),
        ('[[prices.rates]]\nmodel = "llama-*"\ninput = 1.0\n', "prices.rates"),
        ('[prices.aliases]\n"mine-*" = "openai/gpt-4.1"\n', "prices.aliases"),
        ('[bills]\n"gpu-*" = { "2026-11" = 1.0 }\n', "bills"),
    ],
)
def test_a_pattern_where_none_is_read_is_an_error(tmp_path: Path, text: str, names: str) -> None:
    path = tmp_path / "costctl.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=names):
        load_config(path, tmp_path)


def test_a_month_that_is_none_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "costctl.toml"
    path.write_text('[bills]\nopenai = { "2026-13" = 1.0 }\n', encoding="utf-8")
    with pytest.raises(UsageError, match="2026-13"):
        load_config(path, tmp_path)


def test_an_unknown_class_is_an_error_with_the_nearest_name(short_question: Question, tmp_path: Path) -> None:
    question = question_of(short_question, tmp_path, '[classes.chats]\nslo = { e2e_p95 = "5s" }\n')
    with pytest.raises(UsageError, match="chats") as caught:
        verbs.segment(question, unwatched)
    assert caught.value.next_step == "Did you mean chat?"


def test_settings_for_other_rules_are_named_where_rules_are_tried(
    short_question: Question, tmp_path: Path
) -> None:
    rules = '[[rules]]\nname = "all"\nclass = "everything"\n'
    text = '[classes.chat]\nslo = { e2e_p95 = "5s" }\n'
    found = verbs.segment(question_of(short_question, tmp_path, text, rules), unwatched)
    assert any("[classes.chat] has no effect" in warning for warning in found.provenance.warnings)


def test_a_bill_of_nobody_is_an_error_and_one_of_a_provider_is_not(
    short_question: Question, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="gpuu is neither a pool nor a provider"):
        verbs.segment(
            question_of(short_question, tmp_path, "[bills]\ngpuu = { '2026-11' = 1.0 }\n"), unwatched
        )
    text = "[bills]\nopenai = { '2026-11' = 1.0 }\nself_hosted = { '2026-11' = 100.0 }\n"
    analysis = verbs.analyze(question_of(short_question, tmp_path, text), unwatched)
    assert {each.provider: each.calls > 0 for each in analysis.invoices} == {
        "openai": False,
        "self_hosted": True,
    }
    assert all(each.observed_month_ratio < 0.01 for each in analysis.invoices)
    assert analysis.invoices[1].charged_usd is None  # nothing is priced, which is not zero
    assert any("[bills] openai has no effect" in warning for warning in analysis.provenance.warnings)


def test_a_pool_that_takes_no_call_says_what_would_and_what_it_costs(tmp_path: Path) -> None:
    calls = tmp_path / "calls.csv"
    calls.write_text(
        "TIMESTAMP,ContextTokens,GeneratedTokens\n2026-11-03 09:00:00.0,900,40\n2026-11-03 09:00:05.0,700,30\n",
        encoding="utf-8",
    )
    verbs.ingest(verbs.IngestRequest((str(calls),), tmp_path / "calls.duckdb"), unwatched)
    nobody = Question(store=tmp_path / "calls.duckdb")
    question = question_of(nobody, tmp_path, '[pools.chat]\nmodels = ["llama-3.3-70b"]\n')
    assert verbs.analyze(question, unwatched).provenance.warnings == (
        "[pools.chat] has no effect: no model call of these traces matches it. None of them names a model: "
        'leave out models, and match = { operation = "*" } takes every call.',
    )
    paid = '[pools.spare]\nreplicas = 4\nusd_per_replica_hour = 9.0\nmatch = { "service.name" = "spare" }\n'
    (idle,) = verbs.analyze(question_of(nobody, tmp_path, paid), unwatched).provenance.warnings
    assert idle.endswith("If its 4 replicas run, they cost 36.00 USD an hour that no figure here holds.")
    taken = question_of(nobody, tmp_path, '[pools.chat]\nmatch = { operation = "*" }\n')
    assert verbs.analyze(taken, unwatched).provenance.warnings == ()


def test_what_nothing_matches_is_named_in_every_document(short_question: Question, tmp_path: Path) -> None:
    text = (
        '[pools.empty]\nmodels = ["no-such-model"]\n[storage.cellar]\nmatch = { "a" = "b" }\n'
        "[storage.attic]\nusd_per_gb_month = 0.1\n"
        '[tools.saw]\nmatch = { "gen_ai.tool.name" = "saw" }\n[billing.opnai]\ntimeout = "billed"\n'
        '[classes.chat]\nallowed_models = ["llama-3.3-70", "gpt-4.1"]\n'
    )
    question = question_of(short_question, tmp_path, text)
    warnings = verbs.segment(question, unwatched).provenance.warnings
    for name in ("[pools.empty]", "[storage.cellar]", "[tools.saw]", "[billing.opnai]", "llama-3.3-70."[:-1]):
        assert sum(name in warning for warning in warnings) == 1
    assert "Did you mean llama-3.3-70b?" in " ".join(warnings)
    assert "gpt-4.1" not in " ".join(warnings)
    assert "attic" not in " ".join(warnings)  # advice may keep something there
    assert verbs.doctor(question, unwatched).provenance.warnings == warnings
    assert verbs.segment_sessions(question, unwatched).provenance.warnings == warnings
    assert verbs.explain("chat", question, unwatched).provenance.warnings == warnings


def test_the_settings_of_the_sample_have_effect(short_question: Question) -> None:
    assert verbs.segment(short_question, unwatched).provenance.warnings == ()


OWN_REPLICAS = "usd_per_replica_hour = 2.0\ninput_tokens_per_s = 8000\noutput_tokens_per_s = 400\n"
UNITS = "tokens_per_minute = 3000\nusd_per_unit_hour = 1.0\n"


@pytest.mark.parametrize(
    ("text", "said", "next_step"),
    [
        (
            f'[breakeven.llama]\nclasses = ["chats"]\n{OWN_REPLICAS}',
            r"Unknown class chats in \[breakeven.llama\]",
            "Did you mean chat?",
        ),
        (
            f'[commitments.ptu]\nprovider = "opnai"\nmodels = ["gpt-4.1"]\n{UNITS}',
            "commitments.ptu.provider: unknown provider opnai",
            "Did you mean openai?",
        ),
    ],
)
def test_an_offer_for_a_class_or_of_a_provider_that_cannot_be_is_an_error_with_the_nearest_name(
    short_question: Question, tmp_path: Path, text: str, said: str, next_step: str
) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        verbs.segment(question_of(short_question, tmp_path, text), unwatched)
    assert caught.value.next_step == next_step


def test_an_offer_for_what_these_traces_do_not_have_is_named_with_the_nearest_that_they_have(
    short_question: Question, tmp_path: Path
) -> None:
    text = f'[commitments.ptu]\nprovider = "azure"\nmodels = ["llama-3.3-70"]\n{UNITS}'
    question = question_of(short_question, tmp_path, text)
    assert verbs.segment(question, unwatched).provenance.warnings == (
        "commitments.ptu.models: llama-3.3-70 has no effect; no model call of these traces is to it. "
        "Did you mean llama-3.3-70b?",
    )
    rules = '[[rules]]\nname = "all"\nclass = "everything"\n'
    text = f'[breakeven.llama]\nclasses = ["chat"]\n{OWN_REPLICAS}'
    found = verbs.segment(question_of(short_question, tmp_path, text, rules), unwatched)
    assert found.provenance.warnings == (
        "[breakeven.llama] has no effect on chat: no rule assigns that class, and no request is labelled with it.",
    )


def test_a_pool_to_measure_that_is_misspelt_is_an_error_with_the_nearest_name(tmp_path: Path) -> None:
    path = tmp_path / "costctl.toml"
    path.write_text('[pools.gpu-a]\n[breakeven.more]\nclasses = ["chat"]\npool = "gpu-b"\n', encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        load_config(path, tmp_path)
    assert "did you mean gpu-a?" in str(caught.value.why)
