"""``[prices]`` of costctl.toml as values: one's own rates, exchange rates and other names of models.

Everything is as its owner wrote it; ``costctl/pricing/own_rates.py`` turns it into USD per token.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

import msgspec

PerMillion = Annotated[float, msgspec.Meta(ge=0)]
PerThousand = Annotated[float, msgspec.Meta(ge=0)]
PerHour = Annotated[float, msgspec.Meta(ge=0)]
ServiceTier = Literal["default", "batch", "flex", "priority", "fast"]
Tokens = Annotated[int, msgspec.Meta(ge=0)]


class Rate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a model costs per million tokens, from one day until another, the end exclusive.

    provider: None holds for every provider.  above_input_tokens: a tier; it holds, for all tokens of a call, where the
    whole prompt is longer than this.  cached_input and cache_write cost what input costs where they are not given, and
    reasoning what output costs; what is audio, image or video, or written to be kept for an hour, has no price where
    none is given.  web_searches, file_searches, code_runs and requests are per thousand, input_characters per million,
    input_audio_s and output_audio_s per hour of sound; those that are not given are the price book's.  service_tier:
    what it is sold as.  inference_geo: where inference is kept; None holds wherever that is.  is_confirmed: the rate is
    meant, however far it is from what the price book says.
    """

    model: str
    input: PerMillion
    provider: str | None = None
    cached_input: PerMillion | None = None
    cache_write: PerMillion | None = None
    output: PerMillion | None = None
    cache_write_1h: PerMillion | None = None
    input_audio: PerMillion | None = None
    cached_audio: PerMillion | None = None
    output_audio: PerMillion | None = None
    input_image: PerMillion | None = None
    cached_image: PerMillion | None = None
    output_image: PerMillion | None = None
    input_video: PerMillion | None = None
    cached_video: PerMillion | None = None
    output_video: PerMillion | None = None
    reasoning: PerMillion | None = None
    web_searches: PerThousand | None = None
    file_searches: PerThousand | None = None
    code_runs: PerThousand | None = None
    requests: PerThousand | None = None
    input_characters: PerMillion | None = None
    input_audio_s: PerHour | None = None
    output_audio_s: PerHour | None = None
    service_tier: ServiceTier = "default"
    inference_geo: str | None = None
    above_input_tokens: Tokens = 0
    currency: str = "USD"
    from_day: date | None = msgspec.field(default=None, name="from")
    until_day: date | None = msgspec.field(default=None, name="until")
    is_confirmed: bool = False


class ExchangeRate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """USD for one unit of a currency, from one day until another, the end exclusive."""

    currency: str
    usd: Annotated[float, msgspec.Meta(gt=0)]
    from_day: date | None = msgspec.field(default=None, name="from")
    until_day: date | None = msgspec.field(default=None, name="until")


class PriceSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """aliases: the name that calls carry → "provider/model" whose price they have.

    unpriced: what a call costs of which no price is known: "unknown", or "recorded", what its own record says.
    """

    rates: tuple[Rate, ...] = ()
    exchange_rates: tuple[ExchangeRate, ...] = ()
    aliases: dict[str, str] = {}
    unpriced: Literal["unknown", "recorded"] = "unknown"
