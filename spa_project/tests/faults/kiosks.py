"""Kiosks that order all the time, whatever happens to the servers."""

import asyncio
import time
import urllib.request
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tools.faults.people import send
from tools.servers import AppServer, MariaDB

KIOSKS = 8
#: Seconds for the last order to be answered.
CLOSED_WITHIN = 15.0


class Kiosk:
    """Kiosk that sends orders one after the other, each until it is acknowledged."""

    def __init__(self, server: AppServer, price: int, pause: float) -> None:
        self._server, self._price, self._pause = server, price, pause
        self.acknowledged: list[str] = []
        self.is_closing = False

    async def work(self) -> None:
        """Send orders until the kiosk is closed."""
        while not self.is_closing:
            request_id = str(uuid.uuid4())
            while not await asyncio.to_thread(self._order, request_id):
                await asyncio.sleep(0.2)
            self.acknowledged.append(request_id)
            await asyncio.sleep(self._pause)

    def _order(self, request_id: str) -> bool:
        items = [{"service_classification_id": self._price}]
        try:
            send(self._server, "customer_confirm_selection", items=items, request_id=request_id)
        except OSError:
            return False
        return True


@asynccontextmanager
async def kiosks(
    server: AppServer, price: int, *, count: int = KIOSKS, pause: float = 0.0
) -> AsyncIterator[list[Kiosk]]:
    """Let kiosks send orders during the block, each after a pause."""
    found = [Kiosk(server, price, pause) for _each in range(count)]
    working = [asyncio.create_task(kiosk.work()) for kiosk in found]
    try:
        yield found
    finally:
        for kiosk in found:
            kiosk.is_closing = True
        await asyncio.wait(working, timeout=CLOSED_WITHIN)
        for task in working:
            task.cancel()  # no effect on one that has ended
        await asyncio.gather(*working, return_exceptions=True)


async def all_are_served(working: list[Kiosk], within: float) -> float:
    """Return the seconds until every kiosk had an order acknowledged that it sent since."""
    began = time.monotonic()
    before = [len(kiosk.acknowledged) for kiosk in working]  # one more may have been sent by then
    async with asyncio.timeout(within):
        while any(
            len(kiosk.acknowledged) < count + 2
            for kiosk, count in zip(working, before, strict=True)
        ):
            await asyncio.sleep(0.1)
    return time.monotonic() - began


def is_ready(server: AppServer) -> bool:
    """Return whether `/readyz` is 200."""
    try:
        with urllib.request.urlopen(f"{server.url}/readyz", timeout=5) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def orders(database: MariaDB) -> dict[str, int]:
    """Return how many orders there are of each request."""
    rows = database.ask("SELECT request_id, COUNT(*) FROM queueing_transaction GROUP BY 1")
    return {str(uuid.UUID(str(request_id))): count for request_id, count in rows if request_id}
