"""An answer that is computed once, and found the next time that the same is asked of the same.

In: an observation, and the function that makes a document of it. Out: the document, kept beside the store.
docs/explanation/decisions/0019-kept-answers.md
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import msgspec

from costctl.basis import digest_of
from costctl.observation import Observation
from costctl.progress import Progress
from costctl.store import kept

Document = TypeVar("Document", bound=msgspec.Struct)
Asked = ParamSpec("Asked")


def kept_or_made(
    observation: Observation,
    progress: Progress,
    kind: type[Document],
    make: Callable[Concatenate[Observation, Progress, Asked], Document],
    *asked: Asked.args,
    **named: Asked.kwargs,
) -> Document:
    """The document that ``make`` gives. kind: its struct.  asked, named: what else ``make`` is asked; plain values.

    A document is kept only if reading it again gives the very bytes that it is printed as, so that nobody can tell a
    kept one from a fresh one.
    """
    return found_or_made(
        observation.store,
        progress,
        kind,
        [observation.basis, make.__module__, make.__qualname__, asked, named],
        lambda: make(observation, progress, *asked, **named),
    )


def found_or_made(
    store: Path | None, progress: Progress, kind: type[Document], rests_on: Any, make: Callable[[], Document]
) -> Document:
    """The same of an answer that rests on more than one observation. store: that it is kept beside, nowhere if None.
    rests_on: all that it depends on, plain values.
    """
    if store is None:
        return make()
    key = digest_of(rests_on)
    found = kept.read(store, key)
    if found is not None:
        progress("Nothing has changed since this was computed", None)
        return msgspec.msgpack.decode(found, type=kind)
    document = make()
    packed = msgspec.msgpack.encode(document)
    if msgspec.json.encode(msgspec.msgpack.decode(packed, type=kind)) == msgspec.json.encode(document):
        kept.write(store, key, packed)
    return document
