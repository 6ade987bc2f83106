"""Tills that take payments, each repeated until it is acknowledged."""

import asyncio
import uuid
from http import HTTPStatus
from typing import Any
from urllib.error import HTTPError

from tools.faults.people import send
from tools.faults.screen import Message
from tools.servers import AppServer, MariaDB

REPEATED_AFTER = 0.2


class Till:
    """Till of a cashier on one process."""

    def __init__(self, server: AppServer, cookie: str) -> None:
        self._server, self._cookie = server, cookie
        #: The visits whose payment was acknowledged.
        self.paid: list[int] = []

    async def pay_next(self) -> None:
        """Take the payment of the next customer, who has to wait already."""
        claimed = await self._repeat("cashier_claim_next")
        visit: int = claimed["transaction"]["id"]
        money = {"amount_paid": "99999.00", "confirmed": True, "request_id": str(uuid.uuid4())}
        await self._repeat("cashier_pay", transaction_id=visit, **money)
        self.paid.append(visit)

    async def _repeat(self, command: str, **data: Any) -> Message:
        """Send a command until it is answered with something else than that the system is busy."""
        while True:
            try:
                return await asyncio.to_thread(send, self._server, command, self._cookie, **data)
            except HTTPError as refusal:
                refusal.close()
                if refusal.code != HTTPStatus.SERVICE_UNAVAILABLE:
                    raise
            except OSError:  # no answer
                pass
            await asyncio.sleep(REPEATED_AFTER)


def payments(database: MariaDB) -> dict[int, int]:
    """Return how many payments there are of each visit."""
    rows = database.ask("SELECT transaction_id, COUNT(*) FROM payments_payment GROUP BY 1")
    return {int(visit): int(count) for visit, count in rows}
