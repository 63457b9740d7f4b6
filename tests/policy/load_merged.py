"""Run by LiteLLM's own Python: loads configurations of a proxy, and asks every group of some deployments, mocked.

In: JSON on stdin, texts of YAML and the groups to ask. Out: one line of JSON for each: by group, what answered.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import litellm
import yaml


async def answers(config: dict[str, Any], groups: list[str]) -> dict[str, str]:
    """By group, the model of the deployment that answers."""
    router = litellm.Router(model_list=config["model_list"], **config["router_settings"])
    models = {each["model_info"]["id"]: each["litellm_params"]["model"] for each in router.model_list}
    found = {}
    for group in groups:
        message = {"role": "user", "content": "a"}
        answer = await router.acompletion(model=group, messages=[message], mock_response="b")
        found[group] = models[answer._hidden_params["model_id"]]
    return found


async def main(asked: dict[str, Any]) -> None:
    """Each text."""
    for text in asked["texts"]:
        sys.stdout.write(json.dumps(await answers(yaml.safe_load(text), asked["groups"])) + "\n")


if __name__ == "__main__":
    asyncio.run(main(json.load(sys.stdin)))
