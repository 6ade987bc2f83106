"""Environment of the live benchmarks: private servers, a seeded spa, logged-in staff."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from benchmarks.engine import set_up
from benchmarks.lives import Desks
from benchmarks.peers.servers import AsInProduction, OnDaphne, OnGunicorn, OnUvicorn, Side
from benchmarks.sockets import Address
from tools.servers import MariaDB, Redis, run_quietly

STAFF = 8
MONITORS = 10
SOCKET_IO = "/socket.io/?EIO=4&transport=websocket"

Asgi = OnDaphne | OnUvicorn


@dataclass
class Stage:
    """One spa on one database, and every side that can be started on it."""

    database_url: str
    #: Empty without Redis.
    redis_url: str
    #: Directory of the collected static files, for measures that request pages.
    static_root: str = ""
    _cookies: dict[str, str] = field(default_factory=dict)

    @property
    def settings(self) -> dict[str, str]:
        """Return our floor's environment variables."""
        return {
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis_url,
            "SECRET_KEY": os.environ["SECRET_KEY"],
            "RATE_LIMITS": "off",
            **({"STATIC_ROOT": self.static_root} if self.static_root else {}),
        }

    def ours(self, served_by: str = "", *, redis: bool = True) -> Side:
        """Return a process of our floor, as production starts it."""
        alone = {} if redis else {"REDIS_URL": ""}
        return AsInProduction("ours", self.settings | {"SERVED_BY": served_by} | alone)

    def without(self, optimization: str) -> Side:
        """Return a process of our floor without Redis and without one of its optimizations."""
        settings = self.settings | {"REDIS_URL": "", "WITHOUT": optimization}
        return AsInProduction("without", settings)

    def stock(self) -> OnDaphne:
        """Return Channels as documented, with our settings."""
        return OnDaphne("stock", self.settings)

    def bare(self, kind: type[Asgi], *, redis: bool) -> Asgi:
        """Return the loop over sockets, with or without a hop through Redis."""
        return kind("bare", {"REDIS_URL": self.redis_url if redis else ""})

    def flask(self, *, redis: bool, lean: bool = False) -> OnGunicorn:
        """Return the original system's stack, on a database of its own in the same server."""
        settings = {
            "DATABASE_URL": f"{self.database_url}_{'lean' if lean else 'peer'}",
            "REDIS_URL": self.redis_url if redis else "",
            **({"LEAN": "1"} if lean else {}),
        }
        run_quietly([sys.executable, "-m", "benchmarks.peers.flask_floor", str(STAFF)], **settings)
        return OnGunicorn("flask_floor", settings)

    def cookie(self, username: str) -> str:
        """Return the session cookie of a user, logged in once for all sides."""
        if username not in self._cookies:
            self._cookies[username] = self._log_in(username)
        return self._cookies[username]

    def _log_in(self, username: str) -> str:
        from django.test import Client

        from accounts.models import User

        client = Client()
        client.force_login(User.objects.get(username=username))
        return f"sessionid={client.cookies['sessionid'].value}"

    def monitor(self, side: Side) -> Address:
        """Return a monitor's address on any side."""
        if isinstance(side, OnGunicorn):
            return Address(side.port, SOCKET_IO, socket_io="monitor_subscribe")
        return Address(side.port, "/ws/monitor/", self.cookie("monitor1"))

    def kiosk(self, side: Side) -> Address:
        """Return a customer's address."""
        return Address(side.port, "/ws/customer/?branch=main")

    def desk(self, side: Side, role: str, number: int) -> Address:
        """Return a therapist's or cashier's address, logged in."""
        return Address(side.port, f"/ws/{role}/", self.cookie(f"{role}{number}"))

    def truth(self, shows: frozenset[str]) -> dict[str, int]:
        """Return the database's state for a screen of these statuses: the version of each row."""
        from queueing.models import Room, Transaction

        rows = Transaction.objects.filter(status__in=shows).values_list("pk", "version")
        rooms = Room.objects.values_list("number", "version")
        return {f"transaction {pk}": version for pk, version in rows} | {
            f"room {number}": version for number, version in rooms
        }

    def our_desks(self, side: Side, *, staff: int = STAFF, monitors: int = MONITORS) -> Desks:
        """Return our logged-in staff, their customers, and the monitors."""
        from catalog.models import ServiceClassification

        numbers = range(1, staff + 1)
        return Desks(
            customers=[self.kiosk(side)] * staff,
            therapists=[self.desk(side, "therapist", number) for number in numbers],
            cashiers=[self.desk(side, "cashier", number) for number in numbers],
            monitors=[self.monitor(side)] * monitors,
            offers=list(ServiceClassification.objects.values_list("pk", flat=True)[:2]),
            rooms=[str(number) for number in numbers],
        )

    def their_desks(self, side: Side, *, staff: int = STAFF, monitors: int = MONITORS) -> Desks:
        """Return the same clients on the original system's stack, known by their tokens."""

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
def stage(staff: int = STAFF) -> Iterator[Stage]:
    """Run servers with a seeded database that flushes every commit to the disk."""
    with MariaDB(durable=True) as database, Redis() as redis:
        fill(database.url, staff)
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("CREATE DATABASE spa_peer")
            cursor.execute("CREATE DATABASE spa_lean")
        yield Stage(database.url, redis.url)


@contextmanager
def embedded(staff: int) -> Iterator[Stage]:
    """Run the embedded default: SQLite, no Redis, one process."""
    with tempfile.TemporaryDirectory(prefix="spa-stage-") as directory:
        url = f"sqlite:///{directory}/spa.sqlite3"
        fill(url, staff)
        yield Stage(url, "")


def fill(url: str, staff: int) -> None:
    """Set Django up on this empty database and seed therapists, cashiers and rooms."""
    set_up(url)
    from django.core.management import call_command

    from spa_project.seeding import seed

    call_command("migrate", verbosity=0)
    seed(therapists=staff, cashiers=staff, rooms=staff, password="only-here", quiet=True)
