"""costctl: cost, savings and gateway config from AI traces.

>>> import costctl
>>> week = costctl.open_store("week.duckdb", config="costctl.toml")
>>> week.ingest("traces/*.jsonl.gz")
>>> week.analyze().totals.billed_usd

docs/how-to/from-python.md goes through it.
"""

from costctl.api import Store, check_policy, list_prices, open_store
from costctl.errors import (
    CostctlError,
    InfeasibleError,
    InputError,
    NotEnoughDataError,
    StoreError,
    UsageError,
)

__version__ = "0.1.0"
__all__ = [
    "CostctlError",
    "InfeasibleError",
    "InputError",
    "NotEnoughDataError",
    "Store",
    "StoreError",
    "UsageError",
    "check_policy",
    "list_prices",
    "open_store",
]
