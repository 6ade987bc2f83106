"""The model of a visit, written independently of the operations."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from accounts.models import Cashier, Therapist, User
from catalog.models import ServiceClassification
from queueing.errors import TransactionNotFound, WrongState
from queueing.states import BEFORE_CASHIER, UNCLAIMED, Status
from spa_project.lib.errors import DomainError

Refusal = type[DomainError] | None


class Step(NamedTuple):
    """A step of a visit: its arrow, its person, and whether it was an undo."""

    was: Status
    to: Status
    by: User | None
    is_undo: bool = False


@dataclass(eq=False)
class Visit:
    """The model of a transaction."""

    pk: int
    items: dict[int, ServiceClassification]
    asked: list[int]
    request_id: str | None
    code: str
    status: Status = Status.PENDING_THERAPIST
    version: int = 1
    therapist: Therapist | None = None
    cashier: Cashier | None = None
    room: str = ""
    calls: int = 0
    finished: int = 0  # the place in the cashiers' line
    offers: list["Offer"] = field(default_factory=list)  # taken, or shown to the terminal
    payment: "Offer | None" = None
    attempts: list[bool | None] = field(default_factory=list)  # None: at work
    #: What was given back of the bill and of the tip, by each refund.
    refunds: list[tuple[Decimal, Decimal]] = field(default_factory=list)
    #: The codes of the discounts it has, in the order in which they were given.
    discounts: list[str] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    #: The customer's answers to what was added, by item; what nobody asked about is not there.
    consents: dict[int, str] = field(default_factory=dict)
    #: What the therapist removed although they want it, with their answer, if they were asked.
    removed: list[tuple[ServiceClassification, str | None]] = field(default_factory=list)
    #: What they declined, in its order.
    declined: list[int] = field(default_factory=list)
    #: What the customer wants their therapist to know, and who has read it last.
    note: str = ""
    note_read_by: Therapist | None = None
    #: Whom the customer asked for, whether anyone else will do, and whether the time that they give
    #: that therapist still runs.
    asked_for: Therapist | None = None
    or_anyone: bool = False
    is_timed: bool = False
    asked_first: tuple[Therapist | None, bool] = (None, False)
    #: Which therapist may not call them again, as the customer wants another one.
    refused: Therapist | None = None
    #: What it counts in the rotation, None outside of it, and for whom it was counted last.
    quarters: int | None = None
    counted_for: Therapist | None = None
    #: What is told of each step.
    on_step: Callable[["Visit"], None] = lambda _visit: None

    @property
    def waits_for(self) -> Therapist | None:
        """Return the only therapist who may call the customer."""
        return self.asked_for if self.is_timed or not self.or_anyone else None

    @property
    def lane(self) -> int:
        """Return the key of the only therapist who may call them, while they wait."""
        only = self.waits_for if self.status in UNCLAIMED else None
        return only.pk if only else 0

    def may_be_called_by(self, therapist: Therapist) -> bool:
        return self.waits_for in (None, therapist) and self.refused != therapist

    @property
    def total(self) -> Decimal:
        return sum((offer.price for offer in self.items.values()), Decimal(0))

    @property
    def due(self) -> Decimal:
        """Return what is to be paid: a tenth off, then a fixed amount; neither below nothing."""
        left = self.total
        for code in self.discounts:
            off = left / 10 if code == "tenth" else Decimal(100)
            left -= min(off.quantize(Decimal("0.01"), ROUND_HALF_UP), left)
        return left

    @property
    def refunded(self) -> Decimal:
        return sum((amount + tip for amount, tip in self.refunds), Decimal(0))

    @property
    def is_unanswered(self) -> bool:
        return "asked" in self.consents.values()

    def take_off(self, item: int) -> None:
        del self.items[item]
        self.consents.pop(item, None)

    def remember(self, item: int) -> None:
        """Remember what is removed and wanted."""
        if (answer := self.consents.get(item)) != "asked":
            self.removed.append((self.items[item], answer))

    def ask_about(self, item: int) -> None:
        """Ask about what was added, unless it is put back."""
        before = [each for each in self.removed if each[0] == self.items[item]]
        answer: str | None = "asked"
        if before:
            answer = before[-1][1]
            self.removed.reverse()
            self.removed.remove(before[-1])
            self.removed.reverse()
        if answer:
            self.consents[item] = answer

    def is_needed(self, item: int) -> bool:
        """Return whether it is all that would be left without what the customer may decline."""
        return all(self.consents.get(other) == "asked" for other in self.items if other != item)

    def left(self) -> tuple[Decimal, Decimal]:
        """Return what is left to give back of the bill and of the tip."""
        assert self.payment is not None
        bill = self.due - sum((amount for amount, _tip in self.refunds), Decimal(0))
        return bill, self.payment.tip - sum((tip for _amount, tip in self.refunds), Decimal(0))

    def stay(self, *, by: User | None) -> None:
        """Make a step in place, which is no new call."""
        self.steps.append(Step(self.status, self.status, by))
        self.version += 1
        self.on_step(self)

    def move(self, *steps: Status, by: User | None, is_undo: bool = False) -> None:
        for to in steps:
            self.steps.append(Step(self.status, to, by, is_undo))
            self.status = to
            self.version += 1
        if to == Status.THERAPIST_CONFIRMED and not is_undo:
            self.calls += 1
        if to in UNCLAIMED:
            self.therapist, self.room, self.calls = None, "", 0
        if to in BEFORE_CASHIER:
            self.cashier = None
        if to != Status.PENDING_THERAPIST:
            self.refused = None
        self.is_timed = self.is_timed and to in (*UNCLAIMED, Status.THERAPIST_CONFIRMED)
        self.on_step(self)


class Offer(NamedTuple):
    """An amount that a cashier was given for a visit, and what it made."""

    pk: int
    cashier: Cashier
    amount: Decimal
    method: str
    request_id: str | None
    tip: Decimal = Decimal(0)
    #: The part by card, where the rest is in cash.
    card: Decimal = Decimal(0)

    @property
    def cash(self) -> Decimal:
        """Return the part in cash, from which change may be given."""
        if self.method == "cash":
            return self.amount
        return self.amount - self.card if self.card else Decimal(0)


def not_possible(visit: Visit, is_mine: bool, *statuses: Status) -> Refusal:
    """Return the expected refusal: not found if another's, else wrong state."""
    if not is_mine:
        return TransactionNotFound
    return None if visit.status in statuses else WrongState
