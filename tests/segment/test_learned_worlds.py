"""From the spans of a world, through the relations, to rules that find its classes again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from costctl import verbs
from costctl.documents.taxonomy import Taxonomy
from costctl.observation import Question, observed
from costctl.synth.demand import demand_of
from costctl.synth.platform import serve
from costctl.synth.presets import world_from_seed
from costctl.synth.spans import otlp_lines


def quiet(_what: str, _ratio: float | None, _detail: str = "") -> None:
    """Progress that nobody watches."""


def learned_from_world(seed: int, folder: Path) -> tuple[Taxonomy, list[str], list[str]]:
    """What is learned of a world, and the label and the class by the learned rules of each request."""
    world = replace(world_from_seed(seed), requests=1500.0)
    demand = demand_of(world)
    served = serve(world, demand, np.ones(demand.requests.start_s.size, np.bool_))
    (folder / "spans.jsonl").write_bytes(b"".join(otlp_lines(world, demand, served)))
    store, rules = folder / "traces.duckdb", folder / "rules.toml"
    verbs.ingest(verbs.IngestRequest((str(folder / "spans.jsonl"),), store), quiet)
    taxonomy = verbs.segment_learn(Question(store=store, seed=seed), quiet)
    rules.write_text(taxonomy.rules_toml, encoding="utf-8")
    with observed(Question(store=store, rules=rules), quiet) as observation:
        rows = observation.engine.query(
            "SELECT requests.trace_id, request_class.request_class FROM requests "
            "INNER JOIN request_class ON requests.request_id = request_class.request_id ORDER BY requests.trace_id"
        ).rows()
    labels = [world.classes[demand.requests.request_class[int(trace[8:], 16) - 1]].name for trace, _ in rows]
    return taxonomy, labels, [name for _, name in rows]


@pytest.mark.parametrize("seed", [101, 102, 103])
def test_the_learned_rules_find_the_classes_of_a_world_that_no_span_names(seed: int, tmp_path: Path) -> None:
    taxonomy, labels, classes = learned_from_world(seed, tmp_path)
    assert adjusted_rand_score(labels, classes) >= 0.9
    assert taxonomy.agreement_ratio >= 0.95
    assert len(classes) == taxonomy.requests
