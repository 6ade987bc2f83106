"""People at work over sockets: customers, therapists, cashiers; monitors watch.

The same driver for every side; who is asked where, and what more a side wants, is in the `Desks`.
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

#: In the first bytes of what monitors are told of a visit.
NEWS = b"monitor_updated"
#: Seconds before whoever was refused asks again; and for the last news to arrive.
REFUSED, LATEST = 0.2, 1.0

Task = asyncio.Task[None]


@dataclass(frozen=True)
class Desks:
    """Where everybody sits: a customer and a room for each therapist."""

    customers: list[Address]
    therapists: list[Address]
    cashiers: list[Address]
    monitors: list[Address]
    offers: list[int]
    #: Our floor has rooms that somebody makes ready; the original system had none.
    rooms: list[str] = field(default_factory=list)
    #: Seconds that everybody thinks before a command.
    pause: float = 0.0
    #: One command at a time on the whole floor, to see what each takes alone.
    one_by_one: bool = False
    #: Customers a minute on the whole floor; else each therapist's own comes when the last is gone.
    per_minute: float = 0.0
    #: Note when the last monitor hears of each step, which costs the client some time.
    follow: bool = False
    #: Whoever is refused asks again, and it is counted; else it ends the work.
    persistent: bool = False


class Day(NamedTuple):
    """What a run came to: visits paid for and commands per second, the seconds of each command.

    `pushes` are the seconds from the moment something was asked for until the last monitor knew;
    `refusals` are counted by their codes.
    """

    lives_per_second: float
    commands_per_second: float
    times: dict[str, list[float]]
    pushes: list[float]
    refusals: dict[str, int]

    @property
    def all_times(self) -> list[float]:
        """The seconds of every command."""
        return [seconds for times in self.times.values() for seconds in times]


class Refused(RuntimeError):
    """A command that had to succeed did not."""


def work(desks: Desks, seconds: float) -> Day:
    """Let everybody work for some seconds, in a process of their own."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(_run, (desks, seconds))


def _run(desks: Desks, seconds: float) -> Day:
    [day] = asyncio.run(work_together([Floor(desks)], seconds))
    return day


async def work_together(floors: "Sequence[Floor]", seconds: float) -> list[Day]:
    """Let floors work at the same time, once everybody on all of them is connected."""
    await asyncio.gather(*(floor.open() for floor in floors))
    return list(await asyncio.gather(*(floor.work(seconds) for floor in floors)))


class Floor:
    """Everybody of one set of desks at work."""

    def __init__(self, desks: Desks, turn: asyncio.Semaphore | None = None) -> None:
        """`turn` is waited for before every connection and command; several floors may share it."""
        self._desks = desks
        self._times: dict[str, list[float]] = defaultdict(list)
        self._refusals = Counter[str]()
        self._paid = 0
        self._closing = asyncio.Event()
        self._turn = turn or asyncio.Semaphore(1 if desks.one_by_one else 1_000)
        self._news = _News()
        self._sockets: dict[str, list[Socket]] = {}
        #: One entry for each customer in a line; False sends one of the staff home.
        self._waiting: asyncio.Queue[bool] = asyncio.Queue()
        self._finished: asyncio.Queue[bool] = asyncio.Queue()

    async def open(self) -> None:
        """Connect everybody."""
        listen = [self._news.take] if self._desks.follow else []
        for kind in ("customers", "therapists", "cashiers", "monitors"):
            self._sockets[kind] = []
            for address in getattr(self._desks, kind):
                async with self._turn:
                    self._sockets[kind].append(await connect(address, *listen))

    async def work(self, seconds: float) -> Day:
        """Work for some seconds on an open floor, and leave nobody half-way."""
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
        for socket in chain.from_iterable(self._sockets.values()):
            socket.cut()
        return Day(*rates, dict(self._times), pushes, dict(self._refusals))

    def _begin(self) -> tuple[list[Task], list[Task]]:
        """Set therapists and customers to work: two lists of tasks."""
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
        """Nobody is left half-way: the next day begins with an empty floor."""
        self._closing.set()
        await asyncio.gather(*coming)
        for _therapist in treating:
            self._waiting.put_nowait(False)
        await asyncio.gather(*treating)
        for _cashier in taking:
            self._finished.put_nowait(False)
        await asyncio.gather(*taking)

    async def _treat(self, customer: Socket, therapist: Socket, room: str) -> None:
        """A therapist with a customer of their own after the other."""
        while not self._closing.is_set():
            await self._order(customer)
            await self._serve(therapist, room)

    async def _arrive(self, kiosk: Socket, first: float, every: float) -> None:
        """Customers at a kiosk, however many are waiting."""
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


#: A visit, and its version.
Step = tuple[int, int | str]


class _News:
    """When each step was asked for, and when monitors heard of it."""

    def __init__(self) -> None:
        self._asked: dict[Step, float] = {}
        self._heard: dict[Step, list[float]] = defaultdict(list)

    def asked(self, visit: dict[str, Any], moment: float) -> None:
        """Somebody's command has led to this."""
        self._asked.setdefault(_step(visit), moment)

    def take(self, socket: Socket, text: bytes) -> None:
        """Somebody has heard something; monitors hear of every step by this name."""
        if NEWS in text[:64]:
            step = _step(json.loads(text)["data"]["transaction"])
            self._heard[step].append(time.monotonic())

    async def delays(self, monitors: int) -> list[float]:
        """Seconds until the last monitor knew of each step; endless where one never heard."""
        await asyncio.sleep(LATEST)
        return [
            max(heard) - begin if len(heard := self._heard[step]) >= monitors else math.inf
            for step, begin in self._asked.items()
        ]


def _step(visit: dict[str, Any]) -> Step:
    # The original system counts no versions; a visit of its own is in no status twice.
    return visit["id"], visit.get("version", visit["status"])
