"""The server of one process (Daphne), which ends by a graceful shutdown.

python -m spa_project.server --unix /run/spa/web1.sock
python -m spa_project.server --port 8001
python -m spa_project.server --unix /run/spa/web1.sock --bind 10.0.0.11 --port 8001
"""

import argparse
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from daphne.utils import import_by_path

from spa_project.lib.daphne import GracefulServer  # first: it installs Twisted's reactor

APPLICATION = "spa_project.asgi:application"
#: Connections that wait to be accepted while the process is busy (the listen backlog).
BACKLOG = 1024


def serve(
    endpoints: Sequence[str], application: Any, ready: Callable[[], None] | None = None
) -> None:
    """Serve at endpoints in Twisted's notation, until SIGTERM or SIGINT."""
    from spa_project.lib.realtime.consumer import MAX_MESSAGE

    server = GracefulServer(
        application=application,
        endpoints=list(endpoints),
        websocket_max_message_size=MAX_MESSAGE,
        websocket_max_frame_size=MAX_MESSAGE,
        http_timeout=60,
        verbosity=0,  # Daphne's own access log prints query strings
        ready_callable=ready,
        server_name="",
    )
    server.run()
    if server.abort_start:
        raise SystemExit(f"Cannot listen at {' and '.join(endpoints)}.")


def tcp(bind: str, port: int) -> str:
    """Return the endpoint of a port; `bind` may be an IPv6 address."""
    address = bind.strip("[]").replace(":", r"\:")
    return f"tcp:port={port}:interface={address}:backlog={BACKLOG}"


def unix(path: Path) -> str:
    """Return the endpoint of a Unix socket; delete one that a crash left behind."""
    path.unlink(missing_ok=True)
    return f"unix:{path}:mode=666:backlog={BACKLOG}:lockfile=0"


def _endpoints(options: argparse.Namespace) -> Iterator[str]:
    if options.unix:
        yield unix(options.unix)
    if options.port is not None:
        yield tcp(options.bind, options.port)


def _start_the_watchdog() -> None:
    """Begin to notify systemd as soon as the event loop runs."""
    from twisted.internet import reactor

    from spa_project.lib import watchdog

    run_later: Any = reactor
    run_later.callLater(0, watchdog.start)


def main() -> None:
    """Start the server from the command line, as systemd and containers do."""
    parser = argparse.ArgumentParser(description="One process of the spa.")
    parser.add_argument("--bind", default="127.0.0.1", metavar="ADDRESS")
    parser.add_argument("--port", type=int)
    parser.add_argument("--unix", type=Path, metavar="PATH")
    parser.add_argument("application", nargs="?", default=APPLICATION)
    options = parser.parse_args()
    if not (endpoints := list(_endpoints(options))):
        parser.error("one of --port and --unix is needed, or both")
    serve(endpoints, import_by_path(options.application), _start_the_watchdog)
    # Python would wait for threads that still wait for a database lock.
    os._exit(0)


if __name__ == "__main__":
    main()
