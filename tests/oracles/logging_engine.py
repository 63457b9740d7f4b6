"""An engine that decodes continuously and reads prompts in chunks, one step after the other, and writes the log
that vLLM writes: what runs and waits at the end of a step, at most every half second.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from costctl.arrays import Floats, Ints
from costctl.service_model.engine_log import EngineLog

REPORT_S = 0.5


@dataclass(frozen=True)
class EngineLaw:
    """A step of b sequences with contexts of C tokens and t prompt tokens takes alpha_s + beta_s·b + gamma_s·t +
    kappa_s·C.
    """

    alpha_s: float
    beta_s: float
    gamma_s: float
    max_num_seqs: int
    max_batched_tokens: int
    kappa_s: float = 0.0


def serve_step_by_step(
    law: EngineLaw,
    arrival_s: Floats,
    prompt_tokens: Ints,
    decode_steps: Ints,
    *,
    report_s: float = REPORT_S,
    counts_steps: bool = False,
) -> tuple[EngineLog, Floats, Floats]:
    """The log, and when each call had its first token and its end. arrival_s: ascending.  report_s: at the end of the
    first step after so long the engine reports.  counts_steps: as vLLM's iteration_tokens_total does.
    """
    size = arrival_s.size
    first_s, end_s = np.full(size, np.nan), np.full(size, np.nan)
    left, to_decode = prompt_tokens.copy(), decode_steps.copy()
    reading: list[int] = []
    decoding: list[int] = []
    rows: list[tuple[float, int, int, float, float, float, float]] = [(0.0, 0, 0, 0.0, 0.0, 0.0, 0.0)]
    now, following, decoded, read, steps = 0.0, 0, 0.0, 0.0, 0.0
    while following < size or reading or decoding:
        if not reading and not decoding:
            now = max(now, float(arrival_s[following]))
        room, carried = max(law.max_batched_tokens - len(decoding), 1), 0
        while following < size and arrival_s[following] <= now:
            asked = sum(int(left[call]) for call in reading)
            if len(reading) + len(decoding) >= law.max_num_seqs or asked >= room:
                break
            reading.append(following)
            following += 1
        for call in reading:
            taken = min(int(left[call]), room - carried)
            left[call] -= taken
            carried += taken
        contexts = sum(
            int(prompt_tokens[call] + decode_steps[call] - to_decode[call]) + 1 for call in decoding
        )
        now += law.alpha_s + law.beta_s * len(decoding) + law.gamma_s * carried + law.kappa_s * contexts
        decoded, read, steps = decoded + len(decoding), read + carried, steps + 1.0
        for call in decoding:
            to_decode[call] -= 1
            end_s[call] = now
        decoding = [call for call in decoding if to_decode[call] > 0]
        for call in [call for call in reading if left[call] == 0]:
            first_s[call] = end_s[call] = now
            decoding += [call] if to_decode[call] > 0 else []
        reading = [call for call in reading if left[call] > 0]
        if now - rows[-1][0] >= report_s:
            waiting = int(np.searchsorted(arrival_s, now, side="right")) - following
            held = sum(
                int(prompt_tokens[call] + decode_steps[call] - to_decode[call]) + 1 for call in decoding
            )
            in_line = max(waiting, 0)
            rows.append((now, len(reading) + len(decoding), in_line, decoded, read, steps, float(held)))
            decoded, read, steps = 0.0, 0.0, 0.0
    at_s, running, pending, tokens, prompts, passed, held_tokens = (
        np.array(column) for column in zip(*rows, strict=True)
    )
    log = EngineLog(at_s, running, pending, tokens, prompts, passed if counts_steps else None, held_tokens)
    return log, first_s, end_s
