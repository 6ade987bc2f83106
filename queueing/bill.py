"""The bill: one pure function computes every figure of a sale from plain rows.

The screens, the receipt, the reports and the integrity rules all show what it returns, so no two of
them round differently. Amounts are `Decimal` with two places; prices contain the tax.

Rounding rule: a computed amount is rounded half up to the cent, once. What is computed for several
lines together is rounded first and then spread over them in proportion, so that the parts add up:
each line gets whole cents, and the cents that remain go to the largest remainders, of equal ones to
the first line. The tax is computed from the sum of all taxed lines, not line by line.
"""

from collections.abc import Collection, Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from django.db import models
from django.utils.translation import gettext_lazy as _

ZERO = Decimal("0.00")
_CENT = Decimal("0.01")
_HUNDRED = Decimal(100)


class DiscountKind(models.TextChoices):
    """The unit of a discount's value."""

    PERCENT = "percent", _("Percent")
    AMOUNT = "amount", _("Amount")


class Line(NamedTuple):
    """One treatment of a bill."""

    key: int
    price: Decimal


class Discount(NamedTuple):
    """A discount as it was given: for one line, or with `line` None for the whole bill."""

    key: int
    kind: str
    value: Decimal
    line: int | None = None
    #: The rate of the tax that is taken out of the price before the discount is computed; None
    #: where it is not. Of two for one line the first counts.
    exempt_rate: Decimal | None = None


class Tender(NamedTuple):
    """An amount that the customer gives; only cash gives change."""

    amount: Decimal
    is_cash: bool = True


class Bill(NamedTuple):
    """Every figure of a sale."""

    #: The sum of the prices.
    total: Decimal
    #: What each discount takes off, without the exempted tax, by the discount's key.
    discounts: dict[int, Decimal]
    #: The tax taken out of the prices of exempt lines.
    exempted_tax: Decimal
    #: What is taken off each line, by its key: its discounts, its share of the bill's, its tax.
    reductions: dict[int, Decimal]
    #: What is to be paid for the treatments: total - discounts - exempted tax.
    due: Decimal
    #: The tax that `due` contains.
    tax: Decimal
    #: What the customer gives the therapists on top.
    tip: Decimal
    #: What was tendered.
    paid: Decimal
    #: The cash to give back.
    change: Decimal
    #: What is still to be tendered.
    missing: Decimal

    @property
    def reduction(self) -> Decimal:
        """Return all that is taken off the total."""
        return self.total - self.due


def bill_of(
    lines: Sequence[Line],
    discounts: Sequence[Discount] = (),
    *,
    tax_rate: Decimal = ZERO,
    tip: Decimal = ZERO,
    tenders: Sequence[Tender] = (),
) -> Bill:
    """Return the bill of these lines, with the discounts in the order in which they were given.

    Exempted tax is taken out first; each discount then applies to what the ones before it have
    left, and takes off no more than that. `tax_rate` is that of the other lines, in percent.
    """
    left = {line.key: line.price for line in lines}
    exempt = exempt_lines(discounts, left)
    exempted_tax = ZERO
    for key, rate in exempt.items():
        tax = included_tax(left[key], rate)
        left[key] -= tax
        exempted_tax += tax
    taken = {discount.key: _take(discount, left) for discount in discounts}
    total, due = _sum(line.price for line in lines), _sum(left.values())
    taxed = _sum(amount for key, amount in left.items() if key not in exempt)
    paid = _sum(tender.amount for tender in tenders)
    over = paid - due - tip
    return Bill(
        total=total,
        discounts=taken,
        exempted_tax=exempted_tax,
        reductions={line.key: line.price - left[line.key] for line in lines},
        due=due,
        tax=included_tax(taxed, tax_rate),
        tip=tip,
        paid=paid,
        change=max(ZERO, min(over, _sum(t.amount for t in tenders if t.is_cash))),
        missing=max(ZERO, -over),
    )


def exempt_lines(discounts: Sequence[Discount], lines: Collection[int]) -> dict[int, Decimal]:
    """Return the keys of the lines whose tax is taken out, each with the rate of that tax."""
    exempt: dict[int, Decimal] = {}
    for discount in discounts:
        if discount.exempt_rate is not None:
            for key in lines:
                if discount.line in (None, key):
                    exempt.setdefault(key, discount.exempt_rate)
    return exempt


def included_tax(amount: Decimal, rate: Decimal) -> Decimal:
    """Return the tax that an amount contains, at a rate in percent."""
    return rounded(amount * rate / (_HUNDRED + rate)) if rate else ZERO


def tax_name(label: str, rate: Decimal) -> str:
    """Return a tax with its rate, without needless zeros: "VAT 12%"."""
    return f"{label} {rate.normalize():f}%"


def rounded(amount: Decimal) -> Decimal:
    """Return an amount rounded half up to the cent."""
    return amount.quantize(_CENT, ROUND_HALF_UP)


def spread(amount: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """Split an amount in proportion to the weights: the parts are whole cents and add up to it.

    The cents that remain go to the largest remainders. The weights must not all be 0 unless the
    amount is; then, as without an amount, all parts are 0.
    """
    whole = sum(weights)
    if not whole or not amount:
        return [ZERO for _weight in weights]
    exact = [amount * weight / whole / _CENT for weight in weights]
    cents = [int(part) for part in exact]
    by_remainder = sorted(range(len(cents)), key=lambda place: cents[place] - exact[place])
    for place in by_remainder[: int(amount / _CENT) - sum(cents)]:
        cents[place] += 1
    return [part * _CENT for part in cents]


def _take(discount: Discount, left: dict[int, Decimal]) -> Decimal:
    """Take a discount off what is left of its lines; return its amount."""
    keys = [key for key in left if discount.line in (None, key)]
    base = [left[key] for key in keys]
    amount = _off(discount, _sum(base))
    for key, part in zip(keys, spread(amount, base), strict=True):
        left[key] -= part
    return amount


def _off(discount: Discount, base: Decimal) -> Decimal:
    is_percent = discount.kind == DiscountKind.PERCENT
    wanted = rounded(base * discount.value / _HUNDRED) if is_percent else discount.value
    return min(wanted, base)


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, ZERO)
