"""A stateful test of cash drawers: any operation in any order, checked against a small model.

The model adds up the cash of each drawer by itself. After every step the rows must expect as much,
so a refused step has changed nothing; at the end of every day all integrity rules must hold.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db.transaction import atomic
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from accounts.models import Cashier, User
from accounts.screen_lock import set_pin
from conftest import MakeTransaction
from payments import approvals, counter, drawers, payment, terminal
from payments.drawer_figures import figures_of
from payments.errors import (
    AlreadyRefunded,
    ApprovalNeeded,
    CloseYesterdayFirst,
    DrawerClosed,
    DrawerIsOpen,
    NotEnoughLeft,
)
from payments.integrity import all_rules
from payments.models import DrawerClose, Payment
from payments.refunds import REFUND, Wanted, refund
from queueing import leaving
from queueing.access import branch_of
from queueing.errors import WrongState
from queueing.states import Status
from spa_project.lib.errors import DomainError, Invalid
from spa_project.tests.extent import examples

DAYS = examples(25, sample=5)
STEPS = 30
DUE = Decimal("500.00")
PIN = "4711"

COUNTERS = st.integers(0, 1)
#: How much the count is off, in coins of 1.00: nothing, a little, more than a cashier may.
OFF = st.sampled_from([0, 0, -3, 900])
NOTES = st.sampled_from(["", "why"])
KINDS = st.sampled_from(["in", "out", "safe_drop", "tip_payout"])


@dataclass
class Drawer:
    """The model of a counter's drawer."""

    day: int | None = None  # on which it was opened; None: closed
    session: int = 0  # which of this drawer
    cash: Decimal = Decimal(0)
    left: Decimal | None = None  # what was counted at the last close
    counted: Decimal | None = None  # since cash last moved
    expected: Decimal = Decimal(0)  # when it was counted
    asked: list[int] = field(default_factory=list)  # visits at the terminal


@dataclass
class Sale:
    """The model of a paid visit."""

    receipt: int
    at: int  # the counter
    session: int
    day: int
    by_card: bool
    left: Decimal = DUE


def pieces(amount: Decimal) -> dict[str, int]:
    whole = int(amount)
    return {"1.00": whole} if whole else {}


