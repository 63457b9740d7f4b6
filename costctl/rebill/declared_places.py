"""Where do bought calls go, by what the settings declare of their providers?

In: the frame of calls, ``[providers]``, a class. Out: what is declared of each provider that its calls went to; of one
that is not named, nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from costctl.documents.data_settings import ProviderSettings
from costctl.pricing.declared_providers import declared_provider


def declared_places(
    frame: pl.DataFrame, providers: Mapping[str, ProviderSettings], request_class: str
) -> tuple[ProviderSettings, ...]:
    """In order of the names of the providers."""
    names = frame.filter(pl.col("request_class") == request_class)["provider"].unique().sort().to_list()
    return tuple(declared_provider(providers, name) for name in names)
