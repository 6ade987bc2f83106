"""Allot a refund to lines, to the tax they contain and to methods, from plain figures.

Rounding rule: that of the bill (`queueing.bill`). An amount is spread over what is left of the
lines in proportion to it. The tax is the difference of the taxes that the bill contains before and
after, so the refunds of a whole bill add up to its tax, however it was divided.
"""

from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import NamedTuple

from queueing.bill import ZERO, included_tax, spread


class LineLeft(NamedTuple):
    """The rest of a line that can still be given back."""

    key: int
    amount: Decimal
    is_taxed: bool = True


class MethodLeft(NamedTuple):
    """The rest of a tender that can still be given back by its method."""

    method: str
    is_cash: bool
    amount: Decimal


class Allotment(NamedTuple):
    """The amount given back of each line, and the tax that it contains."""

    lines: dict[int, Decimal]
    tax: Decimal

    @property
    def amount(self) -> Decimal:
        """Return what is given back of all lines."""
        return sum(self.lines.values(), ZERO)


def allot(
    left: Sequence[LineLeft],
    *,
    tax_rate: Decimal,
    lines: Collection[int] = (),
    amount: Decimal | None = None,
) -> Allotment:
    """Return the refund of these lines, of an amount no larger than what is left, or of all."""
    if amount is not None:
        parts = spread(amount, [line.amount for line in left])
    else:
        parts = [line.amount if not lines or line.key in lines else ZERO for line in left]
    taxed = sum((line.amount for line in left if line.is_taxed), ZERO)
    pairs = list(zip(left, parts, strict=True))
    given = sum((part for line, part in pairs if line.is_taxed), ZERO)
    tax = included_tax(taxed, tax_rate) - included_tax(taxed - given, tax_rate)
    return Allotment({line.key: part for line, part in pairs if part}, tax)


def by_methods(amount: Decimal, left: Sequence[MethodLeft]) -> list[tuple[str, Decimal]]:
    """Divide an amount among the methods that took it: terminals in their order, then cash.

    So a card gets back what the card paid, and no more cash leaves the drawer than came in.
    """
    parts = []
    for each in sorted(left, key=lambda it: it.is_cash):
        part = min(amount, each.amount)
        if part > 0:
            parts.append((each.method, part))
            amount -= part
    return parts
