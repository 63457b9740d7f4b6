"""costctl.client/v1: what the callers of each class change in their requests, by class and provider.

A patch to review, not a file that an SDK loads: each change says where it is set and which page of the provider says
so, and the snippet shows it in the SDK for Python.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from costctl.documents.policy import Digest, Id, Text

SCHEMA_VERSION: Final = "costctl.client/v1"

Json = (
    str
    | int
    | float
    | bool
    | dict[str, str | int | float | bool]
    | tuple[str | int | float | bool, ...]
    | None
)


ChangedIn = Literal["request", "client", "batch", "agent", "application"]


class FieldChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One field. of: the request, the SDK's client, what calls are sent together in, an agent framework, or the
    application around the calls.

    field: a path; [-1] is the last of a list, [*] each, [+] one more.  to: its value; absent where ``leave_out``: the
    request has the field no longer.  settings: that it is of.  is_near: it does something near, which the note says.
    source, read_on: the page that says so.
    """

    of: ChangedIn
    field: Text
    settings: tuple[Text, ...]
    to: Json = None
    leave_out: bool = False
    is_near: bool = False
    note: Text | None = None
    source: Text | None = None
    read_on: Text | None = None


class NotCarried(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A setting that the interface has no word for."""

    setting: Text
    reason: Text


class ClassPatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """One class at one provider. id: in the policy.  model: that its calls ask for today.  calls: of the period.

    settings: of the class, by the names of their levers, in their units.  because: what the policy rests them on.
    """

    id: Id
    request_class: Text
    provider: Text | None = None
    model: Text | None = None
    calls: int | None = None
    because: tuple[Text, ...] = ()
    settings: dict[str, int | float | str]
    api: Text
    changes: tuple[FieldChange, ...]
    not_carried: tuple[NotCarried, ...] = ()
    snippet: str = ""


class ClientPatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file that ``costctl emit --target client`` writes, as YAML."""

    schema_version: Literal["costctl.client/v1"]
    policy_id: Id
    policy_digest: Digest
    requests: tuple[ClassPatch, ...]
