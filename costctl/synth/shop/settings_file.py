"""The costctl.toml of a shop: what its owners would declare of their applications. Nothing of what could be saved."""

from __future__ import annotations

import json

from costctl.synth.shop.world import App, Shop


def settings_text(shop: Shop) -> str:
    """TOML that costctl.config reads."""
    blocks = [
        f"# What the applications of {shop.name} need.\n",
        *dict.fromkeys(_class(app) for app in shop.apps if _says(app)),
    ]
    return "\n".join(blocks)


def _says(app: App) -> bool:
    return bool(app.e2e_p95 or app.is_deferrable or app.allowed_models)


def _class(app: App) -> str:
    lines = [f"[classes.{app.name}]"]
    if app.e2e_p95 is not None:
        lines.append(f"slo = {{ e2e_p95 = {json.dumps(app.e2e_p95)} }}")
    if app.is_deferrable:
        lines.append("deferrable = true")
    if app.allowed_models:
        lines.append(f"allowed_models = {json.dumps(app.allowed_models)}")
    return "\n".join(lines) + "\n"
