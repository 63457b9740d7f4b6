"""What commands leave in the audit trail, and what ``costctl audit`` says of it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

import costctl as library
from costctl.audit.trail import folder_beside
from tests.audit.records import entries_file, head_file
from tests.command_line import costctl
from tests.conftest import ROOT
from tests.policy.policies import sound_policy

LOG = "TIMESTAMP,ContextTokens,GeneratedTokens\n"
ROWS = "".join(f"2023-11-16 18:17:0{second}.9799600,4808,10\n" for second in range(3))
STORE = "costctl.duckdb"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A store with one log, which an ingest has left an entry of."""
    (tmp_path / "a.csv").write_text(LOG + ROWS)
    assert costctl(tmp_path, "ingest", "a.csv").returncode == 0
    return tmp_path


def trail(folder: Path, *words: str) -> Any:
    return json.loads(costctl(folder, "audit", "show", "--format", "json", *words).stdout)


def entries(folder: Path, *words: str) -> list[Any]:
    """The earliest first."""
    return [each["entry"] for each in reversed(trail(folder, *words)["lines"])]


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_an_ingest_and_an_analysis_say_what_they_read_and_gave(folder: Path) -> None:
    (folder / "costctl.toml").write_text("[finance]\nprovider = 'ours'\n")
    costctl(folder, "analyze", "-o", "out/analysis.json")
    loaded, analyzed = entries(folder)
    assert (loaded["act"], loaded["command"], loaded["spans_loaded"]) == ("ingest", ["ingest", "a.csv"], 3)
    assert loaded["inputs"] == [{"uri": "a.csv", "sha256": sha256(folder / "a.csv"), "records": 3}]
    assert loaded["config_sha256"] is None
    assert (analyzed["act"], analyzed["exit_code"], analyzed["inputs"]) == ("analysis", 0, loaded["inputs"])
    assert analyzed["config_sha256"] == sha256(folder / "costctl.toml")
    written = sha256(folder / "out" / "analysis.json")
    assert [(each["role"], each["name"], each["sha256"]) for each in analyzed["outputs"]] == [
        ("document", "costctl.analysis/v2", written),
        ("file", "out/analysis.json", written),
    ]


def test_what_failed_is_recorded_with_its_exit_code_and_wrong_usage_is_not(folder: Path) -> None:
    (folder / "costctl.toml").write_text('[[gates]]\nmetric = "requests"\nmax = 1\n')
    assert costctl(folder, "check").returncode == 1
    assert costctl(folder, "check", "--no-store").returncode == 2
    assert [(each["act"], each["exit_code"]) for each in entries(folder)] == [("ingest", 0), ("check", 1)]


def test_what_is_only_looked_at_and_what_keeps_nothing_leave_no_entry(folder: Path) -> None:
    costctl(folder, "sql", "SELECT 1")
    costctl(folder, "store", "info")
    costctl(folder, "analyze", "a.csv", "--no-store")
    assert [each["act"] for each in entries(folder)] == ["ingest"]


def test_the_settings_turn_it_off_and_leave_out_who(folder: Path) -> None:
    assert entries(folder)[0]["user"]
    (folder / "costctl.toml").write_text("[audit]\nuser = false\n")
    costctl(folder, "ingest", "a.csv")
    (folder / "costctl.toml").write_text("[audit]\nenabled = false\n")
    costctl(folder, "ingest", "a.csv")
    assert [each["user"] is None for each in entries(folder)] == [False, True]


def test_the_keys_in_a_uri_are_left_out(folder: Path) -> None:
    costctl(folder, "ingest", "s3://key:secret@bucket/traces?secret_key=more")
    text = entries_file(folder / STORE).read_text()
    assert '["ingest","s3://bucket/traces"]' in text
    assert "secret" not in text


