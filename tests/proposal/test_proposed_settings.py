"""What traces suggest is TOML that loads, whatever names they hold, and changes no byte of a file that is there."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from costctl.config import parsed_config
from costctl.documents.settings import Settings
from costctl.proposal.blocks import duration_text
from costctl.proposal.found import Found, FoundClass, FoundModel, FoundPool
from costctl.proposal.merged import Merged, merged
from costctl.units import duration_s

names = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=12)
seconds = st.none() | st.floats(0, 1e5)
pools = st.builds(
    FoundPool,
    name=names,
    is_named=st.booleans(),
    models=st.lists(names, max_size=2).map(tuple),
    replicas=st.integers(0, 9),
    region=st.none() | names,
    calls=st.integers(1, 10**6),
    priced_calls=st.integers(0, 1),
)
classes = st.builds(
    FoundClass,
    name=names,
    requests=st.integers(1, 10**6),
    e2e_p95_s=seconds,
    ttft_p95_s=seconds,
    models=st.lists(names, max_size=2).map(tuple),
)
models = st.builds(
    FoundModel,
    provider=st.none() | names,
    name=names,
    calls=st.integers(1, 10**6),
    priced_calls=st.integers(0, 1),
)


def unique(items: st.SearchStrategy) -> st.SearchStrategy:
    return st.lists(items, max_size=3, unique_by=lambda each: each.name).map(tuple)


founds = st.builds(
    Found,
    requests=st.integers(0, 10**6),
    first_ns=st.none() | st.integers(0, 2 * 10**18),
    last_ns=st.none() | st.integers(0, 2 * 10**18),
    pools=unique(pools),
    classes=unique(classes),
    models=unique(models),
    unpriced=unique(models),
    tenants=st.lists(st.tuples(names, st.integers(1, 99)), max_size=2).map(tuple),
)
FEW = Found(
    requests=7,
    first_ns=0,
    last_ns=None,
    pools=(FoundPool("gpu", False, ("llama",), 2, "eu", 5, 0), FoundPool("relay", False, ("gpt-4o",), 1, None, 9, 9)),
    classes=(FoundClass("chat", 7, 3.41, None, ("llama",)),),
    models=(),
    unpriced=(FoundModel("acme", "m1", 4, 0),),
    tenants=(),
)  # fmt: skip


def settings_of(text: str) -> Settings:
    return parsed_config(Path("costctl.toml"), text.encode()).settings


def suggested(found: Found, text: str = "") -> Merged:
    return merged(text, settings_of(text), found)


@given(founds)
def test_a_new_file_loads_and_declares_the_pools_that_serve_calls(found: Found) -> None:
    declared = settings_of(suggested(found).text)
    assert set(declared.pools) == {pool.name for pool in found.pools if not pool.priced_calls}
    assert all(pool.usd_per_replica_hour is None for pool in declared.pools.values())
    assert declared == Settings(pools=declared.pools)


@given(founds)
@example(Found(1, None, None, (), (FoundClass("a\x85b\u2028c", 1, None, None, ()),), (), (), ()))
def test_a_second_time_adds_nothing(found: Found) -> None:
    once = suggested(found)
    assert suggested(found, once.text) == Merged(once.text, ())


@given(
    founds,
    st.sampled_from(["", "\n", "# mine", "# mine\n\n", "[classes.x]  # one\r\npriority = 1 # two\r\n"]),
)
def test_what_is_there_stays_as_it_is(found: Found, text: str) -> None:
    whole = suggested(found, text).text
    assert whole.startswith(text)
    assert settings_of(whole).classes == settings_of(text).classes


@given(founds)
def test_every_line_behind_a_sign_that_has_no_question_mark_can_be_put_in_force(found: Found) -> None:
    seen = Found(found.requests, None, None, (), found.classes, (), (), ())
    lines = [
        line
        for line in suggested(seen).text.split("\n")
        if re.match(r"# (\[classes\.|slo = |allowed)", line) and 'e2e_p95 = "?"' not in line
    ]
    declared = settings_of("\n".join(line[2:] for line in lines)).classes
    assert {name: slo(each.slo.e2e_p95_s) for name, each in declared.items()} == {
        each.name: slo(None if each.e2e_p95_s is None else duration_s(duration_text(each.e2e_p95_s)))
        for each in found.classes
    }


def slo(value: float | None) -> str:
    return f"{value:.6g}" if value is not None else "none"


@given(st.floats(1e-3, 1e6))
def test_a_proposed_objective_is_met_by_what_was_observed_and_little_above_it(observed_s: float) -> None:
    assert observed_s * (1 - 1e-6) <= duration_s(duration_text(observed_s)) <= observed_s * 1.11 + 1e-3


def test_a_table_or_a_line_that_is_there_is_not_proposed_again() -> None:
    text = "[pools.gpu]\nusd_per_replica_hour = 3.0\n# [classes.chat]\n"
    added = suggested(FEW, text).added
    assert [(block.kind, block.name) for block in added] == [("pool", "relay"), ("rate", "m1")]
    assert settings_of(suggested(FEW, text).text).pools["gpu"].usd_per_replica_hour == 3.0


def test_a_service_whose_calls_have_a_token_price_is_no_pool_until_its_owner_says_so() -> None:
    text = suggested(FEW).text
    assert [*settings_of(text).pools] == ["gpu"]
    assert '# [pools.relay]\n# match = { "service.name" = "relay" }\n' in text


def test_no_price_is_ever_proposed() -> None:
    for line in suggested(FEW).text.splitlines():
        assert not re.search(r"(usd\w*|input|output) = [\d.]", line)


@pytest.mark.parametrize("text", ["a = ?", "usd_per_replica_hour = ?"])
def test_a_question_mark_that_is_put_in_force_is_an_error_of_its_line(text: str) -> None:
    with pytest.raises(tomllib.TOMLDecodeError, match="line 1"):
        tomllib.loads(text)
