"""The public focus-validator, in an environment of its own, finds nothing wrong with our FOCUS 1.2 files.

It has no rules of 1.4. The files of 1.4 keep those of 1.2 as well, but for the two columns that have other names.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from costctl.render import exported
from costctl.verbs.export import Exported
from tests.finance.everything_bought import of_everything
from tests.thoroughness import how_many

# What costctl's files claim to support; not: commitments, reservations, availability zones, virtual currency.
APPLICABLE = (
    "ACCOUNT_NAMING_SUPPORTED,MULTIPLE_PRICING_CATEGORIES_SUPPORTED,MULTIPLE_SUB_ACCOUNT_TYPES_SUPPORTED,"
    "MULTIPLE_BILLING_ACCOUNT_TYPES_SUPPORTED,NEGOTIATED_PRICING_SUPPORTED,PUBLIC_PRICE_LIST_SUPPORTED,"
    "USAGE_MEASUREMENT_SUPPORTED,UNIT_PRICING_SUPPORTED,SUB_ACCOUNT_SUPPORTED,REGION_SUPPORTED,TAGGING_SUPPORTED,"
    "BILLING_BASED_ON_PROVISIONED_RESOURCES_SUPPORTED,RESOURCE_TYPE_ASSIGNMENT_SUPPORTED"
)
# InvoiceId is null or not null: of these two rules, of which the validator wants one, the other always fails.
EITHER = {"InvoiceId-C-005-C"}
FILES = ("focus.csv", "focus.parquet")[: how_many(1, thorough=2)]  # a run of the validator takes seconds


@pytest.fixture(scope="module")
def focus_validator(repository: Path) -> Path:
    program = repository / ".validators" / "focus" / "bin" / "focus-validator"
    if not program.exists():
        pytest.skip("the consumers' own validators are not installed; run: make validators")
    return program


def failed_rules(program: Path, file: Path) -> tuple[int, set[str]]:
    """How many rules passed, and those that failed. The validator looks for its own rules in the working folder."""
    (packages,) = (program.parents[1] / "lib").glob("python3*/site-packages")
    done = subprocess.run(
        [str(program), "--data-file", str(file), "--validate-version", "1.2", "--block-download",
         "--applicability-criteria", APPLICABLE],
        cwd=packages, capture_output=True, text=True, check=False,
    )  # fmt: skip
    lines = done.stdout.splitlines()
    (total,) = (line for line in lines if line.startswith("Total: "))
    passed = int(total.split("Pass: ")[1].split(" ")[0])
    failed = {line.split()[1].rstrip(":") for line in lines if ": FAIL" in line}
    return passed, failed


@pytest.mark.parametrize("name", FILES)
def test_the_validator_accepts_the_file(
    focus_validator: Path, every_line: Exported, name: str, tmp_path: Path
) -> None:
    file = tmp_path / name
    if file.suffix == ".csv":
        file.write_text(exported.focus_csv(every_line.focus, "1.2"))
    else:
        file.write_bytes(exported.parquet(exported.focus_columns(every_line.focus, "1.2")))
    passed, failed = failed_rules(focus_validator, file)
    assert failed == EITHER
    assert passed >= 280


def test_the_validator_accepts_whatever_can_be_bought(focus_validator: Path, tmp_path: Path) -> None:
    file = tmp_path / "everything.csv"
    file.write_text(exported.focus_csv(of_everything(), "1.2"))
    passed, failed = failed_rules(focus_validator, file)
    assert failed == EITHER
    assert passed >= 280


def test_the_validator_would_notice_a_service_in_two_subcategories(
    focus_validator: Path, tmp_path: Path
) -> None:
    text = exported.focus_csv(of_everything(), "1.2").replace("cpu,Other (Compute)", "cpu,Containers", 1)
    (tmp_path / "wrong.csv").write_text(text)
    assert "ServiceName-C-008-C" in failed_rules(focus_validator, tmp_path / "wrong.csv")[1]


def test_the_validator_would_notice_a_quantity_where_nothing_was_used(
    focus_validator: Path, every_line: Exported, tmp_path: Path
) -> None:
    text = exported.focus_csv(every_line.focus, "1.2").replace(",Usage,", ",Consumption,")
    (tmp_path / "wrong.csv").write_text(text)
    assert "ConsumedQuantity-C-004-C" in failed_rules(focus_validator, tmp_path / "wrong.csv")[1]


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_14_keeps_the_rules_of_12_under_the_names_of_12(
    focus_validator: Path, every_line: Exported, name: str, tmp_path: Path
) -> None:
    file = tmp_path / name
    names = {"HostProviderName": "PublisherName", "ServiceProviderName": "ProviderName"}
    if file.suffix == ".csv":
        header, rows = exported.focus_csv(every_line.focus, "1.4").split("\n", 1)
        for new, old in names.items():
            header = header.replace(new, old)
        file.write_text(f"{header}\n{rows}", encoding="utf-8")
    else:
        file.write_bytes(exported.parquet(exported.focus_columns(every_line.focus, "1.4").rename(names)))
    passed, failed = failed_rules(focus_validator, file)
    assert failed == EITHER
    assert passed >= 280
