"""How ``vllm serve --config`` reads its file, by hand after vLLM 0.33: what a file comes to, or why it is refused.

The file becomes a command line (``FlexibleArgumentParser.load_config_file``), which argparse reads; then the bounds of
``SchedulerConfig`` are checked. Of the arguments those are here that say how requests are scheduled, named and cached.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from typing import Any, NoReturn

import yaml

LEAST = {
    "max_num_batched_tokens": 1,
    "max_num_seqs": 1,
    "max_num_active_seqs": 1,
    "max_num_queued_reqs": 0,
    "max_num_queued_tokens": 0,
    "long_prefill_token_threshold": 0,
}
FEWEST_BATCHED_TOKENS = 2048  # that a server takes by itself on most accelerators


class RefusedError(Exception):
    """vLLM would not start with the file."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise RefusedError(message)


def arguments_read(text: str) -> dict[str, Any]:
    """The arguments that the file sets, by vLLM's names. Raises RefusedError."""
    config = yaml.safe_load(text)
    if not isinstance(config, dict):
        raise RefusedError("the file is no map")
    return command_line_read(_command_line(config))


def command_line_read(words: Sequence[str]) -> dict[str, Any]:
    """The arguments of a command line, by vLLM's names. Raises RefusedError."""
    found = vars(_parser().parse_args(words))
    for name, least in LEAST.items():
        if found.get(name) is not None and found[name] < least:
            raise RefusedError(f"{name} is below {least}")
    if found.get("max_num_seqs", 0) > found.get("max_num_batched_tokens", FEWEST_BATCHED_TOKENS):
        raise RefusedError("max_num_batched_tokens must be greater than or equal to max_num_seqs")
    return found


def _command_line(config: dict[str, Any]) -> list[str]:
    words: list[str] = []
    for key, value in config.items():
        match value:
            case bool():
                words += [f"--{key}" if value else f"--no-{key}"]
            case list():
                words += [f"--{key}", *map(str, value)] if value else []
            case dict():
                words += [f"--{key}", json.dumps(value)]
            case _:
                words += [f"--{key}", str(value)]
    return words


def _parser() -> _Parser:
    parser = _Parser(argument_default=argparse.SUPPRESS, allow_abbrev=False, add_help=False)
    parser.add_argument("--model")
    parser.add_argument("--served-model-name", nargs="+")
    parser.add_argument("--override-generation-config", type=json.loads)
    parser.add_argument("--kv-events-config", type=json.loads)
    parser.add_argument("--scheduling-policy", choices=("fcfs", "priority"))
    for name in LEAST:
        parser.add_argument(f"--{name.replace('_', '-')}", type=int)
    for name in ("enable-prefix-caching", "enable-chunked-prefill"):
        parser.add_argument(f"--{name}", action=argparse.BooleanOptionalAction)
    return parser
