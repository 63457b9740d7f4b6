"""Which prompts begin alike, and which are the same? Hashes of prompts up to the end of each part, and their sizes.

Shape in: prompts and the tokens that their calls report.  Shape out: the columns prefix_keys, prefix_tokens,
prefix_blocks and content_key of the spans. The first prefix ends with the tools and the system prompt, each further one
with a message. The text itself is not kept. Hashes are keyed by the salt of the configuration: without it nobody finds
what was said by hashing guesses.

Tokens of a prefix are its share of the prompt's characters, of the tokens that the call reports: an estimate, exact for
the whole prompt. Where a prompt holds a file or an image, whose tokens no characters tell, sizes are not known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any, Final

import numpy as np
import pyarrow as pa

from costctl.arrays import Bools
from costctl.ingest.content_blocks import positions_of
from costctl.ingest.message_parts import Part
from costctl.ingest.prompt_parts import Prompt

_DIGEST_BYTES: Final = 8
_LONGEST_SALT: Final = 64


def prefix_columns(
    prompts: Mapping[int, Prompt], columns: Mapping[str, pa.Array], are_calls: Bools, salt: str
) -> dict[str, pa.Array]:
    """The columns of the spans that are calls; nothing where none of them has a prompt.

    prompts: by row.  columns: input_tokens and model_requested, where there are such.
    """
    rows = [row for row in sorted(prompts) if are_calls[row]]
    if not rows:
        return {}
    keys: list[list[str] | None] = [None] * are_calls.size
    sizes: list[list[int] | None] = [None] * are_calls.size
    blocks: list[list[int] | None] = [None] * are_calls.size
    contents: list[str | None] = [None] * are_calls.size
    tokens, models = (_at(columns.get(name), rows) for name in ("input_tokens", "model_requested"))
    for row, input_tokens, model in zip(rows, tokens, models, strict=True):
        prompt = prompts[row]
        parts = prompt.parts
        keys[row], whole = _keys(parts, salt)
        if input_tokens is not None and all(part.is_all_text for part in parts):
            sizes[row] = prefix_tokens(parts, input_tokens)
        blocks[row] = positions_of(part.blocks for part in parts)
        whole.update(prompt.decides + (model or "").encode())
        contents[row] = whole.hexdigest()
    return {
        "prefix_keys": pa.array(keys, pa.list_(pa.string())),
        "prefix_tokens": pa.array(sizes, pa.list_(pa.int64())),
        "prefix_blocks": pa.array(blocks, pa.list_(pa.int64())),
        "content_key": pa.array(contents, pa.string()),
    }


def _keys(parts: tuple[Part, ...], salt: str) -> tuple[list[str], Any]:
    """The key of each prefix, and the hash, to be gone on with."""
    running = blake2b(digest_size=_DIGEST_BYTES, key=salt.encode()[:_LONGEST_SALT])
    keys: list[str] = []
    for part in parts:
        running.update(len(part.said).to_bytes(8, "little"))
        running.update(part.said)
        keys.append(running.copy().hexdigest())
    return keys, running


def prefix_tokens(parts: tuple[Part, ...], input_tokens: int) -> list[int]:
    """Tokens up to the end of each part; the last is the whole prompt."""
    characters = np.cumsum([part.characters for part in parts])
    if characters[-1] == 0:
        return [0] * (len(parts) - 1) + [input_tokens]
    shares: list[int] = np.floor(characters * (input_tokens / characters[-1]) + 0.5).astype(np.int64).tolist()
    return [*shares[:-1], input_tokens]


def prefix_tokens_of_blocks(
    blocks: Sequence[object] | None, block_tokens: int | None, input_tokens: int | None
) -> list[int] | None:
    """Tokens up to the end of each block of so many, where both are known; the last block may be cut short."""
    if not blocks or not block_tokens:
        return None
    most = len(blocks) * block_tokens if input_tokens is None else input_tokens
    return [min(block_tokens * number, most) for number in range(1, len(blocks) + 1)]


def _at(array: pa.Array | None, rows: list[int]) -> list[Any]:
    return [None] * len(rows) if array is None else array.take(pa.array(rows)).to_pylist()
