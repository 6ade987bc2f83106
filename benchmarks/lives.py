"""Load of whole visits over sockets: customers, therapists and cashiers; monitors receive.

The driver is the same for every side; `Desks` holds the addresses and what else a side needs.
"""

import asyncio
import json
import math
import multiprocessing
import time
from collections import Counter, defaultdict
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, NamedTuple

from benchmarks.sockets import Address, Socket, connect

#: Text in the first bytes of a monitor's message about a visit.
NEWS = b"monitor_updated"
#: Seconds before a retry after a refusal; and for the last events to arrive.
REFUSED, LATEST = 0.2, 1.0

Task = asyncio.Task[None]


@dataclass(frozen=True)
class Desks:
    """Addresses of all clients: a customer and a room for each therapist."""

    customers: list[Address]
    therapists: list[Address]
    cashiers: list[Address]
    monitors: list[Address]
    offers: list[int]
    #: Whether rooms have to be made available again; the original system has none.
    rooms: list[str] = field(default_factory=list)
    #: Seconds of pause before each command.
    pause: float = 0.0
    #: One command at a time on the whole floor, for the time of each alone.
    one_by_one: bool = False
    #: Customers a minute on the whole floor; without it each therapist's next comes at once.
    per_minute: float = 0.0
    #: Record when the last monitor receives each step, which costs the client some time.
    follow: bool = False
    #: Retry after a refusal and count it; without it a refusal ends the work.
    persistent: bool = False


class Day(NamedTuple):
    """Result of a run: paid visits and commands per second, the seconds of each command.

    `pushes` are the seconds from a command's sending to its event at the last monitor; `refusals`
    are counted by their codes.
    """

    lives_per_second: float
    commands_per_second: float
    times: dict[str, list[float]]
    pushes: list[float]
    refusals: dict[str, int]

    @property
    def all_times(self) -> list[float]:
        """Return the seconds of every command."""
        return [seconds for times in self.times.values() for seconds in times]


class Refused(RuntimeError):
    """Error of a command that had to succeed."""


