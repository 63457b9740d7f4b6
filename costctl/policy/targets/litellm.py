"""LiteLLM: the proxy's config.yaml.

In: a policy. Out: an ``Emission``. Clients go on asking for the names that they ask for today: each is a model group,
its deployments are the backends that the policy places its classes on. LiteLLM has no queue of bounded length, and
orders its own waiting only by a number that the request carries.
https://docs.litellm.ai/docs/proxy/config_settings
"""

from __future__ import annotations

from typing import Final

from costctl.documents.coverage import Consumer, Validator
from costctl.documents.policy import Policy
from costctl.errors import InputError, NotEnoughDataError
from costctl.policy.ledger import Emission, Ledger
from costctl.policy.mislabelled import require_all_within
from costctl.policy.targets.engine_order import order_told_condition
from costctl.policy.targets.litellm_bought import answer_settings, logging_settings
from costctl.policy.targets.litellm_checks import faults_in
from costctl.policy.targets.litellm_deployments import Yaml, deployments_of, lane_told, planned_deployments
from costctl.policy.targets.litellm_entries import say_all
from costctl.policy.targets.litellm_groups import Layout, layout_of
from costctl.policy.targets.litellm_merge import MERGE
from costctl.policy.targets.litellm_providers import variables_read
from costctl.policy.targets.litellm_router import LONGEST_WAIT_S, group_sticks, router_settings, router_wait_s
from costctl.policy.targets.litellm_text import file_text
from costctl.policy.targets.target import Target
from costctl.policy.targets.versions import Since, Versions

FILE_NAME: Final = "litellm.yaml"
VERSION: Final = "1.103.7"  # 1.82.7 and 1.82.8 were malicious releases; 1.107 was withdrawn
_CONSUMER: Final = Consumer("LiteLLM", VERSION)
_VALIDATOR: Final = Validator(
    "litellm.Router",
    VERSION,
    "real-code",
    "That the router loads the file, and that every group and every tag answers a mocked call through a deployment "
    "that the policy names; not that keys and addresses are right.",
)


def emit_litellm(policy: Policy, _backend: str | None) -> Emission:
    """The file.

    Raises InfeasibleError where it could not keep a class within a required data boundary, NotEnoughDataError where
    LiteLLM can ask none of the backends, InputError for a policy of which LiteLLM would refuse the file.
    """
    require_all_within(policy, "LiteLLM", "a caller may ask for any group by name")
    layout = layout_of(policy)
    _require_groups(layout)
    deployments = deployments_of(layout)
    router = router_settings(layout)
    _require_accepted(deployments, router)
    answers = {
        **answer_settings(kind for group in layout.groups for kind in group.kinds),
        **logging_settings(policy.classes),
    }
    settings = {"router_settings": router, "litellm_settings": answers}
    text = file_text(layout, deployments, settings, f"LiteLLM {VERSION}")
    ledger = Ledger(policy)
    say_all(ledger, layout, deployments)
    manifest = ledger.manifest(
        consumer=_CONSUMER,
        validator=_VALIDATOR,
        files={FILE_NAME: text},
        conditions=_conditions(layout, deployments),
    )
    names = {each["model_name"] for each in deployments}
    contents = ((len(names), "model group"), (len(deployments), "deployment"))
    return Emission({FILE_NAME: text}, manifest, FILE_NAME, contents)


def _require_groups(layout: Layout) -> None:
    if not layout.groups:
        raise NotEnoughDataError(
            "LiteLLM can ask none of the policy's backends.",
            why=" ".join(sorted(set(layout.left_out.values()))),
            next_step="Record gen_ai.provider.name (`costctl doctor` says how), or set provider of each backend in the "
            "policy that --target policy writes, and emit it with --policy FILE.",
        )


def _require_accepted(deployments: list[dict[str, object]], router: dict[str, object]) -> None:
    faults = faults_in({"model_list": deployments, "router_settings": router})
    if faults:
        raise InputError(
            "LiteLLM would refuse the file: nothing was written.",
            why=" ".join(faults),
            next_step="Change the backends or the names in the policy, and emit it with --policy FILE.",
        )


def _conditions(layout: Layout, deployments: list[Yaml]) -> tuple[str, ...]:
    """What must be so where the proxy runs."""
    variables = variables_read(value for each in deployments for value in each["litellm_params"].values())
    found = [f"These variables are set where the proxy runs: {', '.join(variables)}."] if variables else []
    if layout.is_tagged:
        found.append(
            "The edge sets the header x-litellm-tags to the class of each request, and strips what clients send."
        )
    told = {each.backend.id for each in planned_deployments(layout) if lane_told(layout, each) is not None}
    found += order_told_condition(sorted(told))
    sticky = [group.name for group in layout.groups if group_sticks(group)]
    if sticky:
        found.append(
            "Each application has a key of its own: calls of one key go to one deployment of "
            f"{', '.join(sticky)} for as long as it calls."
        )
    wait_s = router_wait_s(layout)
    if wait_s is not None and wait_s > LONGEST_WAIT_S:
        found.append(
            f"MAX_RETRY_DELAY is {wait_s} or more where the proxy runs: else waits end after {LONGEST_WAIT_S} s."
        )
    return tuple(found)


VERSIONS: Final = Versions(
    oldest="1.60.0",
    newest=VERSION,
    known_by="Names of settings were looked for in released packages.",
    settings=(
        Since(
            "1.66.3",
            "cache_control_injection_points",
            "packages litellm 1.66.0 and 1.66.3, read 2026-12-01",
            ("/classes/*/prompt_cache",),
        ),
        Since(
            "1.82.6",
            "model_group_affinity_config",
            "packages litellm 1.82.5 and 1.82.6, read 2026-12-01; https://github.com/BerriAI/litellm/pull/24110",
            ("/classes/*/affinity",),
            only="prefix",
        ),
    ),
    refused={
        "1.82.7": "It was a malicious release.",
        "1.82.8": "It was a malicious release.",
    },
)

_KEEPS_NOTHING: Final = (
    "turn_off_message_logging, and no cache but of the answers of classes that may be kept"
)

TARGET: Final = Target(
    "litellm", emit_litellm, form="yaml", merging=MERGE, versions=VERSIONS, keeps_nothing=_KEEPS_NOTHING
)