class Day(RuleBasedStateMachine):
    """Two counters and a manager; the test puts the people in place."""

    tills: tuple[Cashier, Cashier]
    boss: User
    visit: MakeTransaction

    @initialize(is_morning=st.booleans())
    def begin(self, is_morning: bool) -> None:
        # Rolled back at the end of the day. Django lets a durable operation run inside an atomic
        # block that is marked as a test's.
        self.night = atomic()
        self.night._from_testcase = True  # type: ignore[attr-defined]
        self.night.__enter__()
        self.clock = time_machine.travel(timezone.now(), tick=False)
        self.time = self.clock.start()
        self.day = 0
        self.zs = DrawerClose.objects.count()
        self.drawers = (Drawer(), Drawer())
        self.sales: list[Sale] = []
        if is_morning:
            return
        # Most steps need an open drawer, and refunds a sale, which chance alone brings too rarely.
        for at in (0, 1):
            self.open_drawer(at=at, amount=2000, note="")
            self.sell(at=at, given="620.50", by_card=False)
            self.refund(at=at, pick=0, part=Decimal(120), with_manager=False)

    def teardown(self) -> None:
        try:
            assert [words for outcome in all_rules.run() for words in outcome.findings] == []
        finally:
            self.clock.stop()
            self.night.__exit__(RuntimeError, RuntimeError(), None)

    def does(self, refusal: type[DomainError] | None, operation: Callable[[], object]) -> object:
        """Run an operation that must be refused so, or succeed."""
        if refusal is None:
            return operation()
        with pytest.raises(refusal):
            operation()
        return None

    @rule(at=COUNTERS, amount=st.sampled_from([0, 2000]), note=NOTES)
    def open_drawer(self, at: int, amount: int, note: str) -> None:
        drawer = self.drawers[at]
        refusal: type[DomainError] | None = None
        if drawer.day is not None:
            refusal = DrawerIsOpen if drawer.day == self.day else CloseYesterdayFirst
        elif drawer.left is not None and drawer.left != amount and not note:
            refusal = Invalid
        counts = pieces(Decimal(amount))
        self.does(refusal, lambda: drawers.open_drawer(self.tills[at], counts=counts, note=note))
        if refusal is None:
            drawer.day, drawer.cash, drawer.counted = self.day, Decimal(amount), None
            drawer.session += 1

    @rule(at=COUNTERS, kind=KINDS, amount=st.integers(0, 900))
    def move(self, at: int, kind: str, amount: int) -> None:
        drawer = self.drawers[at]
        refusal = DrawerClosed if drawer.day is None else Invalid if not amount else None
        self.does(
            refusal,
            lambda: drawers.move_cash(
                self.tills[at], kind=kind, amount=Decimal(amount), reason="why"
            ),
        )
        if refusal is None:
            drawer.cash += amount if kind == "in" else -amount

    @rule(at=COUNTERS, given=st.sampled_from(["500.00", "620.50"]), by_card=st.booleans())
    def sell(self, at: int, given: str, by_card: bool) -> None:
        drawer, till = self.drawers[at], self.tills[at]
        if drawer.asked:
            return
        due = type(self).visit(Status.AWAITING_PAYMENT, cashier=till)
        refusal: type[DomainError] | None = None
        if drawer.day is None:
            refusal = DrawerClosed
        elif drawer.day != self.day:
            refusal = CloseYesterdayFirst
        self.does(
            refusal,
            lambda: payment.pay(
                till,
                transaction_id=due.pk,
                amount_paid=DUE if by_card else Decimal(given),
                method="card" if by_card else "cash",
            ),
        )
        if refusal is not None:
            counter.release(till.user, transaction_id=due.pk)
            leaving.manager_cancel(self.boss, transaction_id=due.pk, reason="shut", bill=False)
        elif by_card:
            drawer.asked.append(due.pk)
        else:
            drawer.cash += DUE
            self.note_sale(at, due.pk, by_card=False)

    @rule(at=COUNTERS)
    def approve_card(self, at: int) -> None:
        if asked := self.drawers[at].asked:
            visit = asked.pop()
            terminal.payment_result(self.boss, transaction_id=visit, approved=True)
            self.note_sale(at, visit, by_card=True)

    def note_sale(self, at: int, visit: int, *, by_card: bool) -> None:
        receipt = Payment.objects.get(transaction=visit).receipt_number
        self.sales.append(Sale(receipt, at, self.drawers[at].session, self.day, by_card))

    @rule(
        at=COUNTERS,
        pick=st.integers(0, 9),
        part=st.sampled_from([None, Decimal(120)]),
        with_manager=st.booleans(),
    )
    def refund(self, at: int, pick: int, part: Decimal | None, with_manager: bool) -> None:
        if not self.sales:
            return
        sale = self.sales[-1 - pick % len(self.sales)]
        drawer, till = self.drawers[at], self.tills[at]
        back = sale.left if part is None else part
        refusal: type[DomainError] | None = None
        if drawer.day is None:
            refusal = DrawerClosed
        elif drawer.day != self.day:
            refusal = CloseYesterdayFirst
        elif not sale.left:
            refusal = AlreadyRefunded
        elif back > sale.left:
            refusal = NotEnoughLeft
        elif not with_manager and self.needs_manager(sale, at):
            refusal = ApprovalNeeded
        wanted = Wanted(receipt_number=sale.receipt, amount=part, reason="cold")
        approval = (
            approvals.approve(
                till.user, username="maria", pin=PIN, command=REFUND, content=wanted.content
            )
            if with_manager
            else None
        )
        self.does(refusal, lambda: refund(till, wanted, approval=approval))
        if refusal is None:
            sale.left -= back
            drawer.cash -= 0 if sale.by_card else back

    def needs_manager(self, sale: Sale, at: int) -> bool:
        """Return whether it is a colleague's sale, of a closed session or of an earlier day."""
        theirs = self.drawers[sale.at]
        is_closed = theirs.day is None or theirs.session != sale.session
        return sale.at != at or is_closed or sale.day != self.day

    @rule(at=COUNTERS, off=OFF)
    def count(self, at: int, off: int) -> None:
        drawer = self.drawers[at]
        found = max(Decimal(0), Decimal(int(drawer.cash)) + off)
        refusal = DrawerClosed if drawer.day is None else None
        self.does(refusal, lambda: drawers.count_drawer(self.tills[at], counts=pieces(found)))
        if refusal is None:
            drawer.counted, drawer.expected = found, drawer.cash
        self.time.shift(timedelta(seconds=1))

    @rule(at=COUNTERS, note=NOTES, with_manager=st.booleans())
    def close(self, at: int, note: str, with_manager: bool) -> None:
        drawer, till = self.drawers[at], self.tills[at]
        off = abs((drawer.counted or 0) - drawer.cash)
        refusal: type[DomainError] | None = None
        if drawer.day is None:
            refusal = DrawerClosed
        elif drawer.asked or drawer.counted is None or drawer.expected != drawer.cash:
            refusal = WrongState
        elif off and not note:
            refusal = Invalid
        elif off > 500 and not with_manager:
            refusal = ApprovalNeeded
        counts = pieces(drawer.counted or Decimal(0))
        content = {"counts": counts, "note": note}
        approval = (
            approvals.approve(
                till.user, username="maria", pin=PIN, command=drawers.CLOSE, content=content
            )
            if with_manager
            else None
        )
        self.does(
            refusal,
            lambda: drawers.close_drawer(till, counts=counts, note=note, approval=approval),
        )
        if refusal is None:
            self.zs += 1
            drawer.day, drawer.left = None, drawer.counted

    @rule()
    def next_day(self) -> None:
        self.time.shift(timedelta(days=1))
        self.day += 1

    @invariant()
    def the_rows_are_as_the_model(self) -> None:
        assert DrawerClose.objects.count() == self.zs
        for drawer, till in zip(self.drawers, self.tills, strict=True):
            found = drawers.latest_of(branch_of(till.user), till.counter_number)
            is_open = found is not None and drawers.close_of(found) is None
            assert is_open == (drawer.day is not None)
            if found is not None and is_open:
                assert figures_of(found).expected == drawer.cash


@pytest.mark.slow
@pytest.mark.django_db
def test_drawers_are_as_their_model_whatever_is_done(
    branch, carl, cora, maria, make_transaction, monkeypatch
):
    branch.drawers = True
    branch.save()
    set_pin(maria, PIN)
    monkeypatch.setattr(Day, "tills", (carl, cora), raising=False)
    monkeypatch.setattr(Day, "boss", maria, raising=False)
    monkeypatch.setattr(Day, "visit", staticmethod(make_transaction), raising=False)
    run_state_machine_as_test(
        Day,
        settings=settings(
            max_examples=DAYS,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
