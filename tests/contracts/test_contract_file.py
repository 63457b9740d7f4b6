"""The file of a contract: written as TOML or JSON and read again, and what is wrong with one."""

from __future__ import annotations

import json
import tomllib

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from costctl.contracts.draft import contract_of
from costctl.contracts.reading import contract_from_text
from costctl.documents.contract import Contract, Drafted, Interface, Success, Timeout
from costctl.documents.schemas import schema_for
from costctl.errors import InputError
from costctl.render.contract_file import as_json, as_toml
from tests.contracts.interface_worlds import World, uses_in


@pytest.fixture(scope="module")
def contract() -> Contract:
    return contract_of(
        uses_in(World(requests=120), 1), Drafted("test", 120, "2026-11-20T10:00:00Z", None, ("ab",))
    )


def test_both_forms_say_the_same_and_keep_to_the_schema(contract: Contract) -> None:
    for text in (as_toml(contract), as_json(contract)):
        assert contract_from_text(text, "contracts") == contract
    jsonschema.validate(json.loads(as_json(contract)), schema_for("contract"))
    jsonschema.validate(tomllib.loads(as_toml(contract)), schema_for("contract"))
    assert as_toml(contract).startswith("# What each interface keeps to")


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_a_name_that_is_anything_is_read_again(name: str) -> None:
    named = Interface("tool", "tool", None, name, note=name, success=Success("measured", 9, 1, 1, {name: 1}))
    contract = Contract("costctl.contract/v1", Drafted("test", 9), (named,))
    for text in (as_toml(contract), as_json(contract)):
        assert contract_from_text(text, "contracts") == contract


def test_a_person_may_write_no_more_than_what_they_declare() -> None:
    text = """
        schema_version = "costctl.contract/v1"
        [drafted]
        costctl_version = "by hand"
        requests = 0
        [[interfaces]]
        kind = "tool"
        stage = "tool"
        name = "refund"
        timeout = {basis = "declared", value_s = 2.5}
    """
    read = contract_from_text(text, "contracts.toml")
    assert read.interfaces == (Interface("tool", "tool", None, "refund", timeout=Timeout("declared", 2.5)),)


def twice(contract: Contract) -> Contract:
    return replace(contract, interfaces=contract.interfaces * 2)


def empty(contract: Contract) -> Contract:
    return replace(contract, interfaces=(replace(contract.interfaces[0], timeout=Timeout("declared")),))


def miscounted(contract: Contract) -> Contract:
    broken = Success("measured", samples=1, broken=2)
    return replace(contract, interfaces=(replace(contract.interfaces[0], success=broken),))


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (twice, "stands in it 2 times"),
        (empty, "declares no timeout.value_s"),
        (miscounted, "success.broken than samples"),
    ],
    ids=["twice", "empty", "miscounted"],
)
def test_what_a_schema_cannot_say_is_checked(contract: Contract, fault: object, said: str) -> None:
    assert callable(fault)
    with pytest.raises(InputError) as caught:
        contract_from_text(as_toml(fault(contract)), "contracts.toml")
    assert said in caught.value.why


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "x = ",
        '{"schema_version": "costctl.contract/v2"}',
        "[1]",
        'schema_version = "costctl.contract/v1"',
    ],
)
def test_what_is_no_contract_is_refused_in_words(text: str) -> None:
    with pytest.raises(InputError, match=r"contracts.toml cannot be read as a contract"):
        contract_from_text(text, "contracts.toml")


def test_an_unknown_key_is_named(contract: Contract) -> None:
    changed = as_toml(contract).replace('kind = "', 'kindd = "', 1)
    with pytest.raises(InputError) as caught:
        contract_from_text(changed, "contracts.toml")
    assert "kindd" in caught.value.why or "kind" in caught.value.why
