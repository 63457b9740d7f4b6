"""Bifrost's config.json as Bifrost knows it: every field that a file may have, written by hand after
transports/config.schema.json of https://github.com/maximhq/bifrost, read 2026-12-01; and what Bifrost passes over in
silence, such as an expression that does not compile. Its providers of one's own it does not look at at all.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import jsonschema

from tests.policy.kube_schemas import TEXT, fields, items
from tests.policy.validators import said_by, validator

POSITIVE = {"type": "integer", "minimum": 1}
BUILT_IN = ("openai", "anthropic", "bedrock", "azure", "vertex", "gemini", "mistral", "cohere", "groq", "xai")
KEY = fields(
    {"name": TEXT, "weight": {"type": "number", "minimum": 0}, "models": items(TEXT)},
    {
        "value": {"type": "string", "pattern": "^env\\.[A-Z][A-Z0-9_]*$"},
        "bedrock_key_config": fields({"region": TEXT}),
        "azure_key_config": fields({"endpoint": TEXT}),
        "vertex_key_config": fields({"project_id": TEXT, "region": TEXT}, {"auth_credentials": TEXT}),
    },
)
NETWORK = fields(
    {},
    {
        "base_url": {"type": "string", "pattern": "^https?://[a-z0-9.-]+(:[0-9]+)?$"},
        "allow_private_network": {"type": "boolean"},
        "default_request_timeout_in_seconds": POSITIVE,
        "max_retries": {"type": "integer", "minimum": 0},
        "retry_backoff_initial": {"type": "integer", "minimum": 100},
        "retry_backoff_max": {"type": "integer", "minimum": 100},
    },
)
PROVIDER = fields(
    {"keys": items(KEY)},
    {
        "network_config": NETWORK,
        "concurrency_and_buffer_size": fields({"concurrency": POSITIVE, "buffer_size": POSITIVE}),
        "custom_provider_config": fields({"base_provider_type": {"enum": list(BUILT_IN)}}),
    },
)
TARGET = fields(
    {"weight": {"type": "number", "exclusiveMinimum": 0, "maximum": 1}}, {"provider": TEXT, "model": TEXT}
)
RULE = fields(
    {
        "id": TEXT,
        "name": TEXT,
        "targets": items(TARGET),
        "cel_expression": TEXT,
        "priority": {"type": "integer"},
    },
    {
        "description": TEXT,
        "enabled": {"const": True},
        "fallbacks": items({"type": "string", "pattern": "^[^/]+/"}),
        "scope": {"const": "global"},
    },
)
RATE = fields(
    {"id": TEXT},
    {
        "request_max_limit": POSITIVE,
        "request_reset_duration": {"const": "1m"},
        "token_max_limit": POSITIVE,
        "token_reset_duration": {"const": "1m"},
    },
)
MODEL = fields({"id": TEXT, "model_name": TEXT}, {"provider": TEXT, "rate_limit_id": TEXT})
CACHE = fields(
    {"dimension": {"const": 1}},
    {"ttl": POSITIVE, "cache_by_model": {"type": "boolean"}, "cache_by_provider": {"type": "boolean"}},
)
PLUGIN = {
    "oneOf": [
        fields({"enabled": {"const": True}, "name": {"const": "semantic_cache"}, "config": CACHE}),
        fields(
            {
                "enabled": {"const": True},
                "name": {"const": "governance"},
                "config": fields({"is_vk_mandatory": {"type": "boolean"}}),
            }
        ),
    ]
}
CONFIG = fields(
    {
        "$schema": TEXT,
        "version": {"const": 2},
        "source_of_truth": {"const": "config.json"},
        "client": fields({"drop_excess_requests": {"type": "boolean"}}),
        "providers": {"type": "object", "minProperties": 1, "additionalProperties": PROVIDER},
        "governance": fields(
            {"routing_rules": items(RULE)}, {"rate_limits": items(RATE), "model_configs": items(MODEL)}
        ),
        "plugins": items(PLUGIN),
    },
    {
        "vector_store": fields(
            {"enabled": {"const": True}, "type": {"const": "redis"}, "config": fields({"addr": TEXT})}
        )
    },
)

EVALUATE = """
import json, sys
import celpy
environment = celpy.Environment()
found = []
for expression, requests in json.load(sys.stdin):
    try:
        program = environment.program(environment.compile(expression))
    except celpy.CELParseError:
        found.append(None)
        continue
    found.append([bool(program.evaluate(celpy.json_to_cel(request))) for request in requests])
print(json.dumps(found))
"""
Request = Mapping[str, Any]


def evaluated(repository: Path, asked: Sequence[tuple[str, Sequence[Request]]]) -> list[Any]:
    """By expression, whether each request fits it. None for an expression that does not compile."""
    found: list[Any] = json.loads(
        said_by(validator(repository, "bifrost"), EVALUATE, json.dumps(list(asked)))
    )
    return found


def faults(config: Any) -> list[str]:
    """What Bifrost's schema refuses, and what Bifrost takes and then does without."""
    misfits = [error.message for error in jsonschema.Draft202012Validator(CONFIG).iter_errors(config)]
    return misfits or [*_of_rules(config), *_of_limits(config), *_of_providers(config)]


def _of_rules(config: Any) -> Iterator[str]:
    rules = config["governance"]["routing_rules"]
    for part in ("id", "name", "priority"):
        counts = Counter(rule[part] for rule in rules)
        yield from (f"two rules have the {part} {value}" for value, count in counts.items() if count > 1)
    last = max(rules, key=lambda rule: rule["priority"])
    if last["cel_expression"] != "true":
        yield "a call that no rule takes goes wherever its caller says"
    served = {
        (name, model)
        for name, each in config["providers"].items()
        for key in each["keys"]
        for model in key["models"]
    }
    for rule in rules:
        if abs(sum(target["weight"] for target in rule["targets"]) - 1) > 1e-9:
            yield f"the weights of {rule['id']} do not add up to 1"
        asked = [
            (target["provider"], target.get("model", "*"))
            for target in rule["targets"]
            if "provider" in target
        ]
        asked += [
            (name, model or "*")
            for each in rule.get("fallbacks", ())
            for name, _, model in [each.partition("/")]
        ]
        for provider, model in asked:
            if (provider, model) not in served and (provider, "*") not in served:
                yield f"{rule['id']} asks {provider} for a model that it has no key for"


def _of_limits(config: Any) -> Iterator[str]:
    governance = config["governance"]
    ids = [limit["id"] for limit in governance.get("rate_limits", ())]
    for model in governance.get("model_configs", ()):
        if model.get("rate_limit_id") not in ids:
            yield f"{model['id']} names a limit that is not there"
        if model.get("provider") not in config["providers"]:
            yield f"{model['id']} is of a provider that is not there"


def _of_providers(config: Any) -> Iterator[str]:
    names = Counter(key["name"] for each in config["providers"].values() for key in each["keys"])
    yield from (f"two keys are called {name}" for name, count in names.items() if count > 1)
    is_keeping = any(plugin["name"] == "semantic_cache" for plugin in config["plugins"])
    if is_keeping != ("vector_store" in config):
        yield "answers are kept nowhere, or nothing is kept there"
    for name, each in config["providers"].items():
        network = each.get("network_config", {})
        if network.get("retry_backoff_initial", 0) > network.get("retry_backoff_max", 5000):
            yield f"the first wait of {name} is longer than its longest"
