"""The application, on Daphne or uvicorn."""

import os
import sys
import urllib.request
from typing import ClassVar

from tools.servers.process import HOST, Server, run_quietly

MANAGE = (sys.executable, "manage.py")

#: The other server (docs/operations.md): `SERVED_BY=uvicorn` in the environment or the settings.
UVICORN = (
    *("--ws", "wsproto", "--ws-per-message-deflate", "false", "--ws-max-size", "16384"),
    *("--log-level", "warning", "--no-server-header", "--no-proxy-headers"),
    *("--lifespan", "off", "--timeout-graceful-shutdown", "4"),
)


class Web:
    """What serves pages and sockets at a loopback port."""

    port: int

    @property
    def url(self) -> str:
        """Where its pages are, without a slash at the end."""
        return f"http://{HOST}:{self.port}"

    @property
    def ws_url(self) -> str:
        """Where its sockets are, without a slash at the end."""
        return f"ws://{HOST}:{self.port}"


class AppServer(Web, Server):
    """One process of the application, with `settings` as its environment variables.

    On Daphne as production starts it, unless the variable `SERVED_BY` is `uvicorn`.
    """

    name = "app"
    application: ClassVar[str] = "spa_project.asgi:application"

    def __init__(self, **settings: str) -> None:
        super().__init__()
        self._settings = settings

    def environment(self) -> dict[str, str]:
        """Our own environment and the given settings."""
        return os.environ | self._settings

    def command(self) -> list[str]:
        """The server on a port of its own."""
        served_by = self.environment().get("SERVED_BY", "")
        return serving(self.application, self.port, served_by)

    def answers(self) -> bool:
        """Whether `/healthz` says so."""
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=5) as response:
                return bool(response.status == 200)
        except OSError:  # URLError is one
            return False


def open_spa(*seed: str, **settings: str) -> None:
    """Make a spa of an empty database, with what `seed` is told; raises `ServerFailed`."""
    run_quietly([*MANAGE, "migrate", "-v", "0"], **settings)
    run_quietly([*MANAGE, "collectstatic", "--no-input", "-v", "0"], **settings)
    run_quietly([*MANAGE, "seed", *seed, "-v", "0"], **settings)


def serving(application: str, port: int, served_by: str = "") -> list[str]:
    """The command of one process on a port, on Daphne unless it is `uvicorn` that serves it."""
    at = ("--port", str(port))
    if served_by == "uvicorn":
        server = ["uvicorn", "--host", HOST, *at, *UVICORN]
    else:
        server = ["spa_project.server", "--bind", HOST, *at]
    return [sys.executable, "-m", *server, application]
