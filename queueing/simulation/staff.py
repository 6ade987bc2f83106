"""Simulated therapists and cashiers, who ask the server for their customer after any fault."""

import math
import uuid
from contextlib import suppress
from decimal import Decimal
from typing import Any, ClassVar

from queueing.models import Consent, RoomStatus
from queueing.simulation.client import ConnectionLost
from queueing.simulation.day import Day, Visit, ignore
from queueing.states import Status

#: Real seconds after which an idle worker refreshes the screen.
IDLE_SECONDS = 5.0
NOTE = Decimal(50)  # customers pay with notes, and get change


class TabletDied(Exception):
    """An error when the device is off; its owner takes another one."""


class Refused(Exception):
    """An error when the step was not possible."""


class Worker:
    """A member of staff with a device, and one customer at a time."""

    path: ClassVar[str]
    claim: ClassVar[str]

    def __init__(self, day: Day, username: str) -> None:
        self._day = day
        self._username = username

    async def work(self) -> None:
        """Serve one customer after the other, until cancelled."""
        while True:
            async with self._day.open_line(self.path, self._username, ignore) as self._line:
                try:
                    await self._begin()
                    await self._serve_all()
                except TabletDied:
                    self._day.tally.counts["tablets died"] += 1
            await self._day.minutes(5)

    async def _begin(self) -> None:
        """Do what comes before the first customer."""

    async def _serve_all(self) -> None:
        while True:
            try:
                if visit := await self._next():
                    await self._serve(visit)
                else:
                    await self._line.news(IDLE_SECONDS)
            except (ConnectionLost, Refused):
                # Whether it was done or not, the next claim returns the same customer again.
                await self._day.minutes(0.1)

    async def _next(self) -> Visit | None:
        reply = await self._line.ask(self.claim)
        if reply["ok"]:
            visit: Visit = reply["transaction"]
            return visit
        await self._cannot_claim(reply["code"])
        return None

    async def _cannot_claim(self, code: str) -> None:
        """Act on a refused claim."""

    async def _serve(self, visit: Visit) -> None:
        raise NotImplementedError

    async def _does(self, command: str, **data: object) -> Visit:
        """Do a step that the customer's state allows; raise `ConnectionLost`, `Refused`."""
        return self._accepted(await self._line.ask(command, **data))

    def _accepted(self, reply: Visit) -> Visit:
        if not reply["ok"]:
            self._day.tally.refusals[reply["code"]] += 1
            raise Refused(reply["error"])
        visit: Visit = reply.get("transaction", {})
        return visit


