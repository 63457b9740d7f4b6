"""Write docs/reference/focus.md from the columns of the FOCUS export. Run by ``make schemas``; a test keeps it in
step.
"""

from __future__ import annotations

from pathlib import Path

from costctl.finance.focus import COLUMNS, FOCUS_VERSION

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "focus.md"
_INTRODUCTION = f"""# The FOCUS export

`costctl export -o costs.csv` (or `costs.parquet`) writes the charges of the window as a [FOCUS
{FOCUS_VERSION}](https://focus.finops.org) file. Written by scripts/write_focus_page.py from
costctl/finance/focus.py.

- **Grain.** A line for each UTC day × what was bought × unit price × class × tenant. The capacity of a pool on a
  day is one origin charge, split into lines by the share of its busy time, and idle. A call counts to the day in
  which it started. What calls that run past midnight make a day too busy for is paid for out of the idle time of
  the other days.
- **Ties out.** ListCost = ListUnitPrice × PricingQuantity to the last digit. Over x_OriginChargeId,
  x_AllocatedRatio sums to 1 and PricingQuantity to the capacity, exactly. Σ BilledCost = billed of `costctl
  analyze`, to the cent; by x_CostKind, direct + busy = attributed, idle = idle, unattributed + adjustment =
  unattributed. Costs are not rounded.
- **Left out.** What has no price has no line, since FOCUS knows no unknown cost; how many charges that is, is said
  on stderr.
- **Idle.** Lines of their own; with `--idle weighted`, lines of the classes by their busy time in the window.
- **Tenants** are hashed (SHA-256 of `[finance] tenant_salt` and the name, 16 hex digits); `--tenants plain` writes
  them as they are.
- **Text.** Null is `NULL` in CSV, and null in Parquet. Letters beyond ASCII are escaped, as FOCUS 1.2 wants it. A
  text that a spreadsheet would take for a formula has a quote in front.

The public focus-validator 2.2.1 accepts the CSV and the Parquet file (`tests/finance/test_focus_validator.py`), but
for one of the two rules on InvoiceId, of which one always fails.

`--format csv` and `--format parquet` write one row a class: the columns of `costctl analyze --format csv`.

Columns that begin with `x_` are costctl's own: they inform, and none of them is part of a cost.

| column | values | where it comes from |
|---|---|---|
"""


def rendered() -> str:
    """The page."""
    return _INTRODUCTION + "".join(
        f"| {column.name} | {column.kind} | {column.source} |\n" for column in COLUMNS
    )


if __name__ == "__main__":
    PAGE.write_text(rendered(), encoding="utf-8")
