"""``spot`` of a pool and ``[placement]`` of costctl.toml: replicas that may be taken away, and what may move."""

from __future__ import annotations

from typing import Annotated

import msgspec

Price = Annotated[float, msgspec.Meta(ge=0)]
PerHour = Annotated[float, msgspec.Meta(ge=0, le=60)]
Moves = Annotated[int, msgspec.Meta(ge=0, le=1000)]


class Spot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Replicas that the provider may take away. interruptions_per_hour: of one replica."""

    usd_per_replica_hour: Price
    interruptions_per_hour: PerHour


class PlacementSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What advice on placement may do. most_moves: classes that it may move at once; None is any number.  split:
    whether it may serve a class by several pools.
    """

    most_moves: Moves | None = None
    split: bool = True
