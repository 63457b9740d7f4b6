"""A contract as a person writes it, of one interface of the sample, which breaks some of what it declares."""

from __future__ import annotations

from typing import Final

WRITTEN: Final = """
schema_version = "costctl.contract/v1"

[drafted]
costctl_version = "by hand"
requests = 600

[[interfaces]]
kind = "model"
stage = "model_call"
operation = "chat"
name = "llama-3.1-8b"
requests = 250
calls = 260
note = "owned by the platform team"
success = {basis = "measured", samples = 250, broken = 12}
timeout = {basis = "declared", value_s = 6.5}
retries = {basis = "declared", most = 1}
fallback = {basis = "declared", value = "the greeting"}
attributes = [
    {name = "input_tokens", type = "integer", presence = "required", basis = "measured", samples = 250, carried = 250},
    {name = "region", type = "text", presence = "required", basis = "declared", values = ["eu-west-1"]},
]
"""
