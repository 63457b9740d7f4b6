"""Which line of costctl.toml makes a candidate advice? As ``missing`` names it: ``classes.chat.deferrable = true``."""

from __future__ import annotations

from costctl.documents.setting_names import toml_key


def line_of(request_class: str, key: str, value: str) -> str:
    """The setting of a class. value: as TOML writes it.  A name that TOML does not take bare is quoted."""
    return f"classes.{toml_key(request_class)}.{key} = {value}"
