"""What the live measures stand on: private servers, a seeded spa, people who have logged in."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

from benchmarks.lives import Desks
from benchmarks.peers.servers import OnDaphne, OnGunicorn, OnUvicorn, Side
from benchmarks.sockets import Address
from spa_project.tests.servers import MariaDB, Redis, run_quietly

STAFF = 8
MONITORS = 10
SOCKET_IO = "/socket.io/?EIO=4&transport=websocket"

Asgi = OnDaphne | OnUvicorn


@dataclass
class Stage:
    """One spa on one database, and every side that can be started on it."""

    database: MariaDB
    redis: Redis

    @property
    def settings(self) -> dict[str, str]:
        """Our floor's environment."""
        return {
            "DATABASE_URL": self.database.url,
            "REDIS_URL": self.redis.url,
            "SECRET_KEY": os.environ["SECRET_KEY"],
            "RATE_LIMITS": "off",
        }

    def ours(self, kind: type[Asgi] = OnDaphne, *, redis: bool = True) -> Asgi:
        """Our floor."""
        return kind("ours", self.settings | ({} if redis else {"REDIS_URL": ""}))

    def stock(self) -> OnDaphne:
        """Channels as documented, with our settings."""
        return OnDaphne("stock", self.settings)

    def bare(self, kind: type[Asgi], *, redis: bool) -> Asgi:
        """The loop over sockets, with or without a hop through Redis."""
        return kind("bare", {"REDIS_URL": self.redis.url if redis else ""})

    def flask(self, *, redis: bool) -> OnGunicorn:
        """The original system's stack, on a database of its own in the same server."""
        settings = {
            "DATABASE_URL": f"{self.database.url}_peer",
            "REDIS_URL": self.redis.url if redis else "",
        }
        run_quietly([sys.executable, "-m", "benchmarks.peers.flask_floor", str(STAFF)], **settings)
        return OnGunicorn("flask_floor", settings)

    def cookie(self, username: str) -> str:
        """The cookie of somebody who has logged in."""
        from django.test import Client

        from accounts.models import User

        client = Client()
        client.force_login(User.objects.get(username=username))
        return f"sessionid={client.cookies['sessionid'].value}"

    @cached_property
    def monitor_cookie(self) -> str:
        """The cookie of the monitors' account."""
        return self.cookie("monitor1")

    def monitor(self, side: Side) -> Address:
        """A monitor's socket on any side."""
        if isinstance(side, OnGunicorn):
            return Address(side.port, SOCKET_IO, socket_io="monitor_subscribe")
        return Address(side.port, "/ws/monitor/", self.monitor_cookie)

    def truth(self, shows: frozenset[str]) -> dict[str, int]:
        """What a screen of these statuses and the rooms should show: the version of each row."""
        from queueing.models import Room, Transaction

        rows = Transaction.objects.filter(status__in=shows).values_list("pk", "version")
        rooms = Room.objects.values_list("number", "version")
        return {f"transaction {pk}": version for pk, version in rows} | {
            f"room {number}": version for number, version in rooms
        }

    def our_desks(self, side: Side, *, staff: int = STAFF, monitors: int = MONITORS) -> Desks:
        """Our people, each logged in; their customers; the monitors."""
        from catalog.models import ServiceClassification

        def desk(role: str, number: int) -> Address:
            return Address(side.port, f"/ws/{role}/", self.cookie(f"{role}{number}"))

        numbers = range(1, staff + 1)
        return Desks(
            customers=[Address(side.port, "/ws/customer/?branch=main")] * staff,
            therapists=[desk("therapist", number) for number in numbers],
            cashiers=[desk("cashier", number) for number in numbers],
            monitors=[self.monitor(side)] * monitors,
            offers=list(ServiceClassification.objects.values_list("pk", flat=True)[:2]),
            rooms=[str(number) for number in numbers],
        )

    def their_desks(self, side: Side, *, staff: int = STAFF, monitors: int = MONITORS) -> Desks:
        """The same people on the original system's stack, known by their tokens."""

        def desk(role: str, **own: str) -> Address:
            return Address(side.port, SOCKET_IO, socket_io=f"{role}_subscribe", own=own)

        numbers = range(1, staff + 1)
        return Desks(
            customers=[desk("customer")] * staff,
            therapists=[desk("therapist", therapist_token=f"t{number}") for number in numbers],
            cashiers=[desk("cashier", cashier_token=f"c{number}") for number in numbers],
            monitors=[self.monitor(side)] * monitors,
            offers=[1, 2],
        )


@contextmanager
def stage() -> Iterator[Stage]:
    """Servers with a seeded database that answers a commit when it is on the disk."""
    from benchmarks.engine import set_up

    with MariaDB(durable=True) as database, Redis() as redis:
        set_up(database.url)
        from django.core.management import call_command
        from django.db import connection

        from spa_project.seeding import seed

        call_command("migrate", verbosity=0)
        seed(therapists=STAFF, cashiers=STAFF, rooms=STAFF, password="only-here", quiet=True)
        with connection.cursor() as cursor:
            cursor.execute("CREATE DATABASE spa_peer")
        yield Stage(database, redis)