class Therapist(Worker):
    """A therapist who calls the next customer, treats them and prepares the room."""

    path = "/ws/therapist/"
    claim = "therapist_confirm_next"

    async def _begin(self) -> None:
        """Clock in; a lost connection does not matter, because the first claim does it too."""
        with suppress(ConnectionLost):
            await self._line.ask("therapist_clock_in")

    async def _serve(self, visit: Visit) -> None:
        this = {"transaction_id": visit["id"]}
        if visit["status"] == Status.THERAPIST_CONFIRMED and not await self._receive(this):
            return
        await self._treat(visit, this)
        await self._does("therapist_finish_service", **this)
        self._day.tally.counts["treatments"] += 1
        await self._day.minutes(3, 6)
        await self._make_ready(visit["room_number"])
        if self._day.happens(self._day.chances.takes_break):
            await self._rest()

    async def _rest(self) -> None:
        """Take a break of about half an hour."""
        await self._does("therapist_break", minutes=30)
        self._day.tally.counts["breaks"] += 1
        await self._day.minutes(25, 40)
        await self._does("therapist_clock_in")

    async def _receive(self, this: Visit) -> bool:
        """Wait for the customer; return whether the treatment has begun."""
        day = self._day
        await day.minutes(1, 3)
        if day.happens(day.chances.release):
            await self._does("therapist_release", **this, reason="simulation")
            day.tally.counts["given back"] += 1
            return False
        if day.happens(day.chances.no_show):
            await self._does("therapist_no_show", **this)
            day.tally.counts["did not come"] += 1
            return False
        await self._does("therapist_start_service", **this)
        return True

    async def _treat(self, visit: Visit, this: Visit) -> None:
        day = self._day
        await self._agree(visit)
        await day.minutes(visit["total_duration_minutes"] / 2)
        if day.happens(day.chances.tablet_dies):
            self._line.drop()
            raise TabletDied
        if day.happens(day.chances.added_service):
            offer = day.chance.choice(day.offers)
            add = {**this, "service_classification_id": offer["id"]}
            with suppress(Refused):  # for want of a skill, among others: the treatment goes on
                added = await self._does("therapist_add_service", **add)
                day.tally.counts["services added"] += 1
                await self._agree(added)
        await day.minutes(visit["total_duration_minutes"] / 2)

    async def _agree(self, visit: Visit) -> None:
        """Record what the customer agreed to in person, where the branch asks about it."""
        for item in visit["items"]:
            if item["consent"] == Consent.ASKED:
                agreed = {"transaction_id": visit["id"], "item_id": item["id"]}
                await self._does("therapist_agree_item", **agreed)

    async def _cannot_claim(self, code: str) -> None:
        """Prepare the room; in a strict rotation wait for the news that others have called."""
        if code == "room_not_ready":
            await self._make_ready(self._line.snapshot["me"]["room_number"])
        elif code == "not_your_turn":
            self._day.tally.counts["waits for turns"] += 1

    async def _make_ready(self, room: str) -> None:
        await self._does("room_set_status", room_number=room, status=RoomStatus.AVAILABLE)


class Cashier(Worker):
    """A cashier who claims a finished customer and takes their money once."""

    path = "/ws/cashier/"
    claim = "cashier_claim_next"

    async def _serve(self, visit: Visit) -> None:
        if visit["status"] == Status.AWAITING_PAYMENT:
            await self._day.minutes(1, 3)
            visit = await self._pay(visit)
        if visit["status"] == Status.PAYING:
            visit = await self._read_terminal(visit)
        if visit["status"] == Status.PAID:
            self._day.tally.counts["payments"] += 1
            self._day.tally.taken += Decimal(visit["payment"]["amount_due"])

    async def _pay(self, visit: Visit) -> Visit:
        offer = self._offer(Decimal(visit["total_amount"]))
        # Made once for this intent, an idempotency key: sent again, the server recognizes it.
        return self._accepted(
            await self._line.insist(
                "cashier_pay", transaction_id=visit["id"], **offer, request_id=str(uuid.uuid4())
            )
        )

    def _offer(self, due: Decimal) -> dict[str, Any]:
        """Return how the customer pays: by card, in cash, or a part by each."""
        by_card = due // 2
        if by_card and self._day.happens(self._day.chances.split):
            cash = self._amount_given(due - by_card)
            return {
                "tenders": [
                    {"method": "card", "amount": str(by_card)},
                    {"method": "cash", "amount": str(cash)},
                ]
            }
        if self._day.happens(self._day.chances.card):
            return {"method": "card", "amount_paid": str(due)}
        return {"method": "cash", "amount_paid": str(self._amount_given(due))}

    async def _read_terminal(self, visit: Visit) -> Visit:
        """Record the answer; after a declined card the next claim gives the same customer."""
        await self._day.minutes(0.5, 1)
        approved = not self._day.happens(self._day.chances.declined)
        return await self._does(
            "cashier_payment_result", transaction_id=visit["id"], approved=approved
        )

    def _amount_given(self, due: Decimal) -> Decimal:
        """Return an amount: mostly notes, sometimes exact, sometimes a few coins too many."""
        if self._day.happens(100):
            return due + Decimal(self._day.chance.randint(0, 99)) / 100
        return math.ceil(due / NOTE) * NOTE
