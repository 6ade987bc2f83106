"""Clients that work through every fault; a refusal or an error fails the test.

They send their commands over HTTP, where an answer cannot be lost with a socket, to each process in
turn.
"""

import asyncio
import json
import re
import urllib.request
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from http.cookies import SimpleCookie
from itertools import cycle
from typing import Any, NamedTuple
from urllib.error import HTTPError

from tools.faults.screen import (
    BOARD_VIEW,
    CASHIER_VIEW,
    MONITOR_VIEW,
    THERAPIST_VIEW,
    Message,
    Screen,
    state_of,
)
from tools.servers import AppServer
from tools.servers.clients import Floor, is_csrf, log_in

PATIENCE = 5.0  # seconds in which a command has to be answered, during any fault
HEALED_WITHIN = 7.0  # seconds in which every screen is right again, as documented


class Staff(NamedTuple):
    """Logins of the staff, as `Cookie` headers."""

    therapist: str
    cashier: str
    monitor: str


def staff_of(server: AppServer, number: int = 1) -> Staff:
    """Log in a therapist, a cashier and the monitor's account."""
    return Staff(
        therapist=log_in(server, f"therapist{number}"),
        cashier=log_in(server, f"cashier{min(number, 2)}"),
        monitor=log_in(server, "monitor1"),
    )


def screens_on(server: AppServer, staff: Staff) -> list[Screen]:
    """Return one screen of each kind that shows the floor, all on this process."""
    return [
        Screen(MONITOR_VIEW, [server], staff.monitor),
        Screen(THERAPIST_VIEW, [server], staff.therapist),
        Screen(CASHIER_VIEW, [server], staff.cashier),
        Screen(BOARD_VIEW, [server]),
    ]


def send(server: AppServer, command: str, cookie: str = "", **data: Any) -> Message:
    """Send a command over HTTP and return the reply; raise `OSError` for a refusal too."""
    tokens = [each.value for name, each in SimpleCookie(cookie).items() if is_csrf(name)]
    headers = {"Content-Type": "application/json", "Cookie": cookie, "Referer": server.url}
    headers |= {"X-CSRFToken": tokens[0]} if tokens else {}
    address = f"{server.url}/api/commands/{command}/"
    request = urllib.request.Request(address, json.dumps(data).encode(), headers)
    with urllib.request.urlopen(request, timeout=PATIENCE) as response:
        return json.load(response)


def ask(server: AppServer, command: str, cookie: str = "", **data: Any) -> Message:
    """Send a command over HTTP and return the reply, or the refusal."""
    try:
        return send(server, command, cookie, **data)
    except HTTPError as refusal:
        with refusal:
            return json.load(refusal)


