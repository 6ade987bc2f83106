"""People at work over sockets: customers, therapists, cashiers; monitors watch.

The same driver for every side; who is asked where, and what more a side wants, is in the `Desks`.
"""

import asyncio
import multiprocessing
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from benchmarks.sockets import Address, Socket, connect


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


class Day(NamedTuple):
    """What a run came to: visits paid for per second, and the seconds of each command."""

    lives_per_second: float
    times: dict[str, list[float]]


class Refused(RuntimeError):
    """A command that had to succeed did not."""


def work(desks: Desks, seconds: float) -> Day:
    """Let everybody work for some seconds, in a process of their own."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(_run, (desks, seconds))


def _run(desks: Desks, seconds: float) -> Day:
    return asyncio.run(Floor(desks).work(seconds))


class Floor:
    """Everybody of one set of desks at work."""

    def __init__(self, desks: Desks, turn: asyncio.Semaphore | None = None) -> None:
        """`turn` is waited for before every command; several floors may share one."""
        self._desks = desks
        self._times: dict[str, list[float]] = defaultdict(list)
        self._paid: list[float] = []
        self._closing = False
        self._turn = turn or asyncio.Semaphore(1 if desks.one_by_one else 1_000)
        #: One entry for each customer on the way to the till; False sends a cashier home.
        self._finished: asyncio.Queue[bool] = asyncio.Queue()

    async def work(self, seconds: float) -> Day:
        """Work for some seconds, and leave nobody half-way."""
        desks = self._desks
        customers = [await connect(address) for address in desks.customers]
        therapists = [await connect(address) for address in desks.therapists]
        cashiers = [await connect(address) for address in desks.cashiers]
        monitors = [await connect(address) for address in desks.monitors]
        rooms = desks.rooms or [""] * len(therapists)
        treating = [
            asyncio.create_task(self._treat(*three))
            for three in zip(customers, therapists, rooms, strict=True)
        ]
        taking = [asyncio.create_task(self._take_money(cashier)) for cashier in cashiers]
        begin = time.monotonic()
        await asyncio.wait(treating, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
        rate = len(self._paid) / (time.monotonic() - begin)
        await self._close(treating, taking)
        for socket in [*customers, *therapists, *cashiers, *monitors]:
            socket.cut()
        return Day(rate, dict(self._times))

    async def _close(self, treating: list[Any], taking: list[Any]) -> None:
        """Nobody is left half-way: the next day begins with an empty floor."""
        self._closing = True
        await asyncio.gather(*treating)
        for _cashier in taking:
            self._finished.put_nowait(False)
        await asyncio.gather(*taking)

    async def _treat(self, customer: Socket, therapist: Socket, room: str) -> None:
        items = [{"service_classification_id": offer} for offer in self._desks.offers]
        while not self._closing:
            await self._ask(customer, "customer_confirm_selection", items=items)
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
            self._paid.append(time.monotonic())

    async def _ask(self, socket: Socket, command: str, **data: Any) -> dict[str, Any]:
        await asyncio.sleep(self._desks.pause)
        async with self._turn:
            begin = time.monotonic()
            answer = await socket.ask(command, **data)
            self._times[command].append(time.monotonic() - begin)
        if not answer["ok"]:
            raise Refused(f"{command}: {answer['error']}")
        visit: dict[str, Any] = answer.get("transaction", {})
        return visit
