"""Everything at once on an embedded database: migrate, seed when empty, serve."""

import json
import os
import socket
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import reverse

from spa_project import seeding

LOGINS = "demo_logins.json"
SCREENS = ("home", "menu", "board", "therapist", "cashier", "monitor", "admin:index")


class Command(BaseCommand):
    """`manage.py demo [--port PORT]`, what `make demo` starts."""

    help = "Migrate, seed when empty, and serve the spa from one process."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=int(os.environ.get("PORT") or 8000))
        parser.add_argument("--bind", default="127.0.0.1", metavar="ADDRESS")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.EMBEDDED:
            raise CommandError("The demo runs on SQLite; see docs/operations.md for production.")
        call_command("migrate", verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        logins = self._logins()
        bind, port = options["bind"], options["port"]
        if not _is_free(bind, port):
            raise CommandError(f"Port {port} is taken. Try another: PORT={port + 1} make demo")
        self._serve(bind, port, lambda: self._welcome(f"http://{bind}:{port}", logins))

    def _logins(self) -> dict[str, str]:
        """The demo's logins: made now, or those of the first start (readable by you alone)."""
        path = _logins_path()
        if seeding.is_empty():
            made = seeding.seed(therapists=4, cashiers=2, rooms=4, password=None)
            path.touch(mode=0o600)
            path.write_text(json.dumps({login.username: login.password for login in made}))
        return json.loads(path.read_text()) if path.exists() else {}

    def _welcome(self, origin: str, logins: dict[str, str]) -> None:
        self.stdout.write("\nThe spa is open.\n\n")
        for screen in SCREENS:
            self.stdout.write(f"  {screen.split(':')[0]:<14}{origin}{reverse(screen)}")
        self.stdout.write("\nLogins (kept in the data folder, for the demo only):\n")
        for username, password in logins.items():
            self.stdout.write(f"  {username:<14}{password}")
        self.stdout.write("\nCtrl-C closes it.")
        self.stdout.flush()

    def _serve(self, bind: str, port: int, ready: Any) -> None:
        # Imported here: it installs Twisted's reactor, which no other command wants.
        from daphne.endpoints import build_endpoint_description_strings
        from daphne.server import Server

        from spa_project.asgi import application
        from spa_project.lib.sockets import MAX_MESSAGE, MAX_SNAPSHOT

        Server(
            application=application,
            endpoints=build_endpoint_description_strings(host=bind, port=port),
            websocket_max_message_size=MAX_SNAPSHOT,
            websocket_max_frame_size=MAX_MESSAGE,
            ready_callable=ready,
            server_name="",
        ).run()


def _logins_path() -> Path:
    """Beside the database they belong to."""
    return Path(str(settings.DATABASES["default"]["NAME"])).with_name(LOGINS)


def _is_free(bind: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((bind, port))
        except OSError:
            return False
    return True
