"""Requests of shapes that nobody has told the learner: another five to seven for each seed, with their labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

# How a request works: model calls, embedding calls, retrievals, tools, agents. A pair is the least, and the mean of
# what a Poisson law adds to it; tools follow the model calls, as they do in a loop.
WORKINGS = {
    "one call": ((1, 0), (0, 0), (0, 0), False, 0),
    "retrieval": ((1, 0), (1, 0), (1, 0), False, 0),
    "several searches": ((1, 0), (2, 2), (2, 2), False, 0),
    "embeddings": ((0, 0), (1, 0), (0, 0), False, 0),
    "many embeddings": ((0, 0), (4, 6), (0, 0), False, 0),
    "loop with tools": ((2, 2), (0, 0), (0, 0), True, 0),
    "agent": ((1, 3), (0, 0), (0, 0), True, 1),
    "chain of calls": ((3, 0), (0, 0), (0, 0), False, 0),
}
APART = 5.0  # standard deviations between two shapes that work alike, in at least one kind of token


@dataclass(frozen=True)
class Shape:
    """Medians of tokens of one call, the spread of their logarithms, and what part of requests it is."""

    working: str
    prompt: float
    answer: float
    prompt_sigma: float
    answer_sigma: float


def planted(seed: int, requests: int = 4000, failed_ratio: float = 0.01) -> tuple[pl.DataFrame, list[str]]:
    """A frame like request_shape, and the planted shape of each request, in random order."""
    rng = np.random.default_rng([seed, 99])
    shapes = distinct_shapes(rng, int(rng.integers(5, 8)))
    shares = rng.dirichlet(np.full(len(shapes), 4.0))
    counts = np.maximum(rng.multinomial(requests, shares), requests // 50)
    frames = [drawn(shape, int(count), rng) for shape, count in zip(shapes, counts, strict=True)]
    labels = np.repeat([f"{n} {shape.working}" for n, shape in enumerate(shapes)], counts)
    order = rng.permutation(labels.size)
    frame = pl.concat(frames)[order].with_columns(request_id=pl.int_range(labels.size).cast(pl.String))
    is_failed = pl.Series(rng.random(labels.size) < failed_ratio)
    unseen = pl.when(is_failed).then(None).otherwise(pl.col("output_tokens"))
    return frame.with_columns(output_tokens=unseen), labels[order].tolist()


def distinct_shapes(rng: np.random.Generator, wanted: int) -> list[Shape]:
    """Shapes that differ in how they work, or in tokens by APART standard deviations."""
    found: list[Shape] = []
    while len(found) < wanted:
        shape = Shape(
            str(rng.choice(list(WORKINGS), p=[0.44, *([0.08] * 7)])),
            float(np.exp(rng.uniform(np.log(60), np.log(12_000)))),
            float(np.exp(rng.uniform(np.log(3), np.log(2500)))),
            float(rng.uniform(0.2, 0.5)),
            float(rng.uniform(0.2, 0.5)),
        )
        if all(shape.working != other.working or apart(shape, other) >= APART for other in found):
            found.append(shape)
    return found


def apart(one: Shape, other: Shape) -> float:
    """Standard deviations between two shapes, in the kind of token that tells them apart best."""
    prompt = abs(np.log(one.prompt / other.prompt)) / max(one.prompt_sigma, other.prompt_sigma)
    if WORKINGS[one.working][0] == (0, 0):
        return float(prompt)
    answer = abs(np.log(one.answer / other.answer)) / max(one.answer_sigma, other.answer_sigma)
    return float(max(prompt, answer))


def drawn(shape: Shape, size: int, rng: np.random.Generator) -> pl.DataFrame:
    """So many requests of a shape."""
    calls, embeddings, retrievals, has_tools, agents = WORKINGS[shape.working]

    def count(least_and_more: tuple[int, float]) -> np.ndarray:
        return least_and_more[0] + rng.poisson(least_and_more[1], size)

    generations = count(calls)
    prompt = (
        shape.prompt * np.exp(shape.prompt_sigma * rng.standard_normal(size)) * np.maximum(generations, 1)
    )
    answer = shape.answer * np.exp(shape.answer_sigma * rng.standard_normal(size)) * generations
    found = count(retrievals)
    whole = {
        "prompt_tokens": np.maximum(1, prompt),
        "output_tokens": np.maximum(1, answer),
        "generation_calls": generations,
        "embedding_calls": count(embeddings),
        "retrievals": found,
        "documents": found * rng.integers(3, 9, size),
        "tools": np.maximum(generations - 1, 0) * has_tools,
        "agents": np.full(size, agents),
        "max_tokens": np.full(size, 4096),
        "hour_utc": rng.integers(0, 24, size),
    }
    frame = pl.DataFrame({name: np.rint(values).astype(np.int64) for name, values in whole.items()})
    nothing = pl.lit(None, pl.Int64)
    return frame.with_columns(
        output_tokens=pl.when(pl.col("generation_calls") > 0).then("output_tokens").otherwise(nothing),
        documents=pl.when(pl.col("retrievals") > 0).then("documents").otherwise(nothing),
        duration_s=pl.lit(1.0),
        operation=pl.lit(None, pl.String),
        workload=pl.lit(None, pl.String),
    )
