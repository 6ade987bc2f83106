"""Migrate an embedded database, seed it when it is empty, and serve it."""

import os
import socket
from collections.abc import Sequence
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import reverse

from accounts.demo import keep, kept_logins
from spa_project import seeding
from spa_project.lib.local_addresses import ALL_INTERFACES, reachable_addresses
from spa_project.lib.web.qr import qr_for_terminal

SCREENS = ("home", "menu", "board", "therapist", "cashier", "monitor", "admin:index")
SIMULATED_SPEED = 60.0  # an hour's massage takes a minute


class Command(BaseCommand):
    """`manage.py demo [--bind ADDRESS] [--port PORT] [--simulate]`, what `make demo` starts."""

    help = "Migrate, seed when empty, and serve the spa from one process."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=int(os.environ.get("PORT") or 8000))
        parser.add_argument(
            "--bind",
            default=os.environ.get("HOST") or "127.0.0.1",
            metavar="ADDRESS",
            help="0.0.0.0 opens it to phones and tablets of the local network",
        )
        parser.add_argument(
            "--simulate",
            action="store_true",
            default=bool(os.environ.get("SIMULATE")),
            help="let customers come, and staff work by itself",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.EMBEDDED:
            raise CommandError("The demo runs on SQLite; see docs/operations.md for production.")
        call_command("migrate", verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        seed_when_empty()
        bind, port = options["bind"], options["port"]
        if not _is_free(bind, port):
            raise CommandError(f"Port {port} is taken. Try another: PORT={port + 1} make demo")
        others = open_to(bind, port)
        here = f"http://{'127.0.0.1' if bind in ALL_INTERFACES else bind}:{port}"

        def ready() -> None:
            self._welcome(here, others, simulated=options["simulate"])
            if options["simulate"]:
                _simulate(here)

        self._serve(bind, port, ready)

    def _welcome(self, here: str, others: Sequence[str], *, simulated: bool) -> None:
        self.stdout.write("\nThe spa is open.\n\n")
        for screen in SCREENS:
            self.stdout.write(f"  {screen.split(':')[0]:<14}{here}{reverse(screen)}")
        if others:
            self._welcome_phones(others)
        self.stdout.write("\nLogins (kept in the data folder, for the demo only):\n")
        for username, password in kept_logins().items():
            self.stdout.write(f"  {username:<14}{password}")
        if simulated:
            self.stdout.write("\nA simulated floor: therapist4 and cashier2 are yours to play.")
        self.stdout.write("\nCtrl-C closes it.")
        self.stdout.flush()

    def _welcome_phones(self, others: Sequence[str]) -> None:
        self.stdout.write("\nFrom phones and tablets of this network (scan the first one):\n")
        for address in others:
            self.stdout.write(f"  {address}/")
        self.stdout.write("\n" + qr_for_terminal(f"{others[0]}/"))

    def _serve(self, bind: str, port: int, ready: Any) -> None:
        # Imported here, because it installs Twisted's reactor, which no other command needs.
        from spa_project import server
        from spa_project.asgi import application

        server.serve([server.tcp(bind, port)], application, ready)


def open_to(bind: str, port: int) -> list[str]:
    """Allow the addresses that other machines reach, and point QR codes there; return their URLs.

    `PUBLIC_URL` comes first: nobody in a container knows the address of its published port.
    """
    addresses = reachable_addresses(bind)
    urls = [f"http://{address}:{port}" for address in addresses]
    if settings.PUBLIC_URL:
        addresses = [str(urlsplit(settings.PUBLIC_URL).hostname), *addresses]
        urls = [settings.PUBLIC_URL.rstrip("/"), *urls]
    elif urls:
        settings.PUBLIC_URL = urls[0]
    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, *addresses]
    return urls


def seed_when_empty() -> None:
    """Create the staff at the first start, and store their logins for later ones."""
    if seeding.is_empty():
        keep(seeding.seed(therapists=4, cashiers=2, rooms=4, password=None))


def _simulate(origin: str) -> None:
    """Run the simulation through our own sockets until this process ends."""
    options = {"url": origin, "steady": True, "speed": SIMULATED_SPEED, "verbosity": 0}
    Thread(target=call_command, args=("simulate",), kwargs=options, daemon=True).start()


def _is_free(bind: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((bind, port))
        except OSError:
            return False
    return True
