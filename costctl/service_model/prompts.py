"""Which calls of pools begin alike? Prompts as a tree of beginnings that go on from one another, to be replayed.

In: a workload, the call of each of its entries, and the hashes of their prompts. Out: the same workload, with the
longest known beginning of each prompt.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from costctl.arrays import Ints
from costctl.simulate.workload import PrefixTree, Workload


def with_prompts(workload: Workload, call_ids: Ints, prompts: pl.DataFrame) -> Workload:
    """The workload with what is known of its prompts; itself where nothing is.

    call_ids: of each call of the workload.  prompts: rows of the relation pool_prompt.
    """
    known = (
        pl.DataFrame({"call_id": call_ids})
        .with_row_index("place")
        .join(prompts, on="call_id", how="inner")
        .filter(
            pl.col("prefix_keys").list.len() == pl.col("prefix_tokens").list.len(),
            pl.col("prefix_keys").list.len() > 0,
            pl.col("input_tokens") > 0,
        )
        .sort("place")
    )
    if known.is_empty():
        return workload
    lengths = known["prefix_keys"].list.len().to_numpy().astype(np.int64)
    keys = known["prefix_keys"].explode(empty_as_null=False).hash().rank("dense").to_numpy().astype(np.int64)
    sizes = known["prefix_tokens"].explode(empty_as_null=False).to_numpy().astype(np.int64)
    last, tree, ends = _tree(np.concatenate([[0], np.cumsum(lengths)]), keys, sizes)
    place, whole = known["place"].to_numpy().astype(np.int64), known["input_tokens"].to_numpy()
    prefix, tokens, prompt = (
        np.full(workload.size, -1),
        np.zeros(workload.size, np.int64),
        workload.uncached_tokens.copy(),
    )
    last = _within_the_prompt(last, tree, whole)
    prefix[place], prompt[place] = last, whole
    tokens[place] = np.where(last >= 0, np.minimum(ends[last], whole), 0)
    return replace(workload, prefix=prefix, prefix_tokens=tokens, prefix_tree=tree, prompt_tokens=prompt)


def _tree(offset: Ints, keys: Ints, sizes: Ints) -> tuple[Ints, PrefixTree, Ints]:
    """Of each prompt the last beginning, the tree of all, and where each ends, in tokens.

    offset: where the beginnings of each prompt lie among ``keys`` and ``sizes``. A beginning is known by its own hash
    and by those before it. Sizes of one beginning that differ, since they are shares of prompts that were counted as a
    whole, are averaged.
    """
    lengths = np.diff(offset)
    last = np.full(lengths.size, -1, np.int64)
    parents, ends, count = [], [np.zeros(0, np.int64)], 0
    for depth in range(int(lengths.max(initial=0))):
        here = np.flatnonzero(lengths > depth)
        pairs = np.column_stack([last[here], keys[offset[here] + depth]])
        nodes, number = np.unique(pairs, axis=0, return_inverse=True)
        number = number.reshape(-1)
        told = np.bincount(number, sizes[offset[here] + depth]) / np.bincount(number)
        before = np.concatenate(ends)
        begins = np.where(nodes[:, 0] >= 0, np.append(before, 0)[nodes[:, 0]], 0)
        parents.append(nodes[:, 0])
        ends.append(np.maximum(np.rint(told).astype(np.int64), begins))
        last[here] = count + number
        count += nodes.shape[0]
    parent, end = np.concatenate(parents), np.concatenate(ends)
    return last, PrefixTree(parent, np.where(parent >= 0, end[parent], 0)), end


def _within_the_prompt(last: Ints, tree: PrefixTree, most: Ints) -> Ints:
    """Of each prompt the last beginning that begins within its first ``most`` tokens."""
    found = last.copy()
    while (beyond := (found >= 0) & (tree.begins[found] > most)).any():
        found[beyond] = tree.parent[found[beyond]]
    return found
