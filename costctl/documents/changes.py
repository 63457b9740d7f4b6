"""A setting and what it is changed to, as recommendations and simulations write it down."""

from __future__ import annotations

from typing import Literal

import msgspec

Value = int | float | str | tuple[str, ...] | None
LeverScope = Literal["global", "backend", "replica", "caller"]


class SettingChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """One setting before and after. lever: such as class.queue.limit.  key: as ``simulate --set`` takes it.

    One of pool, request_class and commitment (an offer of capacity) is given.  from, to: in ``unit``; null is "no
    limit" where is_limit, and "not set" in ``from`` of the others; several pools are a list.  scope: over what the
    value counts.  instead_of: of a model, the one that is replaced: calls of the class that go to another stay as they
    are; null is whatever they go to.
    """

    lever: str
    key: str
    pool: str | None
    request_class: str | None
    from_: Value
    to: Value
    unit: str | None
    scope: LeverScope
    is_limit: bool
    commitment: str | None = None
    instead_of: str | None = None