def pieces_of(reply: Message) -> dict[str, int]:
    """Return notes and coins of the amount that a count was told to be expected."""
    cents = int(Decimal(reply["drawer"]["count"]["expected_amount"]) * 100)
    return {"1000.00": cents // 100_000, "1.00": cents // 100 % 1000, "0.01": cents % 100}


def close_drawers(server: AppServer, names: Sequence[str]) -> Iterator[str]:
    """Count each open drawer as it should be and close it; yield what was refused unexpectedly.

    A drawer whose terminal has not answered stays open.
    """
    for name in names:
        cookie = log_in(server, name)
        blind = ask(server, "cashier_count_drawer", cookie, counts={})
        if blind.get("code") == "drawer_closed":
            continue
        counts = pieces_of(blind)
        send(server, "cashier_count_drawer", cookie, counts=counts)
        reply = ask(server, "cashier_close_drawer", cookie, counts=counts)
        if not reply["ok"] and reply["code"] != "wrong_state":
            yield f"the drawer of {name} does not close: {reply}"


def counted(server: AppServer, what: str, labels: str = "") -> float:
    """Return a process's counter of this name, such as `snapshot_reads`."""
    name = re.escape(f"spa_{what}_total{labels}")
    with urllib.request.urlopen(f"{server.url}/metrics", timeout=PATIENCE) as response:
        found = re.search(rf"^{name} (\S+)", response.read().decode(), re.MULTILINE)
    assert found or labels  # a labelled counter is absent until its first increment
    return float(found[1]) if found else 0.0


class Shift:
    """Loop that serves one customer after the other, from the order to the payment."""

    def __init__(self, servers: Sequence[AppServer], staff: Staff) -> None:
        self._servers = cycle(servers)
        self._staff = staff
        offer = Floor(servers[0], servers[0]).offers()[0]
        self._order: dict[str, Any] = {"items": [{"service_classification_id": offer["id"]}]}
        self.served = 0

    async def confirm(self) -> Message:
        """Confirm a new customer's order; the reply has `transaction` and `key`."""
        return await self._does("customer_confirm_selection", **self._order)

    async def claim(self) -> Message:
        """Claim the next customer as the therapist."""
        return await self._does("therapist_confirm_next", self._staff.therapist)

    async def serve(self) -> None:
        """Serve one new customer from the order to the payment."""
        await self.confirm()
        await self.see_out()

    async def see_out(self) -> None:
        """Serve the next customer from the therapist's claim to the payment."""
        await self.treat()
        cashier = self._staff.cashier
        due = await self._does("cashier_claim_next", cashier)
        this = {"transaction_id": due["transaction"]["id"]}
        await self._does("cashier_pay", cashier, **this, amount_paid="99999.00", confirmed=True)
        self.served += 1

    async def treat(self) -> None:
        """Serve the next customer from the therapist's claim to the finished service."""
        this = {"transaction_id": (claimed := await self.claim())["transaction"]["id"]}
        room = {"room_number": claimed["transaction"]["room_number"], "status": "available"}
        therapist = self._staff.therapist
        await self._does("therapist_start_service", therapist, **this)
        await self._does("therapist_finish_service", therapist, **this)
        await self._does("room_set_status", therapist, **room)

    async def serves_one_more(self) -> None:
        """Wait until one more customer of an open shift has been served."""
        served = self.served
        async with asyncio.timeout(6 * PATIENCE):
            while self.served == served:
                await asyncio.sleep(0.05)

    async def _does(self, command: str, cookie: str = "", **data: Any) -> Message:
        return await asyncio.to_thread(send, next(self._servers), command, cookie, **data)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Serve customers all the time inside the block; leave one half-served behind."""
        closing = asyncio.Event()

        async def work() -> None:
            while not closing.is_set():
                await self.serve()
            await self.confirm()

        working = asyncio.create_task(work())
        try:
            yield
        finally:
            closing.set()
            await working


def truth_of(server: AppServer, screen: Screen) -> Message:
    """Return the database's state for a screen, read over HTTP without a cache."""
    headers = {"Cookie": screen.cookie}
    request = urllib.request.Request(server.url + screen.view.http, headers=headers)
    with urllib.request.urlopen(request, timeout=PATIENCE) as response:
        return state_of(json.load(response))


async def all_are_right(
    server: AppServer, screens: Sequence[Screen], within: float = HEALED_WITHIN
) -> float:
    """Wait until every screen is live and shows the database's state; return the seconds it took.

    Fails after `within` seconds. Nothing may change the state meanwhile.
    """
    loop = asyncio.get_running_loop()
    begun = loop.time()
    truths = {
        screen.view: await asyncio.to_thread(truth_of, server, screen)
        for screen in {screen.view: screen for screen in screens}.values()
    }
    while wrong := [s for s in screens if not s.is_live or s.shown() != truths[s.view]]:
        passed = loop.time() - begun
        assert passed < within, f"{len(wrong)} of {len(screens)} wrong: {_gap(wrong[0], truths)}"
        await asyncio.sleep(0.05)
    return loop.time() - begun


def _gap(screen: Screen, truths: dict[Any, Message]) -> str:
    shown, truth = screen.shown(), truths[screen.view]
    parts = [
        f"{part}: {shown[part]} not {truth[part]}" for part in truth if shown[part] != truth[part]
    ]
    return f"{screen.view.socket} live={screen.is_live} {'; '.join(parts)[:2000]}"
