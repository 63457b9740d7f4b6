"""Learning finds the shapes that were planted, and nothing where nothing was; its rules say what its clusters say."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import adjusted_rand_score

from costctl.documents.provenance import Provenance
from costctl.documents.taxonomy import Taxonomy
from costctl.errors import NotEnoughDataError
from costctl.segment.learn.features import features_of
from costctl.segment.learn.quality import eta_squared
from costctl.segment.learn.shapes import fit_shapes
from costctl.segment.learn.taxonomy import learn_taxonomy
from costctl.segment.matching import apply_rules
from costctl.segment.rules import load_rules
from tests.segment.planted import Shape, drawn, planted

NOWHERE = Provenance("0", (), None, None, {}, 0)


def quiet(_what: str, _ratio: float | None, _detail: str = "") -> None:
    """Progress that nobody watches."""


def found_shapes(frame: pl.DataFrame, seed: int = 1) -> np.ndarray:
    features = features_of(frame, seed)
    return fit_shapes(features, seed).assign(features)


def learned(frame: pl.DataFrame, seed: int = 1) -> Taxonomy:
    """The taxonomy where a request costs what its tokens are."""
    tokens = frame.select("request_id", pl.sum_horizontal("prompt_tokens", "output_tokens").alias("value"))
    return learn_taxonomy(frame, ("tokens_per_request", tokens), NOWHERE, seed, quiet)


def several(*frames: pl.DataFrame) -> pl.DataFrame:
    together = pl.concat(frames)
    return together.with_columns(request_id=pl.int_range(together.height).cast(pl.String))


def some(working: str, prompt: float, answer: float, size: int, sigma: float = 0.3) -> pl.DataFrame:
    return drawn(Shape(working, prompt, answer, sigma, sigma), size, np.random.default_rng(5))


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_planted_shapes_are_recovered_and_the_rules_follow_the_clusters(seed: int) -> None:
    frame, labels = planted(seed, 2500)
    taxonomy = learned(frame, seed)
    classes = apply_rules(frame, load_rules(taxonomy.rules_toml, "learned"))["request_class"]
    assert adjusted_rand_score(labels, found_shapes(frame, seed)) >= 0.9
    assert adjusted_rand_score(labels, classes.to_list()) >= 0.9
    assert taxonomy.agreement_ratio >= 0.95
    assert taxonomy.stability >= 0.9
    assert len(taxonomy.clusters) == len(set(labels))
    assert sum(cluster.requests for cluster in taxonomy.clusters) == frame.height
    assert taxonomy.explained_variance is not None
    assert taxonomy.explained_variance.learned > taxonomy.explained_variance.default


def test_the_agreement_is_that_of_the_rules_as_they_stand_in_the_file() -> None:
    frame, _ = planted(21, 800, failed_ratio=0.1)
    taxonomy = learned(frame)
    names = {cluster.requests: cluster.name for cluster in taxonomy.clusters}
    sizes = np.bincount(found_shapes(frame))
    own = pl.Series([names[int(sizes[shape])] for shape in found_shapes(frame)])
    classes = apply_rules(frame, load_rules(taxonomy.rules_toml, "learned"))["request_class"]
    assert taxonomy.agreement_ratio == pytest.approx((classes == own).mean())


def test_one_shape_is_one_class_however_wide_it_is() -> None:
    assert set(found_shapes(some("one call", 900, 200, 3000, sigma=1.2))) == {0}


def test_a_loop_of_few_turns_and_one_of_many_are_one_class() -> None:
    frame = some("agent", 1200, 150, 1500)
    assert frame["generation_calls"].min() == 1
    assert frame["generation_calls"].max() >= 8
    assert set(found_shapes(frame)) == {0}


def test_requests_of_the_same_size_that_work_otherwise_are_two_classes() -> None:
    shape_of = found_shapes(
        several(some("one call", 2000, 200, 600), some("retrieval", 2000, 200, 600)),
    )
    assert len(set(shape_of[:600])) == len(set(shape_of[600:])) == 1
    assert shape_of[0] != shape_of[-1]


def test_the_same_number_in_every_request_is_one_class_and_not_a_class_for_each_number() -> None:
    fixed = some("one call", 512, 64, 800).with_columns(
        prompt_tokens=pl.lit(512, pl.Int64), output_tokens=pl.lit(64, pl.Int64)
    )
    answers = some("one call", 512, 3, 800).with_columns(
        output_tokens=pl.int_range(pl.len(), dtype=pl.Int64) % 4 + 2
    )
    assert set(found_shapes(fixed)) == {0}
    assert set(found_shapes(answers)) == {0}


def test_a_request_that_reports_no_answer_goes_by_its_prompt() -> None:
    frame = several(some("one call", 200, 5, 600), some("one call", 9000, 900, 600))
    unseen = pl.when(pl.int_range(pl.len()) % 10 == 0).then(None).otherwise(pl.col("output_tokens"))
    shape_of = found_shapes(frame.with_columns(output_tokens=unseen))
    assert len(set(shape_of[:600])) == len(set(shape_of[600:])) == 1
    assert shape_of[0] != shape_of[-1]


def test_equal_requests_and_seed_give_equal_documents() -> None:
    frame, _ = planted(31, 300)
    assert learned(frame, 4) == learned(frame, 4)


def test_a_hundred_requests_are_too_few() -> None:
    with pytest.raises(NotEnoughDataError, match="100 requests are too few"):
        learned(several(some("one call", 900, 200, 100)))


def test_a_reader_is_told_of_what_was_not_seen() -> None:
    frame = some("one call", 900, 200, 300)
    is_third = pl.int_range(pl.len()) % 3 == 0
    hidden = frame.with_columns(
        prompt_tokens=pl.when(is_third).then(None).otherwise(pl.col("prompt_tokens")),
        output_tokens=pl.when(is_third).then(None).otherwise(pl.col("output_tokens")),
        request_id=pl.int_range(pl.len()).cast(pl.String),
    )
    notes = " ".join(learned(hidden).notes)
    assert "Only 300 requests" in notes
    assert "100 requests with model calls but no reported tokens" in notes
    assert "One shape" in notes


def test_classes_explain_all_of_a_cost_that_they_fix_and_nothing_of_one_that_they_share() -> None:
    classes = pl.Series(["a", "a", "b", "b"])
    assert eta_squared(pl.Series([1.0, 1.0, 5.0, 5.0]), classes) == pytest.approx(1.0)
    assert eta_squared(pl.Series([1.0, 5.0, 1.0, 5.0]), classes) == pytest.approx(0.0)
    # means 2 and 6 about 4: 2·4 + 2·4 = 16 of the 1 + 9 + 1 + 9 = 20
    assert eta_squared(pl.Series([1.0, 3.0, 5.0, 7.0]), classes) == pytest.approx(16 / 20)
    assert eta_squared(pl.Series([2.0, 2.0, 2.0, 2.0]), classes) is None
