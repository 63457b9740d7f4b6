"""Write docs/reference/focus.md from the columns of the FOCUS export. Run by ``make schemas``; a test keeps it in
step.
"""

from __future__ import annotations

from pathlib import Path

from costctl.finance.focus import COLUMNS
from costctl.finance.focus_column import METHOD_ID
from costctl.finance.invoice_columns import INVOICE_COLUMNS

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "focus.md"
_INTRODUCTION = f"""# The FOCUS export

`costctl export -o costs.csv` (or `costs.parquet`) writes the charges of the window as a
[FOCUS](https://focus.finops.org) 1.4 file; with `--focus-version 1.2` as a FOCUS 1.2 file, for what does not read 1.4
yet. Both have the same lines with the same figures. Written by scripts/write_focus_page.py from
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
- **Whose.** A call is its own tenant's; the rest of a request is its entry's; what neither names is nobody's, and null.
- **Text.** Null is `NULL` in CSV, and null in Parquet; no text is blank. In CSV a text that a spreadsheet would take
  for a formula has a quote in front. In 1.2 letters beyond ASCII are escaped, as its validator wants it; in 1.4 they
  stand as they are.
- **Beside a provider's own file.** BilledCost is what was counted at the rates of the price book and costctl.toml, or
  what `[bills]` says was invoiced. A provider's FOCUS file has the same charges: report from one of the two, never from
  their sum.

## How the cost of a pool is split

`{METHOD_ID}` splits the capacity of a pool on a day by the replica seconds that its calls were busy: each instant in
equal parts among the calls that ran in it, or by the weights of prefill and decode that the pool declares ([three
costs](../explanation/three-costs.md)). What no call was busy in is idle. AllocatedRatio is the part of the day's
hours.

In 1.4 the parts are alike in every FOCUS dimension, since they are parts of one charge; who used a part is in the
columns of the allocation, and not in SubAccountId and Tags. x_RequestClass and x_TenantId are on all lines, split or
not: group by them for what a class or a tenant costs. In 1.2, which knows no allocation, SubAccountId and Tags are on
the parts too, and how they were found is in columns of our own.

AllocatedTags have no lane, since traces carry none.

## What holds

The public focus-validator 2.2.1, which has the rules of 1.2, accepts the CSV and the Parquet file of 1.2, but for one
of the two rules on InvoiceId, of which one always fails; under the names of 1.2 for the two columns of providers, it
accepts those of 1.4 as well (`tests/finance/test_focus_validator.py`). What 1.4 wants beyond that, no public
validator checks yet; `tests/finance/test_focus_versions.py` and `test_focus_allocation.py` do. Of what 1.4 asks of
whoever delivers data, the metadata and the datasets of contracts and billing periods are not written.

`--format csv` and `--format parquet` write one row a class: the columns of `costctl analyze --format csv`. The column
`row` says what a row is: `class`, `idle`, `unattributed` or `total`. Σ charged_usd of the first three = the total row
= the bill, as it is written; requests, successes and attributed_usd add up over the classes. Leave the total row out of
sums. `period_start`, `period_end` (exclusive) and `currency` stand on every row. A FOCUS file has no total row: its
lines are charges, and every count and cost in it adds up over them.

## Columns

Columns that begin with `x_` are costctl's own: they inform, and none of them is part of a cost. x_MarginalCost,
x_CongestionCost and x_CostPerSuccess are figures of the class for one request or success, the same on all of its lines;
their sum over lines means nothing. They are null where `costctl analyze` has none.

| column | FOCUS | values | where it comes from |
|---|---|---|---|
"""


_INVOICES = """
## Invoices

`costctl export --format focus-invoices -o invoices.csv` (or `.parquet`) writes the Invoice Detail of FOCUS 1.4: a row
for each invoice × charge category × what was bought. The amount of an invoice is that of `[bills]`; its number,
terms and dates are in [`[[invoices]]`](configuration.md#invoices-what-else-is-on-an-invoice). Only what is bought by
the token from the provider, or the time of the pool, can be on it.

- **Ties out.** Σ BilledCost of an invoice = its amount in `[bills]`, to half a micro-dollar. BilledCost of a row = Σ
  BilledCost of the cost rows with its InvoiceDetailId, exactly; cost rows carry InvoiceId and InvoiceDetailId as soon
  as costctl.toml names the invoice.
- **The difference** between the amount and the cost rows is a row of its own, an Adjustment with `x_InvoiceLine` in its
  grain, which no cost row refers to: what was not traced, what has no price, what is priced otherwise, or the part of
  the month outside the window; stderr says how much of the month was observed, and `costctl reconcile` which it is.
  Above a dollar it is more than FOCUS tolerates between the two files: then they do not agree yet.
- **Zero** amounts: an item of 0 USD is a row; a difference of less than half a micro-dollar is none.
- **Of the rows, not the issuer.** Items are costctl's: the same amounts, not the wording, of the paper. InvoiceDetailId
  is costctl's as well.
- **Validated** by a schema written down from the specification (`tests/finance/test_invoice_detail.py`): the public
  focus-validator does not know the dataset.

| column | values | where it comes from |
|---|---|---|
"""


def rendered() -> str:
    """The page."""
    costs = "".join(
        f"| {column.name} | {', '.join(column.versions)} | {column.kind} | {column.source} |\n"
        for column in COLUMNS
    )
    invoices = "".join(f"| {column.name} | {column.kind} | {column.source} |\n" for column in INVOICE_COLUMNS)
    return _INTRODUCTION + costs + _INVOICES + invoices


if __name__ == "__main__":
    PAGE.write_text(rendered(), encoding="utf-8")
