"""What Dynamo makes of deployments: its own code of the router and the front end, Kubernetes' own schema of pods, the
rest by hand after the types of its operator (nvidia.com/v1beta1, read 2026-12-01).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema

from costctl.policy.targets.kube_text import read_documents
from tests.policy.kube_schemas import TEXT, fields, items, kind, said_by_kubernetes
from tests.policy.validators import said_by, validator
from tests.policy.vllm_serve import RefusedError, command_line_read

COMPONENT = fields(
    {
        "name": {"type": "string", "pattern": r"^[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?$", "maxLength": 63},
        "type": {"enum": ["frontend", "worker"]},
        "podTemplate": fields({"spec": {"type": "object"}}),
    },
    {"replicas": {"type": "integer", "minimum": 0}},
)
DEPLOYMENT = kind(
    "nvidia.com/v1beta1",
    "DynamoGraphDeployment",
    spec=fields(
        {"backendFramework": {"enum": ["sglang", "vllm", "trtllm"]}, "components": items(COMPONENT, most=25)}
    ),
)
POLICY_FILE = kind("v1", "ConfigMap", data=fields({"router-policy.yaml": TEXT}))
KINDS = {"DynamoGraphDeployment": DEPLOYMENT, "ConfigMap": POLICY_FILE}


class Deployment:
    """A file, as it is written: its objects, and what each container is told."""

    def __init__(self, text: str) -> None:
        self.policy = _policy_text(text)
        self.objects = read_documents(text)

    @property
    def graph(self) -> dict[str, Any]:
        """The only DynamoGraphDeployment."""
        (found,) = (each for each in self.objects.values() if each["kind"] == "DynamoGraphDeployment")
        return found

    def pod(self, component: str) -> dict[str, Any]:
        """What the pods of a component are made of."""
        (found,) = (each for each in self.graph["spec"]["components"] if each["name"] == component)
        return found["podTemplate"]["spec"]

    def words(self, component: str) -> list[str]:
        """The command line of a component, after its program."""
        (container,) = self.pod(component)["containers"]
        return container.get("args", [])

    def router(self) -> dict[str, Any]:
        """What the router is told."""
        (found,) = (each for each in self.objects.values() if each["kind"] == "ConfigMap")
        return found["data"]["router-policy.yaml"]


def _policy_text(text: str) -> str | None:
    """The policy of the router, as a file of its own."""
    begin = text.find("  router-policy.yaml: |\n")
    if begin < 0:
        return None
    lines = text[begin:].split("\n---\n")[0].splitlines()[1:]
    return "\n".join(line.removeprefix("    ") for line in lines) + "\n"


def why_refused(repository: Path, texts: Mapping[str, str]) -> dict[str, str]:
    """By name, what is wrong with a file; empty where nothing is. Dynamo and Kubernetes are asked once for all."""
    read = {name: Deployment(text) for name, text in texts.items()}
    sound = {name: "; ".join(_misfits(each)) for name, each in read.items()}
    asked = [name for name, reason in sound.items() if not reason]
    told = {name: {"words": read[name].words("frontend"), "policy": read[name].policy} for name in asked}
    program = Path(__file__).with_name("ask_dynamo.py")
    by_dynamo = json.loads(said_by(validator(repository, "dynamo"), program, json.dumps(told)))
    pods = [(name, _template(read[name].pod(part))) for name in asked for part in ("frontend", "worker")]
    by_kubernetes = said_by_kubernetes(repository, [pod for _, pod in pods])
    for (name, _), reason in zip(pods, by_kubernetes, strict=True):
        sound[name] += reason
    return {name: reason + by_dynamo.get(name, "") for name, reason in sound.items()}


def _template(spec: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "PodTemplate",
        "metadata": {"name": "any"},
        "template": {"spec": spec},
    }


def _misfits(deployment: Deployment) -> Iterator[str]:
    for name, each in deployment.objects.items():
        plain = {**each, "data": {"router-policy.yaml": deployment.policy}} if "data" in each else each
        schema = KINDS.get(each.get("kind", ""), {"not": {}})
        for error in jsonschema.Draft202012Validator(schema).iter_errors(plain):
            yield f"{name}: {error.message}"
            return
    names = [each["name"] for each in deployment.graph["spec"]["components"]]
    if sorted(names) != ["frontend", "worker"]:
        yield f"the components are {names}"
        return
    yield from _dangling(deployment)
    try:
        command_line_read(deployment.words("worker"))
    except RefusedError as refused:
        yield f"worker: {refused}"


def _dangling(deployment: Deployment) -> Iterator[str]:
    """Names that refer to what is not there."""
    pod = deployment.pod("frontend")
    there = {each["metadata"]["name"] for each in deployment.objects.values() if each["kind"] == "ConfigMap"}
    wanted = {each["configMap"]["name"] for each in pod.get("volumes", [])}
    if wanted != there:
        yield f"the policy of the router is {there}, and {wanted} is mounted"
    mounts = {each["name"]: each["mountPath"] for each in pod["containers"][0].get("volumeMounts", [])}
    if set(mounts) != {each["name"] for each in pod.get("volumes", [])}:
        yield "a volume that is mounted is not there"
    paths = {f"{path}/router-policy.yaml" for path in mounts.values()}
    if {word for word in deployment.words("frontend") if word.endswith(".yaml")} != paths:
        yield "the router is told of another file"
