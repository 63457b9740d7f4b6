"""Each pool is reached at an address of its own: no two names of pools end in one environment variable."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costctl.documents.policy import Backend
from costctl.policy.targets.addresses import host_names
from costctl.policy.targets.litellm_providers import Upstream, upstreams_of, variables_read
from tests.policy.test_litellm_file import bought, own


@pytest.mark.parametrize(
    "names",
    [
        ("gpu-a", "gpu.a"),
        ("gpu-a", "GPU_A"),
        ("пул А", "пул Б"),
        ("a", "a-", "at-a"),
        ("gpu-a", "gpu.a", "gpu_a-2"),
    ],
)
def test_no_two_pools_share_an_address_however_they_are_spelled(names: tuple[str, ...]) -> None:
    variables = addresses(*(own(name, "llama") for name in names))
    assert len(set(variables.values())) == len(names)
    assert all(re.fullmatch("[A-Z_][A-Z0-9_]*_API_BASE", each) for each in variables.values())


def test_a_pool_that_is_added_takes_no_other_pools_address_over() -> None:
    alone, beside = addresses(own("gpu.a", "m")), addresses(own("gpu.a", "m"), own("gpu-a", "m"))
    assert alone["gpu.a"] == "GPU_A_API_BASE"
    assert alone["gpu.a"] not in beside.values()


def test_the_models_of_a_pool_share_its_address() -> None:
    models = [Backend(id=f"gpu.{name}", pool="gpu", model=name) for name in ("a", "b")]
    assert addresses(*models) == {"gpu.a": "GPU_API_BASE", "gpu.b": "GPU_API_BASE"}


def test_a_pool_called_as_a_provider_or_a_model_has_an_address_of_its_own() -> None:
    azure = addresses(own("azure", "m"), bought("azure", "prod"))
    assert azure["azure"] != azure["prod"] == "AZURE_API_BASE"
    both = addresses(own("qwen-", "m"), bought("vllm", "qwen_"))
    assert len(set(both.values())) == len(both)


@given(names=st.lists(st.text("abAB19-_. é", min_size=1, max_size=70), min_size=1, max_size=4, unique=True))
def test_every_pool_is_a_host_of_its_own_by_a_label_of_dns(names: list[str]) -> None:
    hosts = host_names([own(name, "llama") for name in names])
    assert len(set(hosts.values())) == len(names)
    assert all(re.fullmatch("[a-z]([a-z0-9-]{0,42}[a-z0-9])?", each) for each in hosts.values())


def addresses(*backends: Backend) -> dict[str, str]:
    """By id of a backend, the variable that its address is read from."""
    asked = upstreams_of(backends)
    found = {
        name: variables_read(each.params.values())
        for name, each in asked.items()
        if isinstance(each, Upstream)
    }
    return {name: next(each for each in read if each.endswith("API_BASE")) for name, read in found.items()}
