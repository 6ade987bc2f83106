"""Generator of a fault run: the simulation's people in fast motion, and clients of other kinds.

They send again, log out too early, and work with the cash drawers.
"""

import asyncio
import json
import random
import urllib.request
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import Any

from queueing.simulation.client import (
    ConnectionLost,
    ConnectionRejected,
    Hear,
    LiveClient,
    log_in,
    read_json,
)
from queueing.simulation.customers import Customer
from queueing.simulation.day import Chances, Day, ignore
from queueing.simulation.play import offers_of
from queueing.simulation.staff import Cashier, Therapist
from tools.faults.drawer_client import DrawerClient
from tools.faults.environment import CASHIERS, THERAPISTS, Environment
from tools.faults.history import OK, History, Operation
from tools.faults.recording_client import Frames, RecordedClient
from tools.servers.clients import PASSWORD

KIOSKS, CROWD = 3, 24
MINUTE = 0.004  # real seconds
PATIENCE = (20.0, 1500.0)  # minutes
CHANCES = Chances(no_show=40, release=40, added_service=300, tablet_dies=30, split=300)
ECHO_SECONDS, LEAVER_SECONDS = 0.2, 2.0
ECHO_LOOKS = 30
KEYED = ("customer_confirm_selection", "cashier_pay", "cashier_refund", "cashier_move_cash")

THERAPIST_NAMES = [f"therapist{number}" for number in range(1, THERAPISTS + 1)]
CASHIER_NAMES = [f"cashier{number}" for number in range(1, CASHIERS + 1)]


class Generator:
    """Clients of the whole floor, connected to all processes."""

    def __init__(
        self, environment: Environment, history: History, frames: Frames, chance: random.Random
    ) -> None:
        self._environment = environment
        self._history = history
        self._frames = frames
        self._chance = chance
        self.tokens: dict[str, str] = {}
        #: Customers who are in the spa at a time.
        self.crowd = CROWD
        #: Commands that were accepted after a logout.
        self.intrusions: list[str] = []
        url = environment.apps[0].url
        self.day = Day(
            self._open_line,
            offers_of(read_json(f"{url}/api/menu/")),
            MINUTE,
            chance,
            chances=CHANCES,
        )
        for name in (*THERAPIST_NAMES, *CASHIER_NAMES):
            self.tokens[name] = log_in(url, name, PASSWORD).token

    async def work(self) -> None:
        """Work until cancelled; raise what a client does not recover from."""
        async with asyncio.TaskGroup() as floor:
            for work in self._everybody():
                floor.create_task(work)

    def _everybody(self) -> list[Coroutine[Any, Any, None]]:
        return [
            *(Therapist(self.day, name).work() for name in THERAPIST_NAMES),
            *(Cashier(self.day, name).work() for name in CASHIER_NAMES),
            *(self._kiosk() for _each in range(KIOSKS)),
            self._echo(),
            self._leaver(),
            *(self._drawer(name).work() for name in CASHIER_NAMES),
        ]

    def _open_line(self, path: str, client: str, hear: Hear) -> LiveClient:
        urls = [proxy.url for proxy in self._environment.proxies]
        return RecordedClient(
            self._chance.sample(urls, len(urls)),
            path,
            client=client,
            history=self._history,
            frames=self._frames,
            hear=hear,
            token=self.tokens.get(client, ""),
        )

    async def _kiosk(self) -> None:
        """Send customers through the spa, this kiosk's share of the crowd at a time."""
        async with (
            self._open_line("/ws/customer/", "", ignore) as kiosk,
            asyncio.TaskGroup() as group,
        ):
            for _each in range(self.crowd // KIOSKS):
                group.create_task(self._customers(kiosk))

    async def _customers(self, kiosk: LiveClient) -> None:
        while True:
            await Customer(self.day, patience=self._chance.uniform(*PATIENCE)).visit(kiosk)

    def _drawer(self, name: str) -> DrawerClient:
        def line() -> LiveClient:
            return self._open_line("/ws/cashier/", name, ignore)

        return DrawerClient(name, line, self._history, self._chance)

    async def _echo(self) -> None:
        """Send answered commands again: the idempotency key must give the same answer."""
        paths = {"": "/ws/customer/"} | dict.fromkeys(CASHIER_NAMES, "/ws/cashier/")
        async with AsyncExitStack() as stack:
            lines = {
                name: await stack.enter_async_context(self._open_line(path, name, ignore))
                for name, path in paths.items()
            }
            while True:
                await asyncio.sleep(ECHO_SECONDS)
                if again := self._some_request():
                    await _quietly(lines[again.client].ask(again.command, **again.data))

    def _some_request(self) -> Operation | None:
        """Return a random answered operation of the run, if one was drawn."""
        done = self._history.operations
        some = self._chance.choices(done, k=ECHO_LOOKS) if done else []
        found = (each for each in some if each.phase == OK and each.command in KEYED)
        return next(found, None)

    async def _leaver(self) -> None:
        """Log out while a socket is open, and try to send another command."""
        while True:
            await asyncio.sleep(LEAVER_SECONDS)
            name = self._chance.choice(THERAPIST_NAMES)
            app = self._chance.choice(self._environment.apps)
            try:
                token = (await asyncio.to_thread(log_in, app.url, name, PASSWORD)).token
            except (OSError, ValueError):
                continue
            urls = [proxy.url for proxy in self._environment.proxies]
            async with LiveClient(urls, "/ws/therapist/", token=token, answer_within=4.0) as line:
                await _quietly(line.ask("room_set_status", room_number="-", status="available"))
                if not await asyncio.to_thread(_logged_out, app.url, token):
                    continue
                reply = await _quietly(line.ask("therapist_start_service", transaction_id=1))
                if reply and reply["code"] not in {"not_authenticated", "busy"}:
                    self.intrusions.append(f"{name} logged out, and was told {reply['code']}")


async def _quietly(asking: Coroutine[Any, Any, dict[str, Any]]) -> dict[str, Any]:
    """Return the reply, or an empty one when the connection is lost or rejected."""
    try:
        return await asking
    except (ConnectionLost, ConnectionRejected):
        return {}


def _logged_out(url: str, token: str) -> bool:
    request = urllib.request.Request(
        f"{url}/api/logout/",
        b"{}",
        {"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=5) as response:
            return bool(json.load(response)["ok"])
    except (OSError, ValueError):
        return False
