"""Tenders: the parts in which a customer pays, and what follows the part that a terminal is asked.

Terminals are asked one after the other, cash is taken last: so a declined terminal leaves what was
approved before it, and no cash changes hands for a payment that fails.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from payments.models import Kind
from spa_project.lib.money import format_amount


class Part(NamedTuple):
    """An amount by one method."""

    method: str
    kind: str
    amount: Decimal
    reference: str = ""

    @property
    def is_cash(self) -> bool:
        """Return whether change may be given."""
        return self.kind == Kind.CASH


class Share(NamedTuple):
    """A therapist's part of the tip."""

    therapist_id: int
    amount: Decimal


class Plan(NamedTuple):
    """A payment that is still to be taken: the tip, its shares, and the parts in order."""

    tip: Decimal
    shares: Sequence[Share]
    parts: Sequence[Part]

    def as_json(self) -> dict[str, Any]:
        """Return the plan as an attempt stores it; the tip has a column."""
        return {
            "shares": [[share.therapist_id, format_amount(share.amount)] for share in self.shares],
            "parts": [
                [part.method, part.kind, format_amount(part.amount), part.reference]
                for part in self.parts
            ],
        }


def plan_from(tip: Decimal, stored: dict[str, Any] | None) -> Plan:
    """Return the plan that an attempt has stored."""
    if stored is None:
        return Plan(tip, (), ())
    return Plan(
        tip,
        [Share(pk, Decimal(amount)) for pk, amount in stored["shares"]],
        [Part(method, kind, Decimal(amt), ref) for method, kind, amt, ref in stored["parts"]],
    )


def in_order(parts: Sequence[Part]) -> list[Part]:
    """Return the parts as they are taken: terminals in their order, then cash."""
    return sorted(parts, key=lambda part: part.is_cash)
