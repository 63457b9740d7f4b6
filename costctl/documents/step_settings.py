"""How long the steps of a pool's engine take, as costctl.toml declares it where nothing in the traces tells."""

from __future__ import annotations

import msgspec

from costctl.units import duration_s


class StepSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Durations ("12.9ms"). A step of n sequences takes ``step`` + n · ``sequence``; prefill takes ``prompt_token`` for
    each token that no cache gave.
    """

    step: str
    prompt_token: str
    sequence: str = "0ms"

    def __post_init__(self) -> None:
        """Refuse text that is no duration, and steps and tokens that take no time."""
        duration_s(self.sequence)
        if not all(duration_s(each) > 0.0 for each in (self.step, self.prompt_token)):
            raise ValueError("step and prompt_token must be longer than 0")

    @property
    def alpha_beta_gamma_s(self) -> tuple[float, float, float]:
        """Seconds of a step, of each of its sequences, and of a prompt token."""
        return duration_s(self.step), duration_s(self.sequence), duration_s(self.prompt_token)
