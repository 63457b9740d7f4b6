"""A costctl.toml from what the traces hold: what they show is fetched, and merged into the file that is there."""

from __future__ import annotations

import dataclasses
import os
from collections import Counter
from pathlib import Path
from typing import Final

from costctl.config import FILE_NAME, load_config, parsed_config
from costctl.documents.initialised import Initialised
from costctl.engine.protocol import Engine
from costctl.errors import UsageError
from costctl.observation import Question, observed
from costctl.progress import Progress
from costctl.proposal.found import Found, found
from costctl.proposal.merged import merged
from costctl.verbs.init_engines import with_limits

_NO_SETTINGS: Final = Path(os.devnull)
_CALLS: Final = """
SELECT
    calls.provider,
    calls.model,
    spans.service,
    spans.pool AS named_pool,
    COALESCE(spans.kind = 'server', FALSE) AS is_server,
    COUNT(*) AS calls,
    COUNT(calls.end_ns) AS timed_calls,
    COUNT(*) FILTER (price_gaps.model IS NULL) AS priced_calls,
    LIST(DISTINCT calls.replica) FILTER (calls.is_replica_observed) AS replicas,
    LIST(DISTINCT spans.region) FILTER (spans.region IS NOT NULL) AS regions
FROM calls
INNER JOIN span_tree ON calls.call_id = span_tree.span_key
INNER JOIN spans ON span_tree.store_key = spans.store_key
LEFT JOIN price_gaps
    ON calls.model = price_gaps.model
    AND calls.provider IS NOT DISTINCT FROM price_gaps.provider
    AND calls.day = price_gaps.day
    AND calls.service_tier = price_gaps.service_tier
    AND calls.inference_geo = price_gaps.inference_geo
WHERE calls.pool IS NULL
GROUP BY ALL
ORDER BY ALL
"""
_REQUESTS: Final = """
SELECT
    request_class.request_class,
    requests.is_success,
    requests.duration_s,
    requests.ttft_s,
    requests.tenant,
    requests.start_ns
FROM requests
LEFT JOIN request_class ON requests.request_id = request_class.request_id
ORDER BY requests.request_id
"""
_MODELS: Final = """
SELECT request_class.request_class, calls.model, COUNT(*) AS calls
FROM calls
INNER JOIN request_class ON calls.request_id = request_class.request_id
WHERE calls.model IS NOT NULL
GROUP BY ALL
ORDER BY ALL
"""


def init(question: Question, progress: Progress) -> Initialised:
    """The configuration that the traces suggest, on top of the file that applies; nothing is written.

    Raises UsageError where the settings are in a pyproject.toml, or the file has them in a form that takes no tables.
    """
    path = _target(question.config)
    is_new = not path.exists()
    text = "" if is_new else path.read_bytes().decode()
    applied = dataclasses.replace(question, config=_NO_SETTINGS if is_new else path)
    with observed(applied, progress) as observation:
        settings = observation.config.settings
        progress("Looking at pools, classes and models", None)
        whole = merged(text, settings, _seen(observation.engine))
    _require_loads(path, whole.text)
    return Initialised(
        path=str(path),
        text=whole.text,
        is_new=is_new,
        added=dict(Counter(block.kind for block in whole.added)),
        unpriced_pools=tuple(block.name for block in whole.added if block.kind == "pool" and block.is_active),
    )


def _seen(engine: Engine) -> Found:
    calls = engine.query(_CALLS)
    seen = found(calls, engine.query(_REQUESTS), engine.query(_MODELS))
    return with_limits(seen, calls, engine.fetch("engine_series"))


def _target(explicit: Path | None) -> Path:
    """The file that is asked for, else the one that applies here, else a new one here."""
    here = Path.cwd()
    path = explicit or load_config(None, here).path or Path(FILE_NAME)
    if path.name == "pyproject.toml":
        raise UsageError(
            f"The settings are in {path}.",
            why="init writes a costctl.toml, and never into a pyproject.toml.",
            next_step="Copy what you need of `costctl init --config costctl.toml --dry-run`.",
        )
    return Path(FILE_NAME) if path == here / FILE_NAME else path


def _require_loads(path: Path, text: str) -> None:
    """Raise UsageError where the file would not be read."""
    try:
        parsed_config(path, text.encode())
    except UsageError as error:
        raise UsageError(
            f"Nothing can be added to {path} by itself.",
            why=f"With the new tables at its end it is not valid: {error.why}",
            next_step="Copy what you need of `costctl init --config new.toml --dry-run`.",
        ) from error
