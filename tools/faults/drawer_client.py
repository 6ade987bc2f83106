"""A client that works with one cashier's drawer: gives money back, moves cash, closes and opens."""

import asyncio
import random
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from queueing.simulation.client import ConnectionLost, LiveClient
from tools.faults.history import OK, History
from tools.faults.people import pieces_of

PAUSE = 0.2  # seconds
PAYING = ("cashier_pay", "cashier_payment_result")
KINDS = ("in", "out", "safe_drop")
FLOAT = {"1000.00": 2}
REASON = "fault run"
#: Probabilities of closing the drawer, and else of a refund.
CLOSES, REFUNDS = 0.2, 0.5
COUNTS = 5
#: One of so many last sales is refunded: an earlier one is rather of a closed drawer.
LATEST = 3


class DrawerClient:
    """The drawer of one cashier. `line` opens the cashier's socket."""

    def __init__(
        self, name: str, line: Callable[[], LiveClient], history: History, chance: random.Random
    ) -> None:
        self._name = name
        self._open_line = line
        self._history = history
        self._chance = chance

    async def work(self) -> None:
        """Do something with the drawer now and then; open it whenever it is closed."""
        async with self._open_line() as self._line:
            while True:
                try:
                    if await self._do_something() == "drawer_closed":
                        await self._line.ask("cashier_open_drawer", counts=FLOAT, note=REASON)
                except ConnectionLost:
                    pass
                await asyncio.sleep(PAUSE)

    async def _do_something(self) -> str:
        """Return the code of a refusal, or "drawer_closed" after closing it."""
        if self._chance.random() < CLOSES:
            return await self._close()
        key = {"request_id": str(uuid.uuid4()), "reason": REASON}
        receipt = self._some_receipt()
        if receipt and self._chance.random() < REFUNDS:
            back = {"receipt_number": receipt, "amount": "1.00"}
            return _code(await self._line.ask("cashier_refund", **back, **key))
        moved = {"kind": self._chance.choice(KINDS), "amount": "5.00"}
        return _code(await self._line.ask("cashier_move_cash", **moved, **key))

    async def _close(self) -> str:
        """Count blindly, then what was expected until nothing was sold meanwhile, and close."""
        counts: dict[str, int] = {}
        for _each in range(COUNTS):
            reply = await self._line.ask("cashier_count_drawer", counts=counts)
            if not reply["ok"]:
                return _code(reply)
            if not Decimal(reply["drawer"]["count"]["variance"]):
                # With a note: a count that was sent twice may be repeated after cash has moved.
                close = {"counts": counts, "note": REASON}
                reply = await self._line.ask("cashier_close_drawer", **close)
                return "drawer_closed" if reply["ok"] else _code(reply)
            counts = pieces_of(reply)
        return ""

    def _some_receipt(self) -> int | None:
        """Return the receipt of one of the last sales that this cashier was told of, if any."""
        paid = [
            each.transaction["payment"]["receipt_number"]
            for each in self._history.of(*PAYING)
            if each.client == self._name and each.phase == OK and each.transaction.get("payment")
        ]
        return self._chance.choice(paid[-LATEST:]) if paid else None


def _code(reply: dict[str, Any]) -> str:
    return str(reply.get("code", ""))
