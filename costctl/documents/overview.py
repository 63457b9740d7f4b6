"""What is at hand where costctl is started: a value for the command line to tell, and no document."""

from __future__ import annotations

import msgspec

from costctl.documents.store_info import StoreInfo


class Overview(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """path: of the store.  store: what it holds, None where there is no file.  config: the configuration file that
    applies, None where there is none.
    """

    path: str
    store: StoreInfo | None
    config: str | None
