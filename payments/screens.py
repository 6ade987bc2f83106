"""The cashier's desk."""

from typing import Any

from accounts.auth import Caller
from payments.methods import serialize_offered
from queueing.events import CASHIERS
from queueing.screens import audience_screen
from queueing.snapshots import transactions_of
from spa_project.lib.realtime.screen import Screen


def cashier_screen(caller: Caller) -> Screen:
    """Who has finished, who is at which counter, who is looking, and how they may be paid."""
    branch, cashier = caller.here, caller.cashier

    def snapshot() -> dict[str, Any]:
        return {"transactions": transactions_of(branch, CASHIERS.shows)}

    me = {
        "id": cashier.pk,
        "name": cashier.display_name,
        "counter_number": cashier.counter_number,
    }
    return audience_screen(CASHIERS, branch, snapshot, me=me, methods=serialize_offered())
