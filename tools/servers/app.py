"""Application server processes, on Daphne or uvicorn."""

import os
import sys
import urllib.request
from typing import ClassVar

from tools.servers.migrated import migrate
from tools.servers.process import HOST, Place, Server, run_quietly

MANAGE = (sys.executable, "manage.py")

#: The alternative server (docs/operations.md): `SERVED_BY=uvicorn` in the environment or the
#: settings.
UVICORN = (
    *("--ws", "wsproto", "--ws-per-message-deflate", "false", "--ws-max-size", "16384"),
    *("--log-level", "warning", "--no-server-header", "--no-proxy-headers"),
    *("--lifespan", "off", "--timeout-graceful-shutdown", "4"),
)


class Web:
    """Server of pages and sockets on a port, of this machine unless `place` says otherwise."""

    port: int
    place = Place(HOST, HOST)

    @property
    def url(self) -> str:
        """Return the base URL of the pages, without a trailing slash."""
        return f"http://{self.place.host}:{self.port}"

    @property
    def ws_url(self) -> str:
        """Return the base URL of the sockets, without a trailing slash."""
        return f"ws://{self.place.host}:{self.port}"


class AppServer(Web, Server):
    """Process of the application, with `settings` as its environment variables.

    It runs on Daphne as production starts it, unless the variable `SERVED_BY` is `uvicorn`.
    """

    name = "app"
    application: ClassVar[str] = "spa_project.asgi:application"

    def __init__(self, **settings: str) -> None:
        super().__init__()
        self._settings = settings

    def environment(self) -> dict[str, str]:
        """Return this process's environment with the given settings."""
        return os.environ | self._settings

    def command(self) -> list[str]:
        """Return the command line of the server on its port."""
        served_by = self.environment().get("SERVED_BY", "")
        return serving(self.application, self.port, served_by, host=self.place.host)

    def answers(self) -> bool:
        """Return whether `/healthz` is 200."""
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=5) as response:
                return bool(response.status == 200)
        except OSError:  # URLError is a subclass
            return False


def open_spa(*seed: str, **settings: str) -> None:
    """Migrate an empty database and seed it with the options `seed`; raise `ServerFailed`."""
    migrate(**settings)
    run_quietly([*MANAGE, "collectstatic", "--no-input", "-v", "0"], **settings)
    run_quietly([*MANAGE, "seed", *seed, "-v", "0"], **settings)


def reset_spa(*seed: str, **settings: str) -> None:
    """Empty a private database of tests, and seed it with the options `seed`.

    `seed --reset` would refuse to: tests take payments with ordinary accounts.
    """
    reset = f"""
from django.core.management import call_command
from spa_project.seeding import clear
clear()
call_command("seed", *{seed!r}, verbosity=0)
"""
    run_quietly([*MANAGE, "shell", "-v", "0", "-c", reset], **settings)


def serving(application: str, port: int, served_by: str = "", *, host: str = HOST) -> list[str]:
    """Return the command line of one process on a port; on Daphne unless `served_by` is uvicorn."""
    at = ("--port", str(port))
    if served_by == "uvicorn":
        server = ["uvicorn", "--host", host, *at, *UVICORN]
    else:
        server = ["spa_project.server", "--bind", host, *at]
    return [sys.executable, "-m", *server, application]
