"""Reads deployments as Dynamo does: JSON in, by name the command line of a front end and the policy of its router; out,
by name, why they are refused, empty where they are not. Runs in the environment that has Dynamo.

Dynamo looks at the parameters of a selection of workers when a router starts; here they are looked at by hand.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

import yaml
from dynamo.frontend.frontend_args import FrontendArgGroup, FrontendConfig
from dynamo.llm import KvRouterConfig

COSTS = {
    "overlap_score_credit",
    "overlap_score_credit_decay",
    "prefill_load_scale",
    "decode_active_request_weight",
}


class RefusedError(Exception):
    """Dynamo would not start."""


class Parser(argparse.ArgumentParser):
    def error(self, message):
        raise RefusedError(message)


def require_read(words, policy, folder):
    """Raise where the front end does not take its command line, or the router its policy."""
    if policy is not None:
        path = folder / "policy.yaml"
        path.write_text(policy)
        words = [str(path) if word.endswith(".yaml") else word for word in words]
        require_costs(yaml.safe_load(policy))
    parser = Parser(allow_abbrev=False)
    FrontendArgGroup().add_arguments(parser)
    config = FrontendConfig.from_cli_args(parser.parse_args(words))
    config.validate()
    if policy is not None and config.router_policy_config != str(path):
        raise RefusedError("the router is not told of its policy")
    KvRouterConfig(**config.kv_router_kwargs())


def require_costs(policy):
    """The parameters of the selections of workers."""
    for instance in policy.get("worker_selection", {}).get("instances", []):
        if instance["type"] != "dynamo-default-cost-fn":
            raise RefusedError(f"there is no selection {instance['type']}")
        for name, value in instance["parameters"].items():
            if name not in COSTS or not isinstance(value, float) or value < 0:
                raise RefusedError(f"{name} is not a cost")


def why_refused(asked, folder):
    try:
        require_read(asked["words"], asked["policy"], folder)
    except Exception as refused:
        return f"{type(refused).__name__}: {refused}"
    return ""


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        answers = {key: why_refused(asked, Path(name)) for key, asked in json.load(sys.stdin).items()}
    sys.stdout.write(json.dumps(answers))
