"""``[audit]`` of costctl.toml as values: whether what is done with a store is recorded, and by whom."""

from __future__ import annotations

import msgspec


class AuditSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """enabled: whether commands are recorded beside the store.  user: whether by whom they were run.  required: a
    command that cannot be recorded fails, after its answer, with exit code 6; else it says so.
    """

    enabled: bool = True
    user: bool = True
    required: bool = False
