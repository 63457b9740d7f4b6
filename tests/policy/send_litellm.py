"""Run by LiteLLM's own Python: loads a proxy's configuration, and shows what would go to the provider; nothing is sent.

In: YAML on stdin. Out: one line of JSON for each group and tag: group, tag, path of the address, body of the request;
then one with the answers that would be kept after each group was asked: by group, for how many seconds, rounded.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
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


async def main(config: dict[str, Any]) -> None:
    """Ask everything."""
    router = litellm.Router(model_list=config["model_list"], num_retries=0, **config["router_settings"])
    asked = list(questions(config))
    for each in asked:
        sys.stdout.write(json.dumps(await sent(router, *each)) + "\n")
    if "litellm_settings" in config:
        litellm.cache = Cache(**config["litellm_settings"]["cache_params"])
        sys.stdout.write(json.dumps(await kept(router, asked)) + "\n")


if __name__ == "__main__":
    asyncio.run(main(yaml.safe_load(sys.stdin)))
