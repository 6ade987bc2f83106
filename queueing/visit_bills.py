"""Bills of visits: the rows that `queueing.bill` computes from."""

from typing import Any

from queueing.bill import Bill, Discount, Line, bill_of
from queueing.models import Transaction
from queueing.states import Status


def bill_of_visit(visit: Transaction, discounts: list[Any] | None = None) -> Bill:
    """Return the bill of a visit, at the rate of its payment or else of its branch.

    `discounts` are those of `discounts_of`, where the caller has read them.
    """
    if discounts is None:
        discounts = discounts_of(visit)
    return bill_of(
        [Line(item.pk, item.price) for item in visit.item_list],
        [as_discount(row) for row in discounts],
        tax_rate=taxed_by(visit).tax_rate,
    )


def taxed_by(visit: Transaction) -> Any:
    """Return the row with a visit's tax rate and label: its payment, or else its branch."""
    return visit.payment if visit.status == Status.PAID else visit.branch


def discounts_of(visit: Transaction) -> list[Any]:
    """Return the discounts that a visit has now, in the order in which they were given.

    Only a visit with discounts needs a query, which a prefetch of `discounts` saves.
    Rows of `payments.AppliedDiscount` by the reverse relation: payments is a layer above.
    """
    if not visit.discount_amount:
        return []
    return in_force(visit.discounts.all())


def in_force(rows: Any) -> list[Any]:
    """Return the discounts that no later row removes."""
    removed = {row.removal_of_id for row in rows}
    given = [row for row in rows if row.removal_of_id is None and row.pk not in removed]
    return sorted(given, key=lambda row: row.pk)


def as_discount(row: Any) -> Discount:
    """Return a given discount as the bill computes with it."""
    return Discount(row.pk, row.kind, row.value, row.item_id, row.exempt_rate)
