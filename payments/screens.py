"""The screen of the cashier's desk."""

from typing import TypedDict

from accounts.auth import Caller
from payments.methods import MethodData, serialize_offered
from payments.offers import OfferData, serialize_offers
from queueing.events import CASHIERS
from queueing.screens import audience_screen
from queueing.serializers import TransactionData
from queueing.snapshots import Setup, setup_of, transactions_of
from spa_project.lib.realtime.screen import Screen, ServerTime


class CashierSelf(TypedDict):
    """The cashier who is logged in."""

    id: int
    name: str
    counter_number: str


class CashierRows(Setup):
    transactions: list[TransactionData]


class CashierSnapshot(CashierRows, ServerTime):
    me: CashierSelf
    methods: list[MethodData]
    discounts: list[OfferData]


def cashier_screen(caller: Caller) -> Screen:
    """Return finished customers, occupied counters, the cashier and the payment methods."""
    branch, cashier = caller.here, caller.cashier

    def snapshot() -> CashierRows:
        return {**setup_of(branch), "transactions": transactions_of(branch, CASHIERS.shows)}

    me: CashierSelf = {
        "id": cashier.pk,
        "name": cashier.display_name,
        "counter_number": cashier.counter_number,
    }
    return audience_screen(
        CASHIERS,
        branch,
        snapshot,
        me=me,
        methods=serialize_offered(),
        discounts=serialize_offers(),
    )
