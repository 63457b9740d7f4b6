"""Reads files as ``vllm-sr config validate`` does: JSON texts in, by name; out, by name, why a file is refused, empty
where it is not. Runs in the environment that has vllm-sr.

What the command takes without a word is looked at by hand: names given twice, kinds of subjects, ports, times, and
limits of requests, which the router itself refuses, or drops, when it starts.
"""

import json
import re
import sys
import tempfile
from pathlib import Path

import yaml
from cli.commands.validate import _provider_projection_errors
from cli.parser import parse_user_config
from cli.validator import validate_user_config

yaml.SafeLoader = yaml.CSafeLoader  # its catalogue of models takes ten seconds otherwise
DURATION = re.compile(r"[0-9]+(\.[0-9]+)?(ms|s|m|h)")


def faults_by_hand(config):
    """What the router would stumble over, or take for nothing."""
    for listener in config["listeners"]:
        if not 1 <= listener["port"] <= 65535:
            yield "there is no such port"
        if not DURATION.fullmatch(listener.get("timeout", "300s")):
            yield "a time-out is no duration"
    for routing in [config["routing"], *(recipe["routing"] for recipe in config.get("recipes", []))]:
        yield from routing_faults(routing)
    for provider in config["global"]["services"].get("ratelimit", {}).get("providers", []):
        if provider["type"] != "local-limiter":
            yield "there is no such limiter"
        yield from (fault for rule in provider["rules"] for fault in rule_faults(rule))


def routing_faults(routing):
    names = [each["name"] for each in routing["decisions"]]
    if len(set(names)) < len(names):
        yield "two decisions have one name"
    if any(not each.get("modelRefs") for each in routing["decisions"]):
        yield "a decision has no model"
    bindings = routing.get("signals", {}).get("role_bindings", [])
    if len({each["name"] for each in bindings}) < len(bindings):
        yield "two bindings have one name"
    for binding in bindings:
        if any(
            each["kind"] not in ("User", "Group") or not each["name"].strip() for each in binding["subjects"]
        ):
            yield "a subject is neither a user nor a group"


def rule_faults(rule):
    if rule["unit"] not in ("second", "minute", "hour", "day"):
        yield "there is no such unit"
    if any(rule.get(name, 1) < 1 for name in ("requests_per_unit", "tokens_per_unit")):
        yield "a limit is below 1"


def why_refused(text, folder):
    """The reason, or nothing."""
    path = folder / "config.yaml"
    path.write_text(text)
    try:
        config = parse_user_config(str(path), log_summary=False)
        errors = validate_user_config(config, log_summary=False) or _provider_projection_errors(config)
        faults = [str(each) for each in errors] or list(faults_by_hand(yaml.safe_load(text)))
    except Exception as refused:
        return f"{type(refused).__name__}: {refused}"
    return "; ".join(faults)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        answers = {key: why_refused(text, Path(name)) for key, text in json.load(sys.stdin).items()}
    sys.stdout.write(json.dumps(answers))
