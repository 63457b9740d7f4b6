"""What does a version of a consumer lack that is installed somewhere? Its settings by the version that brought them.

In: a target, a version, a policy. Out: an ``Emission`` in which what the version lacks is not written, and is said to
be unsupported. Each target has one small table; a version outside of it is refused, with what is known.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from costctl.documents.coverage import (
    Consumer,
    CoverageManifest,
    EmittedFile,
    Entry,
    NotApplicable,
    Unsupported,
)
from costctl.documents.policy import Policy
from costctl.errors import UsageError
from costctl.policy.ledger import Emission, digest_of
from costctl.policy.pointers import policy_digest
from costctl.policy.targets.origin import retold

Emit = Callable[[Policy, str | None], Emission]
Version = tuple[int, ...]
_VERSION: Final = re.compile(r"v?(\d+(?:\.\d+){0,3})(?:[-+.]?[A-Za-z][\w.+-]*)?")
_SERIES: Final = 2  # parts of a version that name a series: 1.40 of 1.40.3


@dataclass(frozen=True, slots=True)
class Since:
    """A setting that a version brought. what: its name.  places: in a policy, with * for any number: what it carries;
    only: where it carries one value alone.  before: how the file is written for older versions, where there is a way.
    source: where that was read.
    """

    version: str
    what: str
    source: str
    places: tuple[str, ...] = ()
    only: str | None = None
    before: Emit | None = None


@dataclass(frozen=True, slots=True)
class Versions:
    """oldest, newest: what is known lies between them, both included.  known_by: how.  settings: those that were not
    there from the beginning.  refused: versions that nobody should run, and why.
    """

    oldest: str
    newest: str
    known_by: str
    settings: tuple[Since, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)


def emission_for(
    emit: Emit, versions: Versions, policy: Policy, backend: str | None, name: str, version: str
) -> Emission:
    """The files for that version of the consumer. name: of the target.

    Raises UsageError where nothing is known of the version, or it must not be run.
    """
    found = _known(versions, version, name)
    later = [each for each in versions.settings if found < _parsed(each.version)]
    written = next((each.before for each in later if each.before is not None), emit)
    whole = written(policy, backend)
    consumer = Consumer(whole.manifest.consumer.name, version.removeprefix("v"))
    lacking = _lacking(policy, later, consumer)
    rest = policy if not lacking else _without(policy, lacking)
    emission = whole if rest is policy else written(rest, backend)
    said = (whole.manifest.consumer, consumer, policy_digest(rest), policy_digest(policy))
    files = {path: retold(text, name, *said) for path, text in emission.files.items()}
    manifest = _manifest(whole.manifest, emission.manifest, lacking, consumer)
    return replace_files(emission, files, manifest)


def replace_files(emission: Emission, files: dict[str, str], manifest: CoverageManifest) -> Emission:
    """The emission with other texts, and the manifest that says so."""
    named = tuple(EmittedFile(name=name, digest=digest_of(text)) for name, text in sorted(files.items()))
    return Emission(files, replace(manifest, files=named), emission.main, emission.contents)


def _manifest(
    whole: CoverageManifest,
    written: CoverageManifest,
    lacking: Mapping[str, str],
    consumer: Consumer,
) -> CoverageManifest:
    """An entry for each value of the whole policy: as it was written, or that the version lacks what carries it."""
    found = {each.pointer: each for each in written.entries}
    entries: list[Entry] = []
    for each in whole.entries:
        reason = next(
            (why for place, why in lacking.items() if f"{each.pointer}/".startswith(f"{place}/")), None
        )
        if reason is not None and not isinstance(each, Unsupported | NotApplicable):
            entries.append(Unsupported(pointer=each.pointer, reason=reason))
        else:
            entries.append(found.get(each.pointer, each))
    return replace(written, policy_digest=whole.policy_digest, consumer=consumer, entries=tuple(entries))


def _lacking(policy: Policy, later: list[Since], consumer: Consumer) -> dict[str, str]:
    """By pointer of what the version cannot carry, why not."""
    found: dict[str, str] = {}
    document = msgspec.to_builtins(policy)
    for setting in later:
        reason = f"{consumer.name} {consumer.version} has no {setting.what}; it is there from {setting.version} on."
        for place in setting.places:
            for pointer, value in _matching(document, place.split("/")[1:], ""):
                if setting.only is None or value == setting.only:
                    found[pointer] = reason
    return found


def _matching(value: Any, parts: list[str], pointer: str) -> Iterator[tuple[str, Any]]:
    """What stands in a document at a place in which * is any number, with its pointer."""
    if not parts:
        yield pointer, value
        return
    part, rest = parts[0], parts[1:]
    if part == "*" and isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from _matching(item, rest, f"{pointer}/{number}")
    elif isinstance(value, dict) and part in value:
        yield from _matching(value[part], rest, f"{pointer}/{part}")


def _without(policy: Policy, pointers: Mapping[str, str]) -> Policy:
    """The policy without what stands there. All of it may be absent."""
    document = msgspec.to_builtins(policy)
    for pointer in pointers:
        *path, last = pointer.split("/")[1:]
        here: Any = document
        for part in path:
            here = here[int(part)] if isinstance(here, list | tuple) else here[part]
        del here[last]
    return msgspec.convert(document, Policy)


def _known(versions: Versions, version: str, name: str) -> Version:
    """The version as numbers. Raises UsageError where it is none, is not known, or is refused."""
    found = _VERSION.fullmatch(version.strip())
    known = f"Known are {versions.oldest} to {versions.newest}: {_said(versions)} {versions.known_by}"
    if found is None:
        raise UsageError(
            f"{version!r} is no version of {name}.",
            why=known,
            next_step="Say it in numbers, such as --consumer-version " + versions.newest + ".",
        )
    numbers = _parsed(found[1])
    if found[1] in versions.refused:
        raise UsageError(
            f"{name} {found[1]} must not be run.",
            why=versions.refused[found[1]],
            next_step=f"Install another, such as {versions.newest}.",
        )
    series = numbers[:_SERIES]
    if not _parsed(versions.oldest)[: len(numbers)] <= numbers or series > _parsed(versions.newest)[:_SERIES]:
        raise UsageError(
            f"Nothing is known of {name} {found[1]}.",
            why=known,
            next_step="Leave --consumer-version out for the file of the newest, and hold it to the check of your own.",
        )
    return numbers


def _said(versions: Versions) -> str:
    """What changed, in words."""
    changes = "; ".join(f"{each.version} brought {each.what}" for each in _by_version(versions))
    return f"{changes}." if changes else "they have every setting that costctl writes."


def _by_version(versions: Versions) -> Iterator[Since]:
    yield from sorted(versions.settings, key=lambda each: _parsed(each.version))


def _parsed(version: str) -> Version:
    return tuple(int(part) for part in version.split("."))
