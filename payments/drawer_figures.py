"""The figures of a drawer session: what it took by method, and the cash that must be in it.

All are computed from the rows that have the session's key, never from dates.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import Max, Min, Sum

from payments.models import DrawerSession, Kind, Movement
from payments.takings import Taking, by_method, refunded_by_method
from queueing.bill import ZERO, rounded
from spa_project.lib.money import format_amount


@dataclass(frozen=True)
class MethodTotal:
    """The amount that one method took, or gave back."""

    method: str
    name: str
    is_cash: bool
    count: int
    amount: Decimal

    def as_json(self) -> dict[str, Any]:
        """Return the total as a Z report stores it."""
        return {**asdict(self), "amount": format_amount(self.amount)}


class Figures(NamedTuple):
    """The figures of one drawer session."""

    float_amount: Decimal
    methods: list[MethodTotal]
    #: What was given back for sales of any day, by method.
    refunds: list[MethodTotal]
    #: What was moved, by kind.
    moved: dict[str, Decimal]
    first_receipt: int | None
    last_receipt: int | None

    @property
    def cash_taken(self) -> Decimal:
        """Return the cash that sales left in the drawer: received less change."""
        return sum((it.amount for it in self.methods if it.is_cash), ZERO)

    @property
    def cash_refunded(self) -> Decimal:
        """Return the cash that refunds took out of the drawer."""
        return sum((it.amount for it in self.refunds if it.is_cash), ZERO)

    @property
    def expected(self) -> Decimal:
        """Return the cash that must be in the drawer."""
        return self.float_amount + self.cash_taken - self.cash_refunded + net_of(self.moved)

    def as_json(self) -> dict[str, Any]:
        """Return the figures as a Z report stores them."""
        return {
            "float": format_amount(self.float_amount),
            "methods": [it.as_json() for it in self.methods],
            "refunds": [it.as_json() for it in self.refunds],
            "moved": {kind: format_amount(amount) for kind, amount in self.moved.items()},
            "cash_taken": format_amount(self.cash_taken),
            "cash_refunded": format_amount(self.cash_refunded),
            "expected": format_amount(self.expected),
            "first_receipt": self.first_receipt,
            "last_receipt": self.last_receipt,
        }


def sum_of(counts: Mapping[str, int]) -> Decimal:
    """Return the sum of notes and coins, of which `counts` has the number by value."""
    return sum((Decimal(value) * count for value, count in counts.items()), ZERO)


def net_of(moved: Mapping[str, Decimal]) -> Decimal:
    """Return by how much movements change the cash: what was put in less what was taken out."""
    return sum((a if kind == Movement.IN else -a for kind, a in moved.items()), ZERO)


def figures_of(drawer: DrawerSession) -> Figures:
    """Return the figures of a session as they are now: with tips, each part by its method."""
    payments = drawer.payments.all()
    receipts = payments.aggregate(first=Min("receipt_number"), last=Max("receipt_number"))
    moved = drawer.movements.order_by().values_list("kind").annotate(Sum("amount"))
    return Figures(
        float_amount=drawer.float_amount,
        methods=_totals(by_method(payments)),
        refunds=_totals(refunded_by_method(drawer.refunds.all())),
        moved=dict.fromkeys(Movement.values, ZERO)
        | {kind: rounded(amount) for kind, amount in moved},
        first_receipt=receipts["first"],
        last_receipt=receipts["last"],
    )


def _totals(takings: list[Taking]) -> list[MethodTotal]:
    return [
        MethodTotal(it.method, it.name, it.kind == Kind.CASH, it.times, rounded(it.amount))
        for it in takings
    ]
