"""Two examples of each command, below its options in ``--help``. A test runs every one of them.

They speak of files that a user would have: traces/, gateway.jsonl, costctl.toml, policy.json, and the default store.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import typer

EXAMPLES: Final[Mapping[str, tuple[str, ...]]] = {
    "ingest": ("costctl ingest traces/", "costctl ingest gateway.jsonl --mapping litellm_spend"),
    "init": ("costctl init", "costctl init traces/"),
    "doctor": ("costctl doctor", "costctl doctor --format markdown -o gaps.md"),
    "segment": ("costctl segment", "costctl segment --sessions"),
    "analyze": ("costctl analyze traces/", "costctl analyze --last 7d -o classes.csv"),
    "diff": ("costctl diff", "costctl diff --format markdown -o what-changed.md"),
    "simulate": (
        "costctl simulate --load 1.5x",
        "costctl simulate --set pool.embedder.replicas=2 -o what-if.json",
    ),
    "recommend": ("costctl recommend -o advice.json", "costctl recommend --review"),
    "emit": (
        "costctl emit --target policy -o new-policy.json",
        "costctl emit --target all --policy policy.json -o deployed",
    ),
    "report": ("costctl report -o review.html", "costctl report --last 7d --format markdown -o comment.md"),
    "serve": ("costctl serve", "costctl serve --port 8080 --refresh 5m"),
    "reconcile": ("costctl reconcile bills/", "costctl reconcile bills/costs.json -o invoice.json"),
    "check": (
        "costctl check traces/ --no-store",
        "costctl check --last 7d -o gates.sarif",
    ),
    "forecast": ("costctl forecast", "costctl forecast --budget 1200 -o forecast.json"),
    "explain": ("costctl explain chat", "costctl explain 00000007000000000000000000001000"),
    "export": ("costctl export -o costs.csv", "costctl export --format csv --last 30d -o classes.csv"),
    "sql": ("costctl sql --list", "costctl sql 'SELECT model, COUNT(*) AS calls FROM calls GROUP BY model'"),
    "synth": ("costctl synth world --world shop", "costctl synth world --world buyers --seed 3"),
    "schema": ("costctl schema analysis", "costctl schema policy -o policy.schema.json"),
    "warmup": ("costctl warmup", "costctl warmup --quiet"),
    "help": ("costctl help", "costctl help configuration"),
    "audit show": ("costctl audit show", "costctl audit show --act emit --since 30d -o emitted.csv"),
    "audit verify": ("costctl audit verify", "costctl audit verify --files -o audit.json"),
    "baseline save": ("costctl baseline save", "costctl baseline save --last 7d -o last-week.json"),
    "baseline show": ("costctl baseline show", "costctl baseline show -o baseline.csv"),
    "contract draft": ("costctl contract draft", "costctl contract draft traces/ -o contracts.json"),
    "contract check": (
        "costctl contract check traces/ --contract contracts.toml",
        "costctl contract check --contract contracts.toml --last 7d -o kept.csv",
    ),
    "policy check": ("costctl policy check policy.json", "costctl policy check reviewed.yaml"),
    "policy verify": (
        "costctl policy verify --policy policy.json traces/",
        "costctl policy verify --policy policy.json --last 7d -o broken.csv",
    ),
    "policy explain": (
        "costctl policy explain policy.json rag",
        "costctl policy explain policy.json -o why.csv",
    ),
    "policy plan": (
        "costctl policy plan reviewed.yaml --from policy.json",
        "costctl policy plan reviewed.yaml --from policy.json -o rollout",
    ),
    "policy diff": (
        "costctl policy diff policy.json reviewed.yaml",
        "costctl policy diff policy.json reviewed.yaml -o changes.csv",
    ),
    "prices list": (
        "costctl prices list --model gpt-4o",
        "costctl prices list --as-of 2026-01-01 -o prices.csv",
    ),
    "prices verify": ("costctl prices verify", "costctl prices verify --store costctl.duckdb"),
    "store info": ("costctl store info", "costctl store info -o store.json"),
    "store prune": (
        "costctl store prune --before 90d",
        "costctl store prune --before 2026-11-01T00:00:00Z --wait 10m",
    ),
    "store compact": ("costctl store compact", "costctl store compact --wait 10m"),
}


def add_examples(app: typer.Typer, group: str = "") -> None:
    """Put the examples of every command of the application, and of its groups, into its help."""
    for command in app.registered_commands:
        examples = EXAMPLES.get(f"{group}{command.name}", ())
        if examples:
            command.epilog = "\n".join(["\b", "Examples:", *(f"  {each}" for each in examples)])
    for each in app.registered_groups:
        if each.typer_instance is not None:
            add_examples(each.typer_instance, f"{group}{each.name} ")
