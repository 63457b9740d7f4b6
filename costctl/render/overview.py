"""What is at hand and what to do with it, for whoever types ``costctl`` alone."""

from __future__ import annotations

from costctl.documents.overview import Overview
from costctl.documents.store_info import StoreInfo
from costctl.render.numbers import plural
from costctl.render.sections import Facts, Section
from costctl.render.store_info import at_minute, held_period, in_megabytes
from costctl.render.view import View

_WHAT_IT_IS = (
    "costctl tells from traces and logs of AI inference what each kind of request",
    "costs, what to change, and what is not measured. It runs here and sends nothing.",
)


def screen(document: Overview, view: View) -> list[Section]:
    """The store and the questions that it can answer; or the first commands, where there is none."""
    if document.store is None:
        return _first_steps(document.path, view)
    to_ask = (
        ("What it cost", view.command("analyze")),
        ("What to change", view.command("recommend")),
        ("What is missing", view.command("doctor")),
        ("Add traces", f"{view.command('ingest')} PATH"),
        ("Settings", document.config or f"none yet: {view.command('init')} writes costctl.toml"),
        ("Next", view.command("analyze")),
    )
    return [Facts((("", _loaded(document.store)), ("", _held(document.store)))), Facts(to_ask)]


def _held(store: StoreInfo) -> str:
    held = held_period(store) if store.spans else "no spans"
    return f"{held} · {plural(store.traces, 'trace')} · {plural(store.model_spans, 'model span')}"


def _loaded(store: StoreInfo) -> str:
    size = in_megabytes(store.file_bytes)
    loaded = f"last loaded {at_minute(store.last_loaded)} UTC"
    return f"{store.path}: {plural(len(store.sources), 'source')}, {size}, {loaded}"


def _first_steps(path: str, view: View) -> list[Section]:
    steps = (
        ("Traces or logs", f"{view.command('analyze')} PATH  (files, folders, globs, s3://, or -)"),
        ("Only to try it", "costctl synth shop --world shop && costctl analyze shop"),
        ("Every command", "costctl --help"),
        ("Next", f"{view.command('analyze')} PATH"),
    )
    return [
        Facts(tuple(("", line) for line in _WHAT_IT_IS)),
        Facts((("", f"Nothing is loaded yet: there is no store at {path}."),)),
        Facts(steps),
    ]
