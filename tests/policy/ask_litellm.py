"""Run by LiteLLM's own Python: loads a proxy's configuration and asks every group, mocked, without and with each tag.

In: YAML on stdin. Out: one line of JSON for each question: group, tag, id and model of the deployment that answered.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any
from unittest import mock

import litellm
import yaml


async def ask(router: Any, group: str, tag: str | None, mode: str | None) -> str:
    """The id of the deployment that answers."""
    facts: dict[str, Any] = {"metadata": {"tags": [tag]}} if tag else {}
    if mode == "embedding":
        answer = await router.aembedding(model=group, input=["a"], mock_response=[0.5], **facts)
    elif mode == "rerank":
        answer = await router.arerank(model=group, query="a", documents=["b"], **facts)
    else:
        answer = await router.acompletion(
            model=group, messages=[{"role": "user", "content": "a"}], mock_response="b", **facts
        )
    return str(answer._hidden_params["model_id"])


async def main(config: dict[str, Any]) -> None:
    """Ask everything."""
    router = litellm.Router(model_list=config["model_list"], **config["router_settings"])
    for asked in [
        *dict.fromkeys(each["model_name"] for each in config["model_list"]),
        *router.model_group_alias,
    ]:
        group = router.model_group_alias.get(asked, asked)
        mine = [each for each in config["model_list"] if each["model_name"] == group]
        tags = {tag for each in mine for tag in each["litellm_params"].get("tags", ())}
        mode = mine[0]["model_info"].get("mode")
        for tag in [None, "unheard-of", *sorted(tags - {"default"})]:
            answered = await ask(router, asked, tag, mode)
            sys.stdout.write(json.dumps({"asked": asked, "tag": tag, "id": answered}) + "\n")


async def reranked(**asked: Any) -> Any:
    """Stands for litellm.arerank, which has no mocked answer of its own."""
    answer = litellm.RerankResponse(id="r", results=[{"index": 0, "relevance_score": 1.0}])
    answer._hidden_params["model_id"] = asked["model_info"]["id"]
    return answer


if __name__ == "__main__":
    with mock.patch("litellm.arerank", reranked):
        asyncio.run(main(yaml.safe_load(sys.stdin)))
