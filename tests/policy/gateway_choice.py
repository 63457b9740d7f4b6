"""Which rule of an HTTPRoute takes a request? A slow twin of what every Gateway does, by the words of its
specification: an exact path before a prefix, then more headers, then the first rule.
https://gateway-api.sigs.k8s.io/reference/spec/#httprouterule
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Request:
    """path: as it is asked.  headers: with the model that its body names."""

    path: str
    headers: Mapping[str, str]


def chosen(route: Mapping[str, Any], request: Request) -> int:
    """The number of the rule."""
    fitting = [
        (match["path"]["type"] == "Exact", len(match.get("headers", ())), -number)
        for number, rule in enumerate(route["spec"]["rules"])
        for match in rule["matches"]
        if _fits(match, request)
    ]
    return -max(fitting)[2]


def _fits(match: Mapping[str, Any], request: Request) -> bool:
    path = match["path"]
    is_path = request.path == path["value"] if path["type"] == "Exact" else path["value"] == "/"
    return is_path and all(
        request.headers.get(header["name"]) == header["value"] for header in match.get("headers", ())
    )
