"""How do the changes of a class look in the SDK for Python? Lines to copy from, not a program.

In: an interface, its words, the model, the name of the class. Out: text; in capitals what the caller fills in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from costctl.policy.targets.client_apis import Api, Said, Word


def snippet(
    api: Api, words: Sequence[Word], settings: Mapping[str, Said], model: str | None, name: str
) -> str:
    """The client where it is made otherwise, the call where it is, then what stands around it. name: of the class."""
    lines = {
        place: [filled(word, word.line, settings, name) for word in words if word.at == place and word.line]
        for place in ("request", "client", "agent", "application")
    }
    calls = [word.call for word in words if word.call]
    parts = []
    if lines["client"]:
        parts.append(f"client = {api.client}({', '.join([*api.options, *lines['client']])})")
    if lines["request"] or calls or "model" in settings:
        called = "MODEL" if model is None else f'"{model}"'
        asked = [*([f"{api.model}={called}"] if api.model else []), *lines["request"]]
        arguments = "".join(f"\n    {each}," for each in [*asked, "..."]).removesuffix(",") + "\n"
        parts.append((calls or [api.call])[0].replace("{name}", called).replace("{arguments}", arguments))
    return "\n".join([*parts, *lines["agent"], *lines["application"]])


def filled(word: Word, line: str, settings: Mapping[str, Said], name: str) -> str:
    """A line with the word's value and the name of the class."""
    value = settings[next(iter(word.where))]
    retries = value - 1 if isinstance(value, int) else value
    for sign, said in (("{value}", value), ("{retries}", retries), ("{class}", name)):
        line = line.replace(sign, f"{said}")
    return line
