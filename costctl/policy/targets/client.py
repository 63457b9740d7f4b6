"""The callers themselves: a patch of request settings by class and provider, to be reviewed.

In: a policy. Out: an ``Emission``: YAML of the document ``costctl.client/v1``, one entry for each class and provider of
which the policy says how its tokens are bought. What no request can say is for a gateway, and the manifest says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec
import yaml

from costctl.documents.client_patch import SCHEMA_VERSION, ClassPatch, ClientPatch, FieldChange, NotCarried
from costctl.documents.coverage import Consumer, Validator
from costctl.documents.policy import Backend, Policy, PolicyClass
from costctl.levers.bought_from_policy import bought_backends, value_said
from costctl.levers.bought_levers import BOUGHT_LEVERS
from costctl.policy.ledger import Emission, Ledger
from costctl.policy.pointers import policy_digest
from costctl.policy.targets.client_apis import Api, Said, Word, api_of, read_on, words_for
from costctl.policy.targets.client_entries import say_all
from costctl.policy.targets.client_snippet import snippet
from costctl.policy.targets.origin import commented, origin_lines
from costctl.policy.targets.target import Target

FILE_NAME: Final = "client.yaml"
_VALIDATOR: Final = Validator(
    SCHEMA_VERSION,
    "1",
    "hand-schema",
    "That the file keeps to its schema, and that OpenAI's SDK takes the fields of its requests; what other providers "
    "take stands on their pages.",
)


def emit_client(policy: Policy, _backend: str | None) -> Emission:
    """The file."""
    patches = tuple(patches_of(policy))
    document = ClientPatch(
        schema_version=SCHEMA_VERSION,
        policy_id=policy.policy_id,
        policy_digest=policy_digest(policy),
        requests=tuple(patch for _, patch in patches),
    )
    consumer = Consumer("the callers of providers", f"{read_on()}")
    text = _head(policy, document, f"{consumer.name}, by their pages of {read_on()}") + _yaml(document)
    ledger = Ledger(policy)
    say_all(ledger, policy, patches)
    manifest = ledger.manifest(
        consumer=consumer, validator=_VALIDATOR, files={FILE_NAME: text}, conditions=_conditions(document)
    )
    return Emission({FILE_NAME: text}, manifest, FILE_NAME, ((len(patches), "class"),))


def patches_of(policy: Policy) -> Iterator[tuple[int, ClassPatch]]:
    """(number of the class, patch) for each class and backend of which something is said."""
    for number, kind in enumerate(policy.classes):
        settings = settings_said(policy, kind)
        if settings:
            for backend in bought_backends(policy, kind):
                yield number, _patch(policy, kind, backend, settings)


def settings_said(policy: Policy, kind: PolicyClass) -> dict[str, Said]:
    """What a class is bought as, by the names of the levers, in their units."""
    said = {lever.name: value_said(policy, kind, lever) for lever in BOUGHT_LEVERS}
    found = {name: _plain(value) for name, value in said.items() if isinstance(value, int | float | str)}
    if found.get("prompt_cache") in ("5m", "1h"):
        found.setdefault("prompt_cache.until", "conversation")
    return found


def _plain(value: Said) -> Said:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _patch(policy: Policy, kind: PolicyClass, backend: Backend, settings: Mapping[str, Said]) -> ClassPatch:
    api = api_of(backend.provider, backend.model, kind.match.operation[0] if kind.match.operation else None)
    words = words_for(api, backend.provider, settings)
    carrying = [word for word in words if not word.why_not]
    changes = [change for word in carrying for change in _changes(word, settings, kind.request_class)]
    if "model" in settings:
        changes.insert(
            0,
            FieldChange(of="request", field=api.model or "model", settings=("model",), to=settings["model"]),
        )
    asked = kind.match.model[0] if kind.match.model else backend.model
    return ClassPatch(
        id=kind.id,
        request_class=kind.request_class,
        api=api.name,
        provider=backend.provider,
        model=asked,
        calls=kind.calls,
        because=tuple(_reasons(policy, kind, settings)),
        settings=dict(settings),
        changes=tuple(changes),
        not_carried=tuple(_not_carried(api, words, settings)),
        snippet=snippet(api, carrying, settings, backend.model, kind.request_class),
    )


def _reasons(policy: Policy, kind: PolicyClass, settings: Mapping[str, Said]) -> list[str]:
    """What the first piece of evidence of each setting says, each sentence once."""
    facts = {fact.id: fact.statement for fact in policy.evidence}
    pointers = [f"{lever.pointer}/" for lever in BOUGHT_LEVERS if lever.name in settings]
    grounds = [ids[0] for each in pointers for place, ids in kind.why.items() if each.startswith(f"{place}/")]
    return list(dict.fromkeys(facts[each] for each in grounds))


def _changes(word: Word, settings: Mapping[str, Said], name: str) -> Iterator[FieldChange]:
    value = settings[next(iter(word.where))]
    facts: dict[str, Any] = {
        "of": word.at,
        "settings": word.about,
        "is_near": word.is_near,
        "note": word.note or None,
        "source": word.source or None,
        "read_on": None if word.date is None else f"{word.date}",
    }
    for field, to in word.set.items():
        yield FieldChange(field=field, to=_filled(to, value, name), **facts)
    for field in word.leave_out:
        yield FieldChange(field=field, leave_out=True, **facts)


def _filled(to: Any, value: Said, name: str) -> Any:
    """A value with the word's place-holders in it."""
    if isinstance(to, dict):
        return {key: _filled(each, value, name) for key, each in to.items()}
    signs = {"VALUE": value, "CLASS": name, "RETRIES": value - 1 if isinstance(value, int) else value}
    return signs.get(to, to) if isinstance(to, str) else to


def _not_carried(api: Api, words: tuple[Word, ...], settings: Mapping[str, Said]) -> Iterator[NotCarried]:
    """Settings of which the interface says that it has no word, or says nothing."""
    for name in settings:
        about = [word for word in words if name in word.about]
        if name != "model" and all(word.why_not for word in about):
            reason = about[0].why_not if about else f"No word of {api.name} is known for it."
            yield NotCarried(name, reason)


def _head(policy: Policy, document: ClientPatch, consumer: str) -> str:
    lines = [*origin_lines(policy, "client", consumer)]
    if document.requests:
        lines.append(
            "Review: no SDK loads this file. Each entry says what the calls of one class change, and shows it."
        )
    else:
        lines.append("Nothing is to change: the policy says of no class how its tokens are bought.")
    return commented(tuple(lines))


def _conditions(document: ClientPatch) -> tuple[str, ...]:
    if not document.requests:
        return ()
    return (
        "The code that makes the calls of each class takes over the changes of its entry; it knows its class.",
    )


def _as_block(dumper: Any, text: str) -> Any:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


# YAML in which text of several lines stands as it is.
_Dumper: Any = type("_Dumper", (yaml.SafeDumper,), {})
_Dumper.add_representer(str, _as_block)


def _yaml(document: ClientPatch) -> str:
    text: str = yaml.dump(
        msgspec.to_builtins(document), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110
    )
    return text


_KEEPS_NOTHING: Final = "the file is for the callers: it stands in no request's way, and keeps nothing"
TARGET: Final = Target("client", emit_client, form="yaml", keeps_nothing=_KEEPS_NOTHING)
