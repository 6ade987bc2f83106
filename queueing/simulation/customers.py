"""Simulated customers, who order, wait with their ticket, pay and leave, or lose patience."""

import asyncio
import uuid

from queueing.simulation.client import ConnectionLost, LiveClient
from queueing.simulation.day import Day, Visit
from queueing.states import Status

NAMES = [
    "Ana",
    "Bea",
    "Carlo",
    "Dina",
    "Emil",
    "Fe",
    "Gina",
    "Hector",
    "Iris",
    "Jose",
    "Karla",
    "Luz",
    "Mario",
    "Nena",
    "Omar",
    "Paz",
]
#: Statuses that end a visit for the customer.
OVER = frozenset({Status.PAID, Status.CANCELLED, Status.NO_SHOW})
LOOK_AGAIN_SECONDS = 5.0


class Customer:
    """One visit, from the kiosk to the exit."""

    def __init__(self, day: Day, *, patience: float) -> None:
        self._day = day
        self._patience = patience  # minutes in the line
        self._visit: Visit = {}
        self._is_behind = False  # the heartbeat's digest differs from our ticket

    async def visit(self, kiosk: LiveClient) -> None:
        """Order at a kiosk, then follow the ticket until the visit is over."""
        reply = await kiosk.insist("customer_confirm_selection", **self._order())
        assert reply["ok"], reply
        self._day.tally.counts["customers"] += 1
        self._see(reply["transaction"])
        key = reply["key"]
        async with self._day.open_line(f"/ws/ticket/{key}/", "", self._hear) as ticket:
            await self._wait(ticket, key)
        self._day.tally.counts[self._visit["status"]] += 1
        self._day.tally.tickets[key] = self._visit

    def _order(self) -> Visit:
        chance, offers = self._day.chance, self._day.offers
        chosen = chance.sample(offers, k=chance.choice((1, 1, 1, 2)))
        return {
            "items": [{"service_classification_id": offer["id"]} for offer in chosen],
            "customer_name": chance.choice(NAMES),
            "request_id": str(uuid.uuid4()),
        }

    async def _wait(self, ticket: LiveClient, key: str) -> None:
        loop = asyncio.get_running_loop()
        leaves_at = loop.time() + self._patience * self._day.minute
        while self._visit["status"] not in OVER:
            if loop.time() > leaves_at and self._visit["status"] == Status.PENDING_THERAPIST:
                await self._leave(ticket, key)
            left = max(leaves_at - loop.time(), 0.0) or LOOK_AGAIN_SECONDS
            await ticket.news(min(left, LOOK_AGAIN_SECONDS))
            if self._is_behind:
                await ticket.refresh()

    async def _leave(self, ticket: LiveClient, key: str) -> None:
        """Cancel the visit, unless the customer is being called at this moment."""
        try:
            reply = await ticket.ask("customer_cancel", key=key)
        except ConnectionLost:
            return
        if reply["ok"]:
            self._see(reply["transaction"])

    def _hear(self, event: str, data: Visit) -> None:
        if "transaction" in data:
            self._see(data["transaction"])
        self._is_behind = event == "heartbeat" and data["versions"] != self._visit["version"]

    def _see(self, visit: Visit) -> None:
        if visit["version"] >= self._visit.get("version", 0):
            self._visit = visit
