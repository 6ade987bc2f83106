"""Tests of a database with a full disk: busy until there is room again, and nothing is lost."""

import asyncio
import os
import secrets
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tools.faults.checker import log_findings
from tools.faults.people import (
    Shift,
    Staff,
    ask,
    counted,
    screens_on,
    staff_of,
    truth_of,
)
from tools.faults.screen import Message
from tools.servers import AppServer, MariaDB, ServerFailed, open_spa, run_quietly
from tools.servers.clients import PASSWORD

pytestmark = [pytest.mark.servers, pytest.mark.timed, pytest.mark.asyncio]

MANAGE = (sys.executable, "manage.py")
MEGABYTES = 64
#: Customers in the queue beforehand, so that there is work when nobody can order any more.
IN_LINE = 60
#: Refusals of the same command after which the floor has come to a standstill.
ENOUGH = 20
RETRY = 0.02
LONGEST = 20.0


class OnSmallDisk(MariaDB):
    """MariaDB, as durable as production's, with its data on a disk of its own."""

    def __init__(self) -> None:
        super().__init__(durable=True)
        self.disk = self.directory / "data"

    def prepare(self) -> None:
        """Mount the disk; skip the test without the permission for it."""
        self.disk.mkdir()
        try:
            disk = ("-t", "tmpfs", "-o", f"size={MEGABYTES}m", "spa-disk")
            run_quietly(["mount", *disk, os.fspath(self.disk)])
        except (OSError, ServerFailed) as error:
            pytest.skip(f"no disk of our own can be mounted here: {error}")
        super().prepare()

    def __exit__(self, *error: object) -> None:
        self.stop()
        if self.disk.is_mount():
            run_quietly(["umount", os.fspath(self.disk)])
        super().__exit__(*error)

    def options(self) -> list[str]:
        """Return options for small files that grow in small steps."""
        small = ("--innodb-log-file-size=4M", "--innodb-autoextend-increment=1")
        return [*super().options(), *small]

    @contextmanager
    def full(self) -> Iterator[None]:
        """Fill the disk with another file inside the block."""
        ballast = self.disk / "ballast"
        room = os.statvfs(self.disk)
        with ballast.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, room.f_bavail * room.f_frsize)
        try:
            yield
        finally:
            ballast.unlink()


class Insistent(Shift):
    """Clients that retry until a command succeeds, and record its acknowledgement."""

    def __init__(self, server: AppServer, staff: Staff) -> None:
        super().__init__([server], staff)
        self.told: list[Message] = []
        self.refusals: Counter[str] = Counter()
        self._server = server

    async def go_on(self, work: Callable[[], Awaitable[object]], until: asyncio.Event) -> None:
        """Repeat this work until the event is set, and complete it."""
        while not until.is_set():
            await work()

    async def come_to_an_end(self) -> None:
        """Wait until no command succeeds any more."""
        async with asyncio.timeout(LONGEST):
            while self.refusals.total() < ENOUGH:
                await asyncio.sleep(RETRY)

    async def _does(self, command: str, cookie: str = "", **data: Any) -> Message:
        async with asyncio.timeout(LONGEST):
            while True:
                reply = await asyncio.to_thread(ask, self._server, command, cookie, **data)
                if reply["ok"]:
                    self.told.append(reply)
                    return reply
                self.refusals[reply["code"]] += 1
                await asyncio.sleep(RETRY)


@pytest.fixture
def database() -> Iterator[OnSmallDisk]:
    with OnSmallDisk() as server:
        yield server


@pytest.fixture
def settings_of_spa(database, tmp_path) -> dict[str, str]:
    """Return the settings of one process that serves a spa in that database."""
    settings = {
        "DATABASE_URL": database.url,
        "REDIS_URL": "",
        "SECRET_KEY": secrets.token_urlsafe(45),
        "STATIC_ROOT": str(tmp_path),
        "RATE_LIMITS": "off",
        "LOG_FORMAT": "plain",
    }
    open_spa("--password", PASSWORD, **settings)
    return settings


def make_room_for_customers(database: MariaDB) -> None:
    """Enlarge the customers' table, so that the events' is full first and a rollback is needed."""
    database.ask("ALTER TABLE queueing_transaction ADD COLUMN room MEDIUMTEXT")
    for text in ("REPEAT('x', 100000)", "NULL"):
        database.ask(f"UPDATE queueing_transaction SET room = {text}")


async def test_a_full_disk_is_busy_until_there_is_room_and_nothing_told_is_lost(
    database, settings_of_spa
):
    with AppServer(**settings_of_spa) as app:
        staff = staff_of(app)
        kiosk, floor = Insistent(app, staff), Insistent(app, staff)
        for _each in range(IN_LINE):
            await kiosk.confirm()
        make_room_for_customers(database)
        closing = asyncio.Event()
        with database.full():
            working = [
                asyncio.create_task(kiosk.go_on(kiosk.confirm, until=closing)),
                asyncio.create_task(floor.go_on(floor.see_out, until=closing)),
            ]
            await asyncio.gather(kiosk.come_to_an_end(), floor.come_to_an_end())
            for screen in screens_on(app, staff):
                await asyncio.to_thread(truth_of, app, screen)
        closing.set()
        await asyncio.wait_for(asyncio.gather(*working), LONGEST)

        told, refusals = kiosk.told + floor.told, kiosk.refusals + floor.refusals
        assert {*refusals} == {"busy"}
        assert counted(app, "busy", '{cause="database"}') == refusals.total()
        assert app.log.read_text().count("The database failed") == refusals.total()
        assert "The table 'queueing_transactionevent' is full" in app.log.read_text()
        assert [*log_findings(app.log, ())] == []

    visits = [reply["transaction"] for reply in told if "transaction" in reply]
    paid = {(visit["id"],) for visit in visits if visit["status"] == "paid"}
    assert paid
    assert paid == {*database.ask("SELECT transaction_id FROM payments_payment")}
    ordered = {(visit["id"],) for visit in visits if visit["version"] == 1}
    assert ordered == {*database.ask("SELECT id FROM queueing_transaction")}
    reached = {(visit["id"], visit["version"]) for visit in visits}
    events = database.ask("SELECT transaction_id, version FROM queueing_transactionevent")
    assert reached <= {*events}
    await asyncio.to_thread(run_quietly, [*MANAGE, "verify_ledger"], **settings_of_spa)
