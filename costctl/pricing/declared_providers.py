"""What do the settings say of the provider that a trace writes so? [providers.NAME], by any spelling of its name.

In: ``[providers]``, a provider as a trace spells it. Out: what is declared of it; nothing is declared of one that the
settings do not name, and of calls that name none.
"""

from __future__ import annotations

from collections.abc import Mapping

from costctl.documents.data_settings import ProviderSettings
from costctl.pricing.provider_names import provider_id


def declared_provider(providers: Mapping[str, ProviderSettings], written: str | None) -> ProviderSettings:
    """What is declared of the provider."""
    if written is None:
        return ProviderSettings()
    if written in providers:
        return providers[written]
    asked = provider_id(written)
    found = (each for name, each in providers.items() if asked is not None and provider_id(name) == asked)
    return next(found, ProviderSettings())
