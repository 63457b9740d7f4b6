"""Run by LiteLLM's own Python: proxies' configurations in its router, with real routing and mocked answers.

In: JSON on stdin, {"what": arguments} for each of the functions of ``SHOWS``, each argument list a run. Out: a line of
JSON, by what was asked the list of what was seen. Nothing is sent: whatever LiteLLM would send is answered here.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import sys
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import httpx
import litellm
import yaml
from litellm.litellm_core_utils.logging_worker import GLOBAL_LOGGING_WORKER
from litellm.router_utils.cooldown_handlers import _async_get_cooldown_deployments
from litellm.types.router import LiteLLM_Params
from litellm.types.utils import all_litellm_params
from send_litellm import set_variables

SEED = 20_261_201
# What it would write down of each request, which costs more than to route it.
LOGGING = "litellm.litellm_core_utils.litellm_logging"
UNWRITTEN = {
    "traceback.format_exc": lambda *_, **__: "",
    f"{LOGGING}.Logging.async_success_handler": mock.AsyncMock(),
    f"{LOGGING}.StandardLoggingPayloadSetup.get_error_information": lambda *_, **__: {},
}
FAILING = 0.25  # of the attempts
ANSWER = litellm.acompletion
ROUND = 50  # requests of one router: its cool-downs would last longer than the run
FAILURES = {
    "error": "litellm.InternalServerError",
    "overload": "litellm.RateLimitError",
    "context_window": "litellm.ContextWindowExceededError",
    "content_policy": None,
    "timeout": None,
}
KNOWN = {
    *LiteLLM_Params.model_fields,
    *all_litellm_params,
    *litellm.OPENAI_CHAT_COMPLETION_PARAMS,
    "cache_control_injection_points",  # of a hook: integrations/anthropic_cache_control_hook.py
}


def router_of(config: dict[str, Any]) -> litellm.Router:
    """A router that knows nothing of those before it, and waits for nobody."""
    litellm.callbacks.clear()
    router = litellm.Router(model_list=config["model_list"], **config.get("router_settings", {}))
    router._time_to_sleep_before_retry = lambda *_args, **_facts: 0
    return router


def failing(cause: str, model: str) -> dict[str, Any]:
    """What mocks an answer that fails."""
    if cause == "content_policy":
        return {"mock_response": litellm.ContentPolicyViolationError("refused", model, "openai")}
    if cause == "timeout":
        return {"mock_response": litellm.Timeout("slow", model, "openai")}
    return {"mock_response": FAILURES[cause]}


@dataclass
class Providers:
    """Those that fail at random. attempts: by id of a deployment, how often it was sent something.  moved: from which
    group to which, and on what failure, a request went on.  asked: the group that is asked now.  failed: by what the
    latest attempt for it did; empty where by nothing.
    """

    draw: random.Random
    attempts: Counter[str] = field(default_factory=Counter)
    moved: set[tuple[str, str, str]] = field(default_factory=set)
    asked: str = ""
    failed: str = ""

    def begin(self, group: str) -> None:
        self.asked, self.failed = group, ""

    async def answer(self, **facts: Any) -> Any:
        """In the place of litellm.acompletion, which answers as it is told."""
        group = facts["metadata"]["model_group"]
        self.attempts[facts["model_info"]["id"]] += 1
        if self.failed and group != self.asked:
            self.moved.add((self.asked, group, self.failed))
        self.failed = self.draw.choice(sorted(FAILURES)) if self.draw.random() < FAILING else ""
        mocked = failing(self.failed, facts["model"]) if self.failed else {"mock_response": "a"}
        return await ANSWER(**{**facts, **mocked})


async def residency(text: str, count: int) -> dict[str, Any]:
    """Requests at random, with tags that are right, wrong and missing, to deployments that fail at random.

    Out: ``attempts`` and ``moved`` of the providers; ``cooled``: ids that rested; ``answered``: how many requests were.
    """
    config, draw = yaml.safe_load(text), random.Random(SEED)
    set_variables(config)
    providers, cooled, answered = Providers(draw), set(), 0
    groups = sorted({each["model_name"] for each in config["model_list"]})
    tags = sorted({tag for each in config["model_list"] for tag in each["litellm_params"].get("tags", ())})
    with contextlib.ExitStack() as stack:
        for name, instead in UNWRITTEN.items():
            stack.enter_context(mock.patch(name, instead))
        stack.enter_context(mock.patch("litellm.acompletion", providers.answer))
        router = router_of(config)
        for number in range(1, count + 1):
            router = router if number % ROUND else router_of(config)
            providers.begin(draw.choice(groups))
            tag = draw.choice([*tags, "unheard-of", None])
            facts = {"metadata": {"tags": [tag]}} if tag else {}
            with contextlib.suppress(Exception):
                await router.acompletion(providers.asked, [{"role": "user", "content": "a"}], **facts)
                answered += 1
            cooled.update(await _async_get_cooldown_deployments(router, parent_otel_span=None))
    return {
        "attempts": providers.attempts,
        "moved": sorted(providers.moved),
        "cooled": sorted(cooled),
        "answered": answered,
    }


async def answered_by(text: str, requests: list[dict[str, Any]]) -> list[str]:
    """By which deployment each of the requests was answered, one after the other; what went wrong where none did."""
    config = yaml.safe_load(text)
    set_variables(config)
    router, found = router_of(config), []
    for each in requests:
        try:
            answer = await router.acompletion(**each, mock_response="a")
            found.append(answer._hidden_params["model_id"])
        except Exception as error:
            found.append(str(error))
        await GLOBAL_LOGGING_WORKER.flush()  # where it learns who answered
    return found


async def headers(text: str, requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The headers and the body that each of the requests is sent with, the first time."""
    config, found = yaml.safe_load(text), []
    set_variables(config)
    for each in config["model_list"]:
        each["litellm_params"]["api_base"] = "http://localhost:1/v1"
    once = {**config["router_settings"], "num_retries": 0, "disable_cooldowns": True}
    router = router_of({**config, "router_settings": once})

    async def send(_client: Any, request: httpx.Request, **_options: Any) -> None:
        found[-1].append({"headers": dict(request.headers), "body": json.loads(request.read())})
        raise httpx.ConnectError("nothing is sent")

    for each in requests:
        found.append([])
        with mock.patch("httpx.AsyncClient.send", send), contextlib.suppress(Exception):
            await router.acompletion(**each)
    return [sent[0] for sent in found]


async def refusal(text: str) -> str:
    """Why LiteLLM does not take a configuration, or does not know a word in it; empty where it takes all of it."""
    try:
        config = yaml.safe_load(text)
        router_of(config)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    unknown = {word for each in config["model_list"] for word in set(each["litellm_params"]) - KNOWN}
    return f"unknown: {', '.join(sorted(unknown))}" if unknown else ""


SHOWS = {each.__name__: each for each in (residency, answered_by, headers, refusal)}


async def main(asked: dict[str, list[list[Any]]]) -> dict[str, list[Any]]:
    """Everything that is asked, in order."""
    return {name: [await SHOWS[name](*arguments) for arguments in runs] for name, runs in asked.items()}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(main(json.load(sys.stdin)))) + "\n")
