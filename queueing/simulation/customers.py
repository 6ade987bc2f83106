"""Simulated customers, who order, wait with their ticket, pay and leave, or lose patience."""

import asyncio
import uuid

from queueing.simulation.client import ConnectionLost, LiveClient
from queueing.simulation.day import Day, Visit, nobody_to_ask_for
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
#: Refusals of an order whose therapist or skill is not there any more.
UNABLE = frozenset({"nobody_able", "not_able"})
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
        reply = await kiosk.insist("customer_confirm_selection", **await self._order())
        if reply.get("code") in UNABLE:
            # Whoever it was has left, or lost the skill, since the choices were read.
            reply = await kiosk.insist(
                "customer_confirm_selection", **self._order_of(self._plain())
            )
        assert reply["ok"], reply
        self._day.tally.counts["customers"] += 1
        self._see(reply["transaction"])
        key = reply["key"]
        async with self._day.open_line(f"/ws/ticket/{key}/", "", self._hear) as ticket:
            await self._wait(ticket, key)
        self._day.tally.counts[self._visit["status"]] += 1
        self._day.tally.tickets[key] = self._visit

    async def _order(self) -> Visit:
        """Return an order: one treatment or two, and perhaps whom the customer asks for."""
        day = self._day
        chosen = day.chance.sample(day.offers, k=day.chance.choice((1, 1, 1, 2)))
        choices = await self._read_choices(chosen)
        if choices["missing_skills"] and not day.happens(day.chances.waits_for_a_skill):
            chosen = [offer for offer in chosen if not offer["skill"]] or self._plain()
            choices = await self._read_choices(chosen)
        return self._order_of(chosen) | self._request(choices)

    async def _read_choices(self, chosen: list[Visit]) -> Visit:
        keys = [offer["id"] for offer in chosen]
        try:
            return await asyncio.to_thread(self._day.read_choices, keys)
        except OSError:
            return nobody_to_ask_for(keys)

    def _plain(self) -> list[Visit]:
        """Return a treatment that needs no skill."""
        return [self._day.chance.choice([it for it in self._day.offers if not it["skill"]])]

    def _order_of(self, chosen: list[Visit]) -> Visit:
        return {
            "items": [{"service_classification_id": offer["id"]} for offer in chosen],
            "customer_name": self._day.chance.choice(NAMES),
            "request_id": str(uuid.uuid4()),
        }

    def _request(self, choices: Visit) -> Visit:
        """Return whom the customer asks for, of those who are offered."""
        day = self._day
        if choices["therapists"] and day.happens(day.chances.asks_for_one):
            day.tally.counts["asked for one"] += 1
            asked = {"requested_therapist_id": day.chance.choice(choices["therapists"])["id"]}
            alone = day.happens(day.chances.agrees_to_nobody)
            return asked if alone else asked | {"preference": "anyone"}
        if choices["genders"] and day.happens(day.chances.asks_for_a_gender):
            day.tally.counts["asked for a gender"] += 1
            return {"preference": day.chance.choice(choices["genders"])["preference"]}
        return {}

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
