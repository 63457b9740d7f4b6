"""An answer that is computed once, and found the next time that the same is asked of the same.

In: an observation, and the function that makes a document of it. Out: the document, kept beside the store.
docs/explanation/decisions/0019-kept-answers.md
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

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
    if observation.store is None:
        return make(observation, progress, *asked, **named)
    key = digest_of([observation.basis, make.__module__, make.__qualname__, asked, named])
    found = kept.read(observation.store, key)
    if found is not None:
        progress("Nothing has changed since this was computed", None)
        return msgspec.msgpack.decode(found, type=kind)
    document = make(observation, progress, *asked, **named)
    packed = msgspec.msgpack.encode(document)
    if msgspec.json.encode(msgspec.msgpack.decode(packed, type=kind)) == msgspec.json.encode(document):
        kept.write(observation.store, key, packed)
    return document
