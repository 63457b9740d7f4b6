"""``costctl serve``: the weekly review live, and a receiver of OTLP/HTTP that fills the store."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from costctl.cli import options
from costctl.cli.groups import grouped
from costctl.cli.options import Feedback
from costctl.config import DEFAULT_STORE
from costctl.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from costctl.documents.ingestion import IngestReport

_MB: Final = 1_000_000
_MOST_CALLERS: Final = 1024  # that wait to be heard


@grouped
def run(
    *,
    host: Annotated[
        str,
        typer.Option(
            "--host", metavar="ADDRESS", help="Address to listen on; others than loopback reach a network."
        ),
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port; 0 takes a free one.")] = 4318,
    refresh: Annotated[
        str,
        typer.Option("--refresh", metavar="DURATION", help="Least time between two drawings of the page."),
    ] = "60s",
    most_body: Annotated[
        int, typer.Option("--max-body-mb", min=1, max=1024, help="Largest body that is taken, unpacked.")
    ] = 32,
    most_waiting: Annotated[
        int,
        typer.Option(
            "--max-inbox-mb", min=1, help="Most that may wait to be loaded; then senders are told to wait."
        ),
    ] = 1024,
    store: options.Store = None,
    config: options.Config = None,
    wait: options.Wait = None,
    feedback: Feedback,
) -> None:
    """Serve the weekly review and receive OTLP.

    The page is at /, OTLP/HTTP at /v1/traces and /v1/logs, /metrics and /healthz beside them. What is acknowledged is
    on disk, in a folder beside the store, and loaded from there.
    """
    try:
        import uvicorn

        from costctl.serve.app import application, is_loopback
    except ImportError as error:
        raise UsageError(
            "costctl serve needs packages that are not installed.",
            why="They are an extra, since nothing else needs them.",
            next_step="Install them: pip install 'costctl[serve]'.",
        ) from error
    from costctl import verbs
    from costctl.render.open_metrics import open_metrics_text
    from costctl.report.page import as_page
    from costctl.serve.inbox import Inbox
    from costctl.serve.keeper import Drawn, Keeper

    place = store or DEFAULT_STORE
    refresh_s, wait_s = options.seconds(refresh, "--refresh"), options.seconds(wait, "--wait")
    inbox = Inbox(place.with_name(f"{place.name}.inbox"), most_waiting * _MB)

    def load(paths: Sequence[Path]) -> IngestReport:
        return verbs.load_received(paths, place, config, wait_s)

    def draw() -> Drawn:
        families = verbs.current_metrics(place, config, wait_s).families
        page = as_page(verbs.current_review(place, config, wait_s))
        return Drawn(page, open_metrics_text(families).removesuffix("# EOF\n"))

    keeper = Keeper(inbox, load, draw, refresh_s)
    with _listening(host, port) as listening:
        if not is_loopback(host):
            typer.echo("Warning: whoever reaches this address can send traces and read the review.", err=True)
        if not feedback.quiet:
            shown = f"[{host}]" if ":" in host else host
            typer.echo(f"Serving http://{shown}:{listening.getsockname()[1]}/ (stop with Ctrl-C)", err=True)
        server = uvicorn.Server(
            uvicorn.Config(
                application(inbox, keeper, host, most_body * _MB),
                log_level="warning",
                access_log=False,
                server_header=False,
                lifespan="off",
            )
        )
        keeper.start()
        try:
            server.run(sockets=[listening])
        finally:
            keeper.stop()


def _listening(host: str, port: int) -> socket.socket:
    """A socket that is bound. Raises UsageError where the address is taken, or none."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((host, port))
        found.listen(_MOST_CALLERS)  # from here on callers wait, and are not turned away
    except OSError as error:
        found.close()
        raise UsageError(
            f"Cannot listen on port {port} of {host}.",
            why=f"{error.strerror or 'It is no address of this machine'}.",
            next_step="Name another with --port, or --port 0 for a free one.",
        ) from error
    return found
