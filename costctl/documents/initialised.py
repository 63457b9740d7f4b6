"""What ``costctl init`` has made: a value for the command line to tell and to write, and no document."""

from __future__ import annotations

import msgspec


class Initialised(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """path, text: of the file as it shall be.  is_new: there is none yet.  added: how many pools, rates and classes are
    new in it, by kind: pool, rate, class.  unpriced_pools: those that are new and take calls, and whose price is to be
    filled in.
    """

    path: str
    text: str
    is_new: bool
    added: dict[str, int]
    unpriced_pools: tuple[str, ...]