def work(desks: Desks, seconds: float) -> Day:
    """Run a load for some seconds, in a process of its own."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(_run, (desks, seconds))


def _run(desks: Desks, seconds: float) -> Day:
    [day] = asyncio.run(work_together([Floor(desks)], seconds))
    return day


async def work_together(floors: "Sequence[Floor]", seconds: float) -> list[Day]:
    """Run several floors at the same time, once all of their clients are connected."""
    await asyncio.gather(*(floor.open() for floor in floors))
    return list(await asyncio.gather(*(floor.work(seconds) for floor in floors)))


class Floor:
    """Clients of one set of desks."""

    def __init__(self, desks: Desks, turn: asyncio.Semaphore | None = None) -> None:
        """Store the desks; `turn` limits connections and commands, and floors may share it."""
        self._desks = desks
        self._times: dict[str, list[float]] = defaultdict(list)
        self._refusals = Counter[str]()
        self._paid = 0
        self._closing = asyncio.Event()
        self._turn = turn or asyncio.Semaphore(1 if desks.one_by_one else 1_000)
        self._news = _News()
        self._sockets: dict[str, list[Socket]] = {}
        #: One entry for each customer in a queue; False ends one member of staff.
        self._waiting: asyncio.Queue[bool] = asyncio.Queue()
        self._finished: asyncio.Queue[bool] = asyncio.Queue()

    async def open(self) -> None:
        """Connect all clients."""
        listen = [self._news.take] if self._desks.follow else []
        for kind in ("customers", "therapists", "cashiers", "monitors"):
            self._sockets[kind] = []
            for address in getattr(self._desks, kind):
                async with self._turn:
                    self._sockets[kind].append(await connect(address, *listen))

    async def work(self, seconds: float) -> Day:
        """Work for some seconds on an open floor, then disconnect everybody."""
        day = await self.shift(seconds)
        for socket in chain.from_iterable(self._sockets.values()):
            socket.cut()
        return day

    async def shift(self, seconds: float) -> Day:
        """Work for some seconds on an open floor, and complete every visit."""
        self._times, self._paid = defaultdict(list), 0
        self._closing.clear()
        treating, coming = self._begin()
        taking = [_start(self._take_money(cashier)) for cashier in self._sockets["cashiers"]]
        begin = time.monotonic()
        working = [*coming, *treating]
        await asyncio.wait(working, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
        passed = time.monotonic() - begin
        rates = self._paid / passed, sum(map(len, self._times.values())) / passed
        await self._close(coming, treating, taking)
        monitors = len(self._sockets["monitors"])
        pushes = await self._news.delays(monitors) if self._desks.follow else []
        return Day(*rates, dict(self._times), pushes, dict(self._refusals))

    def forget(self) -> None:
        """Forget the times and refusals so far, such as those of a beginning day."""
        self._times.clear()
        self._refusals.clear()

    def seconds_of_commands(self) -> list[float]:
        """Return the seconds of each command so far."""
        return [seconds for times in self._times.values() for seconds in times]

    @property
    def refusals(self) -> Counter[str]:
        """Return the refused commands so far, by their codes."""
        return self._refusals

    async def one_life(self) -> Day:
        """Complete the visit of one customer, alone on an open floor."""
        self._times = defaultdict(list)
        begin = time.monotonic()
        rooms = self._desks.rooms or [""]
        await self._order(self._sockets["customers"][0])
        await self._serve(self._sockets["therapists"][0], rooms[0])
        await self._finished.get()
        await self._take_money_once(self._sockets["cashiers"][0])
        passed = time.monotonic() - begin
        commands = sum(map(len, self._times.values()))
        return Day(1 / passed, commands / passed, dict(self._times), [], {})

    def _begin(self) -> tuple[list[Task], list[Task]]:
        """Start therapists and customers: two lists of tasks."""
        customers, therapists = self._sockets["customers"], self._sockets["therapists"]
        rooms = self._desks.rooms or [""] * len(therapists)
        places = list(zip(therapists, rooms, strict=True))
        if not self._desks.per_minute:
            own = zip(customers, places, strict=True)
            return [_start(self._treat(customer, *place)) for customer, place in own], []
        every = 60.0 * len(customers) / self._desks.per_minute
        coming = [
            _start(self._arrive(kiosk, every * number / len(customers), every))
            for number, kiosk in enumerate(customers)
        ]
        return [_start(self._serve_the_line(*place)) for place in places], coming

    async def _close(self, coming: list[Task], treating: list[Task], taking: list[Task]) -> None:
        """Complete every visit, so that the next day begins with an empty floor."""
        self._closing.set()
        await asyncio.gather(*coming)
        for _therapist in treating:
            self._waiting.put_nowait(False)
        await asyncio.gather(*treating)
        for _cashier in taking:
            self._finished.put_nowait(False)
        await asyncio.gather(*taking)

    async def _treat(self, customer: Socket, therapist: Socket, room: str) -> None:
        """Serve a therapist's own customers, one after the other."""
        while not self._closing.is_set():
            await self._order(customer)
            await self._serve(therapist, room)

    async def _arrive(self, kiosk: Socket, first: float, every: float) -> None:
        """Confirm orders at a kiosk, however many customers wait."""
        while not await self._closes_within(first):
            await self._order(kiosk)
            self._waiting.put_nowait(True)
            first = every

    async def _closes_within(self, seconds: float) -> bool:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._closing.wait(), seconds)
        return self._closing.is_set()

    async def _serve_the_line(self, therapist: Socket, room: str) -> None:
        while await self._waiting.get():
            await self._serve(therapist, room)

    async def _order(self, customer: Socket) -> None:
        items = [{"service_classification_id": offer} for offer in self._desks.offers]
        await self._ask(customer, "customer_confirm_selection", items=items)

    async def _serve(self, therapist: Socket, room: str) -> None:
        visit = await self._ask(therapist, "therapist_confirm_next")
        await self._ask(therapist, "therapist_start_service", transaction_id=visit["id"])
        await self._ask(therapist, "therapist_finish_service", transaction_id=visit["id"])
        self._finished.put_nowait(True)
        if room:
            await self._ask(therapist, "room_set_status", room_number=room, status="available")

    async def _take_money(self, cashier: Socket) -> None:
        while await self._finished.get():
            await self._take_money_once(cashier)

    async def _take_money_once(self, cashier: Socket) -> None:
        visit = await self._ask(cashier, "cashier_claim_next")
        due = visit["total_amount"]
        await self._ask(cashier, "cashier_pay", transaction_id=visit["id"], amount_paid=due)
        self._paid += 1

    async def _ask(self, socket: Socket, command: str, **data: Any) -> dict[str, Any]:
        await asyncio.sleep(self._desks.pause)
        while True:
            async with self._turn:
                begin = time.monotonic()
                answer = await socket.ask(command, **data)
                self._times[command].append(time.monotonic() - begin)
            if answer["ok"]:
                break
            if not self._desks.persistent:
                raise Refused(f"{command}: {answer['error']}")
            self._refusals[answer["code"]] += 1
            await asyncio.sleep(REFUSED)
        visit: dict[str, Any] = answer.get("transaction", {})
        if visit:
            self._news.asked(visit, begin)
        return visit


def _start(work: Coroutine[Any, Any, None]) -> Task:
    return asyncio.create_task(work)


#: A visit's id, and its version.
Step = tuple[int, int | str]


class _News:
    """Times at which each step was sent, and at which monitors received it."""

    def __init__(self) -> None:
        self._asked: dict[Step, float] = {}
        self._heard: dict[Step, list[float]] = defaultdict(list)

    def asked(self, visit: dict[str, Any], moment: float) -> None:
        """Record that a command which led to this state was sent at that moment."""
        self._asked.setdefault(_step(visit), moment)

    def take(self, socket: Socket, text: bytes) -> None:
        """Record a received message; every step reaches monitors under this event name."""
        if NEWS in text[:64]:
            step = _step(json.loads(text)["data"]["transaction"])
            self._heard[step].append(time.monotonic())

    async def delays(self, monitors: int) -> list[float]:
        """Return the seconds until the last monitor received each step; infinite for a lost one."""
        await asyncio.sleep(LATEST)
        return [
            max(heard) - begin if len(heard := self._heard[step]) >= monitors else math.inf
            for step, begin in self._asked.items()
        ]


def _step(visit: dict[str, Any]) -> Step:
    # The original system has no versions; there a visit is in no status twice.
    return visit["id"], visit.get("version", visit["status"])
