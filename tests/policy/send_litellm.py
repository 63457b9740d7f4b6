"""Run by LiteLLM's own Python: loads configurations of a proxy, and shows what would go to providers; nothing is sent.

In: YAML on stdin, a document for each configuration. Out: a line of JSON for each: ``sent``, by group and tag the path
and the body of the request, which are absent where LiteLLM cannot make it without credentials; and ``kept``, for how
many seconds the answer of a group is kept, where answers are.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import time
from collections.abc import Iterator
from typing import Any
from unittest import mock

import httpx
import litellm
import yaml
from litellm.caching.caching import Cache

MESSAGES = [
    {"role": "system", "content": "a"},
    {"role": "user", "content": "b"},
    {"role": "assistant", "content": "c"},
    {"role": "user", "content": "d"},
]


class NothingIsSentError(httpx.ConnectError):
    """In the place of an answer."""


def questions(config: dict[str, Any]) -> Iterator[tuple[str, str | None, bool]]:
    """(group, tag, whether it embeds), each once."""
    seen = set()
    for each in config["model_list"]:
        for tag in each["litellm_params"].get("tags", [None]):
            asked = (each["model_name"], None if tag == "default" else tag)
            if asked not in seen:
                seen.add(asked)
                yield (*asked, each["model_info"].get("mode") == "embedding")


async def sent(router: Any, group: str, tag: str | None, embeds: bool) -> dict[str, Any]:
    """The request that LiteLLM makes. Without an answer it raises what it likes, after that."""
    caught: dict[str, Any] = {}

    async def send(_client: Any, request: httpx.Request, **_options: Any) -> None:
        caught.update(path=request.url.path, body=json.loads(request.read()))
        raise NothingIsSentError("nothing is sent")

    facts: dict[str, Any] = {"metadata": {"tags": [tag]}} if tag else {}
    with mock.patch("httpx.AsyncClient.send", send), contextlib.suppress(Exception):
        if embeds:
            await router.aembedding(model=group, input=["a"], **facts)
        else:
            await router.acompletion(model=group, messages=MESSAGES, **facts)
    return {"group": group, "tag": tag, **caught}


async def kept(router: Any, asked: list[tuple[str, str | None, bool]]) -> dict[str, int]:
    """By group, for how many seconds its answer is kept."""
    found: dict[str, int] = {}
    for group, tag, embeds in asked:
        before = dict(litellm.cache.cache.ttl_dict)
        facts: dict[str, Any] = {"metadata": {"tags": [tag]}} if tag else {}
        if embeds:
            await router.aembedding(model=group, input=[group], mock_response=[0.5], **facts)
        else:
            messages = [{"role": "user", "content": group}]
            await router.acompletion(model=group, messages=messages, mock_response="b", **facts)
        await asyncio.sleep(0.2)
        for until in (
            litellm.cache.cache.ttl_dict[key] for key in litellm.cache.cache.ttl_dict.keys() - before
        ):
            found[group] = round(until - time.time())
    return found


def set_variables(config: dict[str, Any]) -> None:
    """A value for each variable that the configuration reads."""
    values = {
        "AWS_REGION_NAME": "us-east-1",
        "AZURE_API_BASE": "https://localhost",
        "AZURE_API_VERSION": "2025-01-01",
    }
    for each in config["model_list"]:
        for value in each["litellm_params"].values():
            name = str(value).removeprefix("os.environ/")
            os.environ.setdefault(name, values.get(name, "x"))
    os.environ.update(AWS_ACCESS_KEY_ID="x", AWS_SECRET_ACCESS_KEY="x")


async def ask(config: dict[str, Any]) -> dict[str, Any]:
    """Ask everything."""
    set_variables(config)
    settings = {**config["router_settings"], "num_retries": 0, "disable_cooldowns": True}
    router = litellm.Router(model_list=config["model_list"], **settings)
    asked = list(questions(config))
    found: dict[str, Any] = {"sent": [await sent(router, *each) for each in asked]}
    if "litellm_settings" in config:
        litellm.cache = Cache(**config["litellm_settings"]["cache_params"])
        found["kept"] = await kept(router, asked)
    return found


if __name__ == "__main__":
    for each in yaml.safe_load_all(sys.stdin):
        sys.stdout.write(json.dumps(asyncio.run(ask(each))) + "\n")