def test_a_trail_that_cannot_be_written_stops_no_answer_unless_the_settings_say_so(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(LOG + ROWS)
    folder_beside(tmp_path / STORE).write_text("in the way")
    done = costctl(tmp_path, "ingest", "a.csv")
    assert done.returncode == 0
    assert "Warning: This command is not in the audit trail: " in done.stderr
    (tmp_path / "costctl.toml").write_text("[audit]\nrequired = true\n")
    done = costctl(tmp_path, "ingest", "a.csv")
    assert done.returncode == 6
    assert done.stdout  # the answer
    assert "which [audit] requires" in done.stderr


def test_the_trail_is_no_trace(folder: Path) -> None:
    costctl(folder, "ingest", ".", "--store", "other.duckdb")
    (loaded,) = entries(folder, "--store", "other.duckdb")
    assert [each["uri"] for each in loaded["inputs"]] == ["a.csv"]


def test_entries_are_shown_by_what_was_done_and_when(folder: Path) -> None:
    costctl(folder, "store", "prune", "--before", "2020-01-01")
    assert [each["act"] for each in entries(folder, "--act", "deletion")] == ["deletion"]
    assert len(entries(folder, "--since", "1h")) == 2
    assert entries(folder, "--until", "2020-01-01") == []
    shown = costctl(folder, "audit", "show").stdout
    assert re.search(r"2 +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d +\S+ +.*store prune --before 2020-01-01", shown)


def test_verifying_says_whether_it_is_whole(folder: Path) -> None:
    noted = costctl(folder, "audit", "show", "--head").stdout.strip()
    costctl(folder, "ingest", "a.csv")
    done = costctl(folder, "audit", "verify", "--head", f"sha256:{noted}")
    assert (done.returncode, "Whole: 2 entries" in done.stdout) == (0, True)
    assert "is entry 1, 1 entry before the end" in done.stdout

    touched = entries_file(folder / STORE).read_bytes().replace(b'"spans_loaded":3', b'"spans_loaded":4')
    entries_file(folder / STORE).write_bytes(touched)
    done = costctl(folder, "audit", "verify")
    assert done.returncode == 1
    assert "BROKEN" in done.stdout
    assert "Line 1, where entry 1 is expected, is not as it was written" in " ".join(done.stdout.split())


def test_a_trail_written_anew_is_found_by_a_noted_digest(folder: Path) -> None:
    noted = costctl(folder, "audit", "show", "--head").stdout.strip()
    entries_file(folder / STORE).unlink()
    head_file(folder / STORE).unlink()
    costctl(folder, "ingest", "a.csv")
    assert costctl(folder, "audit", "verify").returncode == 0
    assert costctl(folder, "audit", "verify", "--head", noted).returncode == 1
    assert costctl(folder, "audit", "verify", "--head", "abc").returncode == 2


def test_a_store_without_a_trail_is_told_so(tmp_path: Path) -> None:
    for words in (("show",), ("show", "--head"), ("verify",)):
        done = costctl(tmp_path, "audit", *words)
        assert (done.returncode, "There is no audit trail" in done.stderr) == (6, True)
    assert costctl(tmp_path, "audit", "verify", "--head", "a" * 64).returncode == 1


def test_files_that_were_changed_since_are_said_and_are_no_fault(folder: Path) -> None:
    costctl(folder, "ingest", "a.csv", "-o", "report.json")
    assert "2 files that it names: all as recorded" in costctl(folder, "audit", "verify", "--files").stdout
    (folder / "a.csv").write_text(LOG)
    (folder / "report.json").unlink()
    done = costctl(folder, "audit", "verify", "--files", "--format", "json")
    assert done.returncode == 0
    assert {each["path"]: each["state"] for each in json.loads(done.stdout)["files"]} == {
        "a.csv": "changed",
        "report.json": "missing",
    }


def test_python_leaves_entries_too(folder: Path) -> None:
    library.open_store(folder / STORE).ingest(folder / "a.csv")
    _, loaded = entries(folder)
    assert (loaded["caller"], loaded["act"], loaded["command"]) == ("python", "ingest", ["ingest"])
    assert "Store.ingest" in costctl(folder, "audit", "show").stdout


def _secret_key(path: Path) -> None:
    """As minisign writes one without a password."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    seed = bytes(range(32))
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    content = b"Ed\0\0B2" + bytes(48) + b"8 bytes!" + seed + public + bytes(32)
    path.write_text(f"untrusted comment: of a test\n{base64.b64encode(content).decode()}\n")


def test_a_signed_bundle_holds_the_end_of_the_trail_that_led_to_it(folder: Path) -> None:
    noted = costctl(folder, "audit", "show", "--head").stdout.strip()
    _secret_key(folder / "key")
    (folder / "policy.json").write_bytes(msgspec.json.encode(sound_policy()))
    words = ("emit", "--target", "all", "--policy", "policy.json", "--out", "deployed")
    assert costctl(folder, *words, "--dry-run").returncode == 0
    assert costctl(folder, *words, "--sign", "key").returncode == 0
    comment = (folder / "deployed" / "SHA256SUMS.minisig").read_text().splitlines()[2]
    assert comment.endswith(f" audit sha256:{noted}")
    _, emitted = entries(folder)
    assert emitted["inputs"][0] == {
        "uri": "policy.json",
        "sha256": sha256(folder / "policy.json"),
        "records": None,
    }
    files = {each["name"]: each["sha256"] for each in emitted["outputs"] if each["role"] == "file"}
    assert files["deployed/SHA256SUMS"] == sha256(folder / "deployed" / "SHA256SUMS")


def test_the_program_on_the_page_verifies_a_trail_without_costctl(folder: Path) -> None:
    page = (ROOT / "docs/reference/audit.md").read_text()
    (program,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (folder / "verify.py").write_text(program)
    costctl(folder, "ingest", "a.csv")
    file = entries_file(folder / STORE)
    command = [sys.executable, str(folder / "verify.py"), str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == trail(folder)["head"]
    file.write_bytes(file.read_bytes().replace(b'"exit_code":0', b'"exit_code":1'))
    assert subprocess.run(command, capture_output=True, check=False).returncode == 1
