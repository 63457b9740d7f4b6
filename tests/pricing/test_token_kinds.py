"""A law: over their kinds a call's tokens are its tokens, none is negative, and none is of two kinds."""

from __future__ import annotations

from typing import Any

import polars as pl
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from costctl.documents.price_settings import PriceSettings, Rate
from costctl.documents.settings import Settings
from tests.relations.span_rows import chat, engine_of
from tests.thoroughness import how_many

DAY_S = 1_795_478_400.0  # 2026-11-24T00:00:00Z
MODALITIES = ("audio", "image", "video")
# Reasoning has a price of its own, so that it is a kind of its own.
OWN = Settings(prices=PriceSettings(rates=(Rate(model="ours", input=1.0, output=2.0, reasoning=3.0),)))


@st.composite
def usages(draw: st.DrawFn) -> dict[str, int | None]:
    """What one record may say: parts within their wholes, each said or left out."""
    cells = {
        (modality, place): draw(st.integers(0, 50))
        for modality in (*MODALITIES, "text")
        for place in ("fresh", "cached", "written", "output")
    }
    said = st.booleans()

    def total(*places: str, of: tuple[str, ...] = (*MODALITIES, "text")) -> int:
        return sum(cells[modality, place] for modality in of for place in places)

    usage: dict[str, int | None] = {
        "input_tokens": total("fresh", "cached", "written"),
        "output_tokens": total("output"),
        "cached_input_tokens": total("cached") if draw(said) else None,
        "cache_write_tokens": total("written") if draw(said) else None,
        "reasoning_tokens": draw(st.integers(0, cells["text", "output"])) if draw(said) else None,
    }
    if usage["cache_write_tokens"] is not None:
        usage["cache_write_1h_tokens"] = draw(st.integers(0, usage["cache_write_tokens"]))
    for modality in MODALITIES:
        own = (modality,)
        of_input = total("fresh", "cached", "written", of=own)
        usage[f"input_{modality}_tokens"] = of_input if draw(said) else None
        if usage["cached_input_tokens"] is not None and usage[f"input_{modality}_tokens"] is not None:
            usage[f"cached_{modality}_tokens"] = total("cached", of=own) if draw(said) else None
        usage[f"output_{modality}_tokens"] = total("output", of=own) if draw(said) else None
    return usage


@settings(max_examples=how_many(10, thorough=20), deadline=None, phases=(Phase.explicit, Phase.generate))
@given(st.lists(usages(), min_size=40, max_size=40))
def test_the_kinds_of_a_calls_tokens_are_its_tokens(drawn: list[dict[str, int | None]]) -> None:
    facts: list[dict[str, Any]] = [
        chat(
            f"{number:x}/c", DAY_S + number, DAY_S + number + 1, provider="own", model_served="ours", **usage
        )
        for number, usage in enumerate(drawn)
    ]
    engine = engine_of(facts, OWN)
    counts = engine.fetch("token_counts")
    assert (counts["tokens"] >= 0).all()
    assert counts.select("call_id", "token_kind").is_unique().all()
    is_output = pl.col("token_kind").str.starts_with("output") | (pl.col("token_kind") == "reasoning")
    sums = (
        counts.group_by("call_id")
        .agg(
            pl.col("tokens").filter(~is_output).sum().alias("input"),
            pl.col("tokens").filter(is_output).sum().alias("output"),
            *(
                pl.col("tokens")
                .filter(pl.col("token_kind") == f"{place}_{modality}")
                .sum()
                .alias(f"{place}_{modality}")
                for modality in MODALITIES
                for place in ("input", "cached", "output")
            ),
            pl.col("tokens").filter(pl.col("token_kind") == "reasoning").sum().alias("reasoning"),
        )
        .join(engine.fetch("calls"), on="call_id")
    )
    assert sums.height == len(drawn)
    assert (sums["input"] == sums["input_tokens"]).all()
    assert (sums["output"] == sums["output_tokens"]).all()
    assert (sums["reasoning"] == sums["reasoning_tokens"].fill_null(0)).all()
    for modality in MODALITIES:
        whole = sums[f"input_{modality}_tokens"].fill_null(0)
        known = sums[f"cached_{modality}_tokens"].fill_null(0)
        assert (sums[f"input_{modality}"] + sums[f"cached_{modality}"] <= whole).all()
        assert (sums[f"input_{modality}"] <= whole - known).all()
        assert (sums[f"output_{modality}"] == sums[f"output_{modality}_tokens"].fill_null(0)).all()


def test_where_nothing_was_cached_or_written_a_modality_is_wholly_read_afresh() -> None:
    said = {"input_tokens": 100, "output_tokens": 10, "input_image_tokens": 60, "input_video_tokens": 30}
    engine = engine_of([chat("a/c", DAY_S, DAY_S + 1, provider="own", model_served="ours", **said)], OWN)
    counts = dict(engine.fetch("token_counts").select("token_kind", "tokens").iter_rows())
    assert counts == {"input": 10, "input_image": 60, "input_video": 30, "output": 10}


def test_more_images_than_were_read_afresh_came_out_of_the_cache_and_else_went_into_it() -> None:
    said = {"input_tokens": 100, "output_tokens": 0, "input_image_tokens": 90}
    held = {"cached_input_tokens": 30, "cache_write_tokens": 40}
    engine = engine_of(
        [chat("a/c", DAY_S, DAY_S + 1, provider="own", model_served="ours", **said, **held)], OWN
    )
    counts = dict(engine.fetch("token_counts").select("token_kind", "tokens").iter_rows())
    # 30 tokens were read afresh, so at least 60 images were not: the 30 that were cached, and 30 of the 40 written.
    assert counts == {
        "input": 0,
        "input_image": 30,
        "cached_image": 30,
        "cache_write": 40,
        "output": 0,
    }
