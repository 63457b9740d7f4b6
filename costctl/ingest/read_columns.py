"""Which columns may dialects and mappings name, and of what type is each?

Shape out: the columns of a stored span, and those that a reader uses up: witnesses that decide what the kept ones are.
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa

from costctl.ingest.token_algebra import WITNESSES
from costctl.store.spans import SPANS

SPEED: Final = "speed"  # fast, as Anthropic writes it beside the service tier
READ_TYPES: Final[dict[str, pa.DataType]] = {
    **{field.name: field.type for field in SPANS},
    **dict.fromkeys(WITNESSES, pa.int64()),
    SPEED: pa.string(),
}
