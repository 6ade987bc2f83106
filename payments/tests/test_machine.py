"""A stateful test: any operation in any order, checked against a small model.

The model knows the line, the current customer of each member of staff, and the content of each
visit; it is written independently of the operations. After every step the rows must equal the
model, so a refused step has changed nothing; at the end of every day all integrity rules must hold.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from typing import Any, NamedTuple

import pytest
import time_machine
from django.db import connection
from django.db.models import F
from django.db.transaction import atomic
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from accounts.models import Branch, Cashier, Presence, Therapist, User
from catalog.models import ServiceClassification
from conftest import make_offer
from payments import bill_items, counter, discounts, payment, terminal
from payments.errors import (
    AlreadyRefunded,
    AmountDoubtful,
    ApprovalNeeded,
    DiscountNotAllowed,
    InsufficientPayment,
    NotEnoughLeft,
    NotTheTotal,
    ReceiptNotFound,
)
from payments.integrity import all_rules
from payments.models import Discount, Payment, PaymentAttempt, RefundedTip, TipShare
from payments.payment import Given
from payments.refunds import Wanted, refund
from queueing import consent, duty, handover, holding, leaving, notes, order_changes, tasks
from queueing import services as floor
from queueing.errors import (
    ConsentNeeded,
    EmptySelection,
    QueueEmpty,
    RoomNotReady,
    ServiceNotFound,
    TransactionNotFound,
    WrongState,
)
from queueing.models import Room, RoomStatus, Transaction, TransactionItem, VisitNote
from queueing.services import Choice
from queueing.states import BEFORE_CASHIER, CLOSED, UNCLAIMED, WITH_CASHIER, WITH_THERAPIST, Status
from queueing.undo import undo
from spa_project.lib.errors import Conflict, DomainError
from spa_project.tests.one_branch import Audit

Refusal = type[DomainError] | None

DAYS = 40
STEPS = 40

#: Few keys, so that they are used again now and then.
REQUESTS = st.sampled_from([None, None, *(f"request-{number}" for number in range(6))])
PEOPLE = st.integers(0, 1)
#: A cashier, or the manager.
ANYBODY = st.integers(0, 2)
METHODS = st.sampled_from(["cash", "cash", "card"])
OFFERS = st.integers(0, 2)
NOTES = st.sampled_from(["", "", "Left shoulder hurts."])
TIPS = st.sampled_from(["0.00", "0.00", "20.00"])
#: The discounts of the day: a tenth, and an amount above a cashier's limit.
CODES = st.sampled_from(["tenth", "hundred"])
#: What is given back: all that is left, half of it, a little more than it, or a void sale.
BACK = st.sampled_from(["all", "half", "more", "void"])
OVER = st.sampled_from(["0.00", "0.00", "0.20", "1000.00", "-0.01"])
SELECTION = st.lists(OFFERS, min_size=1, max_size=3)
#: Whether a therapist acts, or a manager for them.
OWN = st.booleans()
#: In place of a visit: the one that this person holds.
MINE = st.none()
#: People who may act for a customer: two therapists, a cashier, a manager.
STAFF = st.integers(0, 3)

#: Steps that can be undone, written without looking at the transition table.
TAKEN_BACK = {
    (Status.PENDING_THERAPIST, Status.THERAPIST_CONFIRMED),
    (Status.PENDING_THERAPIST, Status.ON_HOLD),
    (Status.THERAPIST_CONFIRMED, Status.IN_SERVICE),
    (Status.THERAPIST_CONFIRMED, Status.NO_SHOW),
    (Status.IN_SERVICE, Status.FINISHED),
    (Status.FINISHED, Status.AWAITING_PAYMENT),
    (Status.PENDING_THERAPIST, Status.CANCELLED),
    (Status.ON_HOLD, Status.CANCELLED),
    (Status.THERAPIST_CONFIRMED, Status.CANCELLED),
    (Status.IN_SERVICE, Status.CANCELLED),
    (Status.FINISHED, Status.CANCELLED),
    (Status.AWAITING_PAYMENT, Status.CANCELLED),
}


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
    #: What they declined, in its order.
    declined: list[int] = field(default_factory=list)
    #: What the customer wants their therapist to know, and who has read it last.
    note: str = ""
    note_read_by: Therapist | None = None

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


class Cast(NamedTuple):
    """The people and the menu before a day begins."""

    branch: Branch
    therapists: tuple[Therapist, ...]
    cashiers: tuple[Cashier, ...]
    manager: User
    offers: tuple[ServiceClassification, ...]


@dataclass
class Model:
    """The expected state of a day."""

    #: Visits in the order in which they came, which is their order in the line.
    visits: list[Visit] = field(default_factory=list)
    closing: set[str] = field(default_factory=set)
    #: Whether the branch asks customers about what is added.
    asks_consent: bool = False
    #: What each therapist does, by key; None when off duty.
    presences: dict[int, str | None] = field(default_factory=dict)
    rooms: dict[str, str] = field(
        default_factory=lambda: {"1": RoomStatus.AVAILABLE, "2": RoomStatus.AVAILABLE}
    )

    @property
    def waiting(self) -> list[Visit]:
        return [v for v in self.visits if v.status == Status.PENDING_THERAPIST]

    @property
    def finished(self) -> list[Visit]:
        ready = [v for v in self.visits if v.status == Status.FINISHED]
        return sorted(ready, key=lambda v: v.finished)

    def finish(self, visit: Visit, by: User) -> None:
        """End the treatment; take the next place in the cashiers' line."""
        self.free_room(visit)
        visit.finished = 1 + max(v.finished for v in self.visits)
        visit.move(Status.FINISHED, by=by)

    def free_room(self, visit: Visit) -> None:
        """Vacate the room of the visit, if it has one."""
        if visit.status not in WITH_THERAPIST:
            return
        used = visit.status == Status.IN_SERVICE
        after = RoomStatus.PREPARING if used else RoomStatus.AVAILABLE
        self.rooms[visit.room] = RoomStatus.OUT_OF_SERVICE if visit.room in self.closing else after
        self.closing.discard(visit.room)

    def room_for(self, therapist: Therapist) -> str:
        """Return the own room, or that of the colleague who works in it, if it is available."""
        own = therapist.room_number
        inside = (v for v in self.visits if v.room == own and v.status in WITH_THERAPIST)
        for visit in inside:
            assert visit.therapist is not None
            exchanged = visit.therapist.room_number
            return exchanged if self.rooms.get(exchanged) == RoomStatus.AVAILABLE else own
        return own

    def presence_of(self, therapist: Therapist) -> str | None:
        """Return what a therapist does; a break that was to follow begins without a customer."""
        kind = self.presences[therapist.pk]
        if kind == "break_next" and not self.current_transaction_of(therapist):
            kind = self.presences[therapist.pk] = "on_break"
        return kind

    def is_taken(self, code: str) -> bool:
        """Return whether an open customer has this code."""
        return any(v.code == code and v.status not in CLOSED for v in self.visits)

    def current_transaction_of(self, person: Therapist | Cashier | None) -> Visit | None:
        """Return the current customer of a therapist or a cashier."""
        role, statuses = (
            ("therapist", WITH_THERAPIST)
            if isinstance(person, Therapist)
            else ("cashier", WITH_CASHIER)
        )
        held = [v for v in self.visits if getattr(v, role) == person and v.status in statuses]
        assert len(held) <= 1
        return held[0] if held else None

    def asked_before(self, request_id: str | None) -> Visit | None:
        """Return the visit that a request made."""
        return next((v for v in self.visits if request_id and v.request_id == request_id), None)

    def offered_before(self, request_id: str | None) -> list[Offer]:
        """Return what a request has done, for any visit."""
        offers = (offer for visit in self.visits for offer in visit.offers)
        return [offer for offer in offers if request_id and offer.request_id == request_id]


class Day(RuleBasedStateMachine):
    """A state machine whose rules are the operations; each is checked against the model."""

    visits = Bundle("visits")

    def __init__(self, cast: Cast) -> None:
        super().__init__()
        self.cast = cast
        self.model = Model(presences={each.pk: "on_duty" for each in cast.therapists})
        # Rolled back at the end of the day. Django lets a durable operation run inside an atomic
        # block that is marked as a test's.
        self.night = atomic()
        self.night._from_testcase = True  # type: ignore[attr-defined]
        self.night.__enter__()
        # The people keep their branch from one day to the next.
        self.ask_for_consent(asks=False)

    def teardown(self) -> None:
        try:
            assert [words for outcome in all_rules.run() for words in outcome.findings] == []
        finally:
            self.night.__exit__(RuntimeError, RuntimeError(), None)

    @contextmanager
    def expect(self, refusal: Refusal) -> Iterator[None]:
        """Expect the block to be refused with this error, or, with None, to succeed.

        Either way each of its statements names one branch, or rows by their keys.
        """
        audit = Audit()
        with connection.execute_wrapper(audit), self._refused(refusal):
            yield
        assert audit.found == []

    @contextmanager
    def _refused(self, refusal: Refusal) -> Iterator[None]:
        if refusal is None:
            yield
            return
        with pytest.raises(refusal) as refused:
            yield
        assert refused.type is refusal

    @invariant()
    def the_rows_are_what_the_model_says(self) -> None:
        model = self.model
        key = lambda person: person and person.pk  # noqa: E731
        columns = ("pk", "status", "version", "calls", "room_number", "total_amount", "off", "back")
        people = ("therapist", "cashier", "note_read_by")
        rows = Transaction.objects.annotate(off=F("discount_amount"), back=F("refunded_amount"))
        rows = rows.order_by("pk")
        assert list(rows.values_list(*columns, *people)) == [
            (
                *(v.pk, v.status, v.version, v.calls, v.room, v.total, v.total - v.due),
                v.refunded,
                *(key(v.therapist), key(v.cashier), key(v.note_read_by)),
            )
            for v in model.visits
        ]
        assert dict(VisitNote.objects.values_list("pk", "text")) == {
            v.pk: v.note for v in model.visits if v.note
        }
        items = TransactionItem.objects.values_list("pk", "service_classification")
        assert dict(items) == {pk: o.pk for v in model.visits for pk, o in v.items.items()}
        asked = TransactionItem.objects.exclude(consent="").values_list("pk", "consent")
        assert dict(asked) == {
            pk: answer for v in model.visits for pk, answer in v.consents.items()
        }
        declined = rows.exclude(declined_items=None).values_list("pk", "declined_items")
        assert {pk: [item["id"] for item in those or []] for pk, those in declined} == {
            v.pk: v.declined for v in model.visits if v.declined
        }
        paid = ("transaction", "cashier", "amount_paid", "method", "tip_amount")
        payments = Payment.objects.order_by("transaction").values_list(*paid)
        assert list(payments) == [
            (v.pk, v.payment.cashier.pk, v.payment.amount, v.payment.method, v.payment.tip)
            for v in model.visits
            if v.payment
        ]
        shares = TipShare.objects.values_list("payment__transaction", "therapist", "amount")
        assert set(shares) == {
            (v.pk, key(v.therapist), v.payment.tip)
            for v in model.visits
            if v.payment and v.payment.tip
        }
        taken = RefundedTip.objects.values_list(
            "refund__payment__transaction", "therapist", "amount"
        )
        assert set(taken) == {
            (v.pk, key(v.therapist), tip) for v in model.visits for _amount, tip in v.refunds if tip
        }
        attempts = PaymentAttempt.objects.order_by("pk").values_list("transaction", "approved")
        assert sorted(attempts, key=str) == sorted(
            ((v.pk, answer) for v in model.visits for answer in v.attempts), key=str
        )
        assert dict(Room.objects.values_list("number", "status")) == model.rooms
        here = {each.pk: model.presence_of(each) for each in self.cast.therapists}
        present = Presence.objects.exclude(active_therapist=None)
        assert dict(present.values_list("active_therapist", "kind")) == {
            pk: kind for pk, kind in here.items() if kind
        }

    # -- A usual day: without it few visits would reach their end
    # -----------------------------------

    @initialize(target=visits, wanted=st.tuples(*[SELECTION] * 5))
    def a_usual_day(self, wanted: tuple[list[int], ...]) -> Any:
        return multiple(*(self.confirm(numbers, None) for numbers in wanted))

    @rule(
        people=st.lists(st.integers(0, 3), min_size=4, max_size=8),
        instead=OFFERS,
        over=OVER,
        method=METHODS,
        request_id=REQUESTS,
    )
    def go_on(
        self, people: list[int], instead: int, over: str, method: str, request_id: str | None
    ) -> None:
        for number in people:
            at_the_counter, who = divmod(number, 2)
            if at_the_counter:
                self._go_on_at_the_counter(who, over, method, request_id)
            else:
                self._go_on_with_treatments(who, instead)

    def _go_on_with_treatments(self, who: int, instead: int) -> None:
        therapist = self.cast.therapists[who]
        held = self.model.current_transaction_of(therapist)
        if held is None:
            self.room_set_status(therapist.room_number, RoomStatus.AVAILABLE)
            self.claim(who)
        elif held.status == Status.THERAPIST_CONFIRMED:
            self.read_note(who, None)
            self.start(who, None)
            self.remove(who, None, 0)
            self.add(who, None, instead)
        else:
            self.agree_item(who, None, len(held.items) - 1)
            self.finish(who, None)

    def _go_on_at_the_counter(
        self, who: int, over: str, method: str, request_id: str | None
    ) -> None:
        visit = self.model.current_transaction_of(self.cast.cashiers[who])
        if visit is None:
            self.claim_finished(who)
        elif visit.status == Status.PAYING:
            self.answer(who, visit, approved=True)
        else:
            for _tap in range(2):
                self.pay(who, visit, over, method, request_id, confirmed=True)

    # -- The customer ---------------------------------------------------------------------------

    @rule(target=visits, wanted=SELECTION, request_id=REQUESTS, note=NOTES)
    def confirm(self, wanted: list[int], request_id: str | None, note: str = "") -> Any:
        choices = [Choice(self.cast.offers[number].pk) for number in wanted]
        first = self.model.asked_before(request_id)
        with self.expect(
            Conflict if first and (first.asked, first.note) != (wanted, note) else None
        ):
            made = floor.confirm_selection(
                self.cast.branch, choices=choices, request_id=request_id, note=notes.Note(note)
            )
            assert first is None or made.pk == first.pk
        if first:
            return multiple()
        keys = TransactionItem.objects.filter(transaction=made).order_by("pk")
        offers = (self.cast.offers[number] for number in wanted)
        items = dict(zip(keys.values_list("pk", flat=True), offers, strict=True))
        visit = Visit(made.pk, items, wanted, request_id, made.code, note=note)
        visit.steps.append(Step(Status.SELECTING, Status.PENDING_THERAPIST, None))
        self.model.visits.append(visit)
        return visit

    @rule(wanted=SELECTION | st.just([]))
    def confirm_what_nobody_offers(self, wanted: list[int]) -> None:
        choices = [Choice(number + 10**9) for number in wanted]
        with self.expect(ServiceNotFound if wanted else EmptySelection):
            floor.confirm_selection(self.cast.branch, choices=choices)

    # -- Therapists -----------------------------------------------------------------------------

    @rule(who=PEOPLE)
    def claim(self, who: int) -> None:
        therapist, model = self.cast.therapists[who], self.model
        held = model.current_transaction_of(therapist)
        refusal: Refusal = None
        if not held and not model.waiting:
            refusal = QueueEmpty
        elif not held and model.rooms[number := model.room_for(therapist)] != RoomStatus.AVAILABLE:
            refusal = RoomNotReady
        with self.expect(refusal):
            claimed = floor.confirm_next(therapist)
        if refusal:
            return
        if not held:
            held = model.waiting[0]
            held.therapist, held.room = therapist, number
            held.move(Status.THERAPIST_CONFIRMED, by=therapist.user)
            model.rooms[number] = RoomStatus.OCCUPIED
            model.presences[therapist.pk] = "on_duty"
        assert (claimed.pk, claimed.version) == (held.pk, held.version)

    @rule(who=PEOPLE, whom=MINE | MINE | visits)
    def start(self, who: int, whom: Visit | None) -> None:
        therapist = self.cast.therapists[who]
        if visit := whom or self.model.current_transaction_of(therapist):
            refusal = not_possible(visit, visit.therapist == therapist, Status.THERAPIST_CONFIRMED)
            with self.expect(refusal):
                floor.start_service(therapist, transaction_id=visit.pk)
            if not refusal:
                visit.move(Status.IN_SERVICE, by=therapist.user)

    @rule(who=PEOPLE, whom=MINE | MINE | visits)
    def show_note(self, who: int, whom: Visit | None) -> None:
        therapist = self.cast.therapists[who]
        if visit := whom or self.model.current_transaction_of(therapist):
            with self.expect(not_possible(visit, visit.therapist == therapist, *WITH_THERAPIST)):
                shown = notes.show_note(therapist, transaction_id=visit.pk)
                assert shown == {"text": visit.note, "marks": []}

    @rule(who=PEOPLE, whom=MINE | MINE | visits)
    def read_note(self, who: int, whom: Visit | None) -> None:
        therapist = self.cast.therapists[who]
        if visit := whom or self.model.current_transaction_of(therapist):
            refusal = not_possible(visit, visit.therapist == therapist, *WITH_THERAPIST)
            with self.expect(refusal):
                notes.read_note(therapist, transaction_id=visit.pk)
            if not refusal and visit.note and visit.note_read_by != therapist:
                visit.note_read_by = therapist
                visit.stay(by=therapist.user)

    @rule(who=PEOPLE, whom=MINE | MINE | visits, offer=OFFERS)
    def add(self, who: int, whom: Visit | None, offer: int) -> None:
        therapist, added = self.cast.therapists[who], self.cast.offers[offer]
        if visit := whom or self.model.current_transaction_of(therapist):
            refusal = not_possible(visit, visit.therapist == therapist, Status.IN_SERVICE)
            with self.expect(refusal):
                floor.add_service(
                    therapist, transaction_id=visit.pk, service_classification_id=added.pk
                )
            if not refusal:
                latest = TransactionItem.objects.filter(transaction=visit.pk).latest("pk")
                visit.items[latest.pk] = added
                if self.model.asks_consent:
                    visit.consents[latest.pk] = "asked"
                visit.move(Status.IN_SERVICE, by=therapist.user)

    @rule(asks=st.booleans())
    def ask_for_consent(self, asks: bool) -> None:
        self.model.asks_consent = asks
        for branch in (self.cast.branch, *(each.user.branch for each in self.cast.therapists)):
            assert branch is not None
            branch.asks_consent = asks

    @rule(visit=visits, place=st.integers(0, 4), accepted=st.booleans())
    def answer_item(self, visit: Visit, place: int, accepted: bool) -> None:
        """Answer about one of the items, or one that was declined before."""
        item = dict(enumerate([*visit.items, *visit.declined])).get(place, 10**9)
        refusal = self._answer_refusal(visit, item, agrees=accepted)
        with self.expect(refusal):
            consent.answer_item(
                Transaction.objects.get(pk=visit.pk).key, item_id=item, accepted=accepted
            )
        if refusal or visit.consents.get(item) != "asked":
            return
        if accepted:
            visit.consents[item] = "accepted"
        else:
            visit.take_off(item)
            visit.declined.append(item)
        visit.stay(by=None)

    @rule(who=PEOPLE, whom=MINE | MINE | visits, place=st.integers(0, 4))
    def agree_item(self, who: int, whom: Visit | None, place: int) -> None:
        therapist = self.cast.therapists[who]
        if visit := whom or self.model.current_transaction_of(therapist):
            item = dict(enumerate([*visit.items, *visit.declined])).get(place, 10**9)
            refusal = not_possible(visit, visit.therapist == therapist, Status.IN_SERVICE)
            refusal = refusal or self._answer_refusal(visit, item, agrees=True)
            with self.expect(refusal):
                consent.agree_item(therapist, transaction_id=visit.pk, item_id=item)
            if not refusal and visit.consents[item] == "asked":
                visit.consents[item] = "in_person"
                visit.stay(by=therapist.user)

    def _answer_refusal(self, visit: Visit, item: int, *, agrees: bool) -> Refusal:
        if item in visit.declined:
            return Conflict if agrees else None
        if item not in visit.items:
            return ServiceNotFound
        given = visit.consents.get(item)
        if given in ("accepted", "in_person"):
            return None if agrees else Conflict
        return None if given and visit.status == Status.IN_SERVICE else WrongState

    @rule(who=PEOPLE, whom=MINE | MINE | visits, place=st.integers(0, 3))
    def remove(self, who: int, whom: Visit | None, place: int) -> None:
        therapist = self.cast.therapists[who]
        if visit := whom or self.model.current_transaction_of(therapist):
            item = dict(enumerate(visit.items)).get(place, 10**9)
            refusal = not_possible(visit, visit.therapist == therapist, Status.IN_SERVICE)
            if not refusal and item not in visit.items:
                refusal = ServiceNotFound
            elif not refusal and len(visit.items) == 1:
                refusal = EmptySelection
            elif not refusal and visit.is_needed(item):
                refusal = ConsentNeeded
            with self.expect(refusal):
                floor.remove_item(therapist, transaction_id=visit.pk, item_id=item)
            if not refusal:
                visit.take_off(item)
                visit.move(Status.IN_SERVICE, by=therapist.user)

    @rule(who=PEOPLE, whom=MINE | MINE | visits)
    def finish(self, who: int, whom: Visit | None) -> None:
        therapist = self.cast.therapists[who]
        if visit := whom or self.model.current_transaction_of(therapist):
            refusal = not_possible(visit, visit.therapist == therapist, Status.IN_SERVICE)
            if not refusal and visit.is_unanswered:
                refusal = ConsentNeeded
            with self.expect(refusal):
                floor.finish_service(therapist, transaction_id=visit.pk)
            if not refusal:
                self.model.finish(visit, by=therapist.user)

    @rule(who=PEOPLE, presence=st.sampled_from(["on_duty", "on_break", "off_duty"]), own=OWN)
    def set_presence(self, who: int, presence: str, own: bool) -> None:
        therapist, model = self.cast.therapists[who], self.model
        held = model.current_transaction_of(therapist)
        operations: dict[str, Callable[[Therapist], Any]] = {
            "on_duty": duty.clock_in,
            "on_break": duty.therapist_break,
            "off_duty": duty.clock_out,
        }
        refusal: Refusal = WrongState if held and presence == "off_duty" else None
        with self.expect(refusal):
            if own:
                operations[presence](therapist)
            else:
                duty.set_presence(self.cast.manager, therapist_id=therapist.pk, presence=presence)
        if not refusal:
            after = {"on_break": "break_next" if held else "on_break", "off_duty": None}
            model.presences[therapist.pk] = after.get(presence, presence)

    # -- Time, rooms and codes ------------------------------------------------------------------

    @rule(
        number=st.sampled_from(["1", "2", "3"]),
        status=st.sampled_from(
            [RoomStatus.AVAILABLE, RoomStatus.PREPARING, RoomStatus.OUT_OF_SERVICE]
        ),
    )
    def room_set_status(self, number: str, status: RoomStatus) -> None:
        model = self.model
        refusal: Refusal = None
        closes = status == RoomStatus.OUT_OF_SERVICE
        in_use = model.rooms.get(number) == RoomStatus.OCCUPIED
        if number not in model.rooms:
            refusal = RoomNotReady
        elif in_use and not closes and number not in model.closing:
            refusal = WrongState
        with self.expect(refusal):
            floor.room_set_status(self.cast.branch, number, status)
        if refusal:
            return
        if in_use:
            (model.closing.add if closes else model.closing.discard)(number)
        else:
            model.rooms[number] = status

    @rule()
    def an_hour_passes(self) -> None:
        """Let an hour pass: holds end and rooms become ready."""
        with time_machine.travel(timezone.now() + timedelta(hours=1)):
            tasks.run_due()
        for visit in self.model.visits:
            if visit.status == Status.ON_HOLD:
                visit.move(Status.PENDING_THERAPIST, by=None)
        for number, status in self.model.rooms.items():
            if status == RoomStatus.PREPARING:
                self.model.rooms[number] = RoomStatus.AVAILABLE

    @rule()
    def reset_codes(self) -> None:
        floor.reset_codes(self.cast.branch)

    # -- Ways out -------------------------------------------------------------------------------

    def staff(self, who: int) -> User:
        cast = self.cast
        return [*(t.user for t in cast.therapists), cast.cashiers[0].user, cast.manager][who]

    def reached(self, who: int, visit: Visit, *statuses: Status) -> Refusal:
        """Return whether a therapist may act on a customer: only their own once called."""
        is_others = (
            visit.status in WITH_THERAPIST
            and visit.therapist in self.cast.therapists[1 - who : 2 - who]
        )
        return not_possible(visit, not (who < 2 and is_others), *statuses)

    @rule(visit=visits)
    def leave(self, visit: Visit) -> None:
        refusal = not_possible(visit, True, *UNCLAIMED)
        with self.expect(refusal):
            leaving.customer_cancel(Transaction.objects.get(pk=visit.pk).key)
        if not refusal:
            visit.move(Status.CANCELLED, by=None)

    @rule(who=STAFF, visit=visits)
    def cancel(self, who: int, visit: Visit) -> None:
        refusal = self.reached(who, visit, *UNCLAIMED, Status.THERAPIST_CONFIRMED)
        with self.expect(refusal):
            leaving.staff_cancel(self.staff(who), transaction_id=visit.pk, reason="gone")
        if not refusal:
            self.model.free_room(visit)
            visit.move(Status.CANCELLED, by=self.staff(who))

    @rule(visit=visits, bill=st.booleans())
    def stop(self, visit: Visit, bill: bool) -> None:
        manager = self.cast.manager
        unpaid = (Status.FINISHED, Status.AWAITING_PAYMENT)
        refusal = not_possible(visit, True, Status.IN_SERVICE, *(() if bill else unpaid))
        with self.expect(refusal):
            leaving.manager_cancel(manager, transaction_id=visit.pk, reason="unwell", bill=bill)
        if refusal:
            return
        if bill:
            for item in [pk for pk, answer in visit.consents.items() if answer == "asked"]:
                visit.take_off(item)
                visit.stay(by=manager)
            self.model.finish(visit, by=manager)
        else:
            self.model.free_room(visit)
            visit.move(Status.CANCELLED, by=manager)

    @rule(who=PEOPLE, whom=MINE | MINE | visits, way=st.sampled_from(["again", "missed", "back"]))
    def called_in_vain(self, who: int, whom: Visit | None, way: str) -> None:
        therapist = self.cast.therapists[who]
        visit = whom or self.model.current_transaction_of(therapist)
        if visit is None:
            return
        ways: dict[str, tuple[Callable[..., Any], Status]] = {
            "again": (holding.recall, Status.THERAPIST_CONFIRMED),
            "missed": (leaving.no_show, Status.NO_SHOW),
            "back": (partial(holding.release, reason="no"), Status.PENDING_THERAPIST),
        }
        operation, to = ways[way]
        refusal = not_possible(visit, visit.therapist == therapist, Status.THERAPIST_CONFIRMED)
        with self.expect(refusal):
            operation(therapist, transaction_id=visit.pk)
        if not refusal:
            if way != "again":
                self.model.free_room(visit)
            visit.move(to, by=therapist.user)

    @rule(who=STAFF, visit=visits)
    def hold(self, who: int, visit: Visit) -> None:
        refusal = self.reached(who, visit, Status.PENDING_THERAPIST, Status.THERAPIST_CONFIRMED)
        with self.expect(refusal):
            holding.hold(self.staff(who), transaction_id=visit.pk)
        if not refusal:
            self.model.free_room(visit)
            visit.move(Status.ON_HOLD, by=self.staff(who))

    @rule(who=STAFF, visit=visits, wanted=SELECTION | st.just([]))
    def change_order(self, who: int, visit: Visit, wanted: list[int]) -> None:
        refusal = self.reached(who, visit, Status.PENDING_THERAPIST) if wanted else EmptySelection
        choices = [Choice(self.cast.offers[number].pk) for number in wanted]
        with self.expect(refusal):
            order_changes.change_order(self.staff(who), transaction_id=visit.pk, choices=choices)
        if refusal:
            return
        left = [self.cast.offers[number].pk for number in wanted]
        kept = {}
        for pk, offer in visit.items.items():  # the first of each that is wanted stays
            if offer.pk in left:
                left.remove(offer.pk)
                kept[pk] = offer
        new = TransactionItem.objects.filter(transaction=visit.pk).exclude(pk__in=kept)
        offers = {offer.pk: offer for offer in self.cast.offers}
        added = {item.pk: offers[item.service_classification_id] for item in new.order_by("pk")}
        assert sorted(offer.pk for offer in added.values()) == sorted(left)
        visit.items = kept | added
        visit.move(Status.PENDING_THERAPIST, by=self.staff(who))

    @rule(who=STAFF, visit=visits)
    def release_hold(self, who: int, visit: Visit) -> None:
        refusal = self.reached(who, visit, Status.ON_HOLD)
        with self.expect(refusal):
            holding.release_hold(self.staff(who), transaction_id=visit.pk)
        if not refusal:
            visit.move(Status.PENDING_THERAPIST, by=self.staff(who))

    @rule(who=STAFF, visit=visits)
    def reopen(self, who: int, visit: Visit) -> None:
        missed = [
            v for v in self.model.visits if v.code == visit.code and v.status == Status.NO_SHOW
        ]
        refusal: Refusal = None if missed else TransactionNotFound
        if missed and self.model.is_taken(visit.code):
            refusal = Conflict
        with self.expect(refusal):
            holding.reopen(self.staff(who), code=visit.code)
        if not refusal:
            missed[-1].move(Status.PENDING_THERAPIST, by=self.staff(who))

    @rule(who=STAFF, visit=visits, to=PEOPLE)
    def hand_over(self, who: int, visit: Visit, to: int) -> None:
        colleague = self.cast.therapists[to]
        refusal: Refusal = WrongState
        is_free = not self.model.current_transaction_of(colleague)
        if is_free and self.model.presence_of(colleague) == "on_duty":
            refusal = self.reached(who, visit, *WITH_THERAPIST)
        with self.expect(refusal):
            handover.hand_over(self.staff(who), transaction_id=visit.pk, therapist_id=colleague.pk)
        if not refusal:
            visit.therapist = colleague
            visit.move(visit.status, by=self.staff(who))

    @rule(who=STAFF, visit=visits, number=st.sampled_from(["1", "2", "3"]))
    def change_room(self, who: int, visit: Visit, number: str) -> None:
        refusal = self.reached(who, visit, *WITH_THERAPIST)
        if not refusal and self.model.rooms.get(number) != RoomStatus.AVAILABLE:
            refusal = RoomNotReady
        with self.expect(refusal):
            handover.change_room(self.staff(who), transaction_id=visit.pk, room_number=number)
        if not refusal:
            self.model.free_room(visit)
            self.model.rooms[number] = RoomStatus.OCCUPIED
            visit.room = number
            visit.move(visit.status, by=self.staff(who))

    @rule(who=STAFF, visit=visits)
    def take_back(self, who: int, visit: Visit) -> None:
        user, model, last = self.staff(who), self.model, visit.steps[-1]
        refusal = self._undo_refusal(user, visit)
        with self.expect(refusal):
            undo(user, transaction_id=visit.pk)
        if refusal:
            return
        if last.was in WITH_THERAPIST and last.to not in WITH_THERAPIST:
            model.rooms[visit.room] = RoomStatus.OCCUPIED
            assert visit.therapist is not None
            was_away = model.presence_of(visit.therapist) == "on_break"
            model.presences[visit.therapist.pk] = "break_next" if was_away else "on_duty"
        elif last.was not in WITH_THERAPIST:
            model.free_room(visit)
        visit.move(last.was, by=user, is_undo=True)

    def _undo_refusal(self, user: User, visit: Visit) -> Refusal:
        last, model = visit.steps[-1], self.model
        if last.is_undo or user not in (last.by, self.cast.manager):
            return Conflict
        if (last.was, last.to) not in TAKEN_BACK:
            return WrongState
        if visit.status in CLOSED and model.is_taken(visit.code):
            return Conflict
        if last.was in WITH_CASHIER and model.current_transaction_of(visit.cashier):
            return WrongState
        if last.was in WITH_THERAPIST and visit.status not in WITH_THERAPIST:
            if model.current_transaction_of(visit.therapist):
                return WrongState
            free = (RoomStatus.AVAILABLE, RoomStatus.PREPARING)
            return None if model.rooms[visit.room] in free else RoomNotReady
        return None

    # -- Cashiers -------------------------------------------------------------------------------

    @rule(who=PEOPLE)
    def claim_finished(self, who: int) -> None:
        cashier, model = self.cast.cashiers[who], self.model
        held = model.current_transaction_of(cashier)
        refusal = None if held or model.finished else QueueEmpty
        with self.expect(refusal):
            claimed = counter.claim_next(cashier)
        if refusal:
            return
        if not held:
            held = model.finished[0]
            held.cashier = cashier
            held.move(Status.AWAITING_PAYMENT, by=cashier.user)
        assert (claimed.pk, claimed.version) == (held.pk, held.version)

    @rule(who=PEOPLE, whom=visits)
    def claim_by_code(self, who: int, whom: Visit) -> None:
        cashier = self.cast.cashiers[who]
        held = self.model.current_transaction_of(cashier)
        open_now = (v for v in self.model.visits if v.status not in CLOSED)
        found = next((v for v in open_now if v.code == whom.code), None)
        refusal: Refusal = None
        if held is None and found is None:
            refusal = TransactionNotFound
        elif held is None or held.code != whom.code:
            refusal = None if found and not held and found.status == Status.FINISHED else WrongState
        with self.expect(refusal):
            counter.claim(cashier, code=whom.code)
        if found and not refusal and held is None:
            found.cashier = cashier
            found.move(Status.AWAITING_PAYMENT, by=cashier.user)

    @rule(who=ANYBODY, whom=MINE | visits, offer=OFFERS)
    def add_to_bill(self, who: int, whom: Visit | None, offer: int) -> None:
        person, cashier = self._in_charge(who)
        added = self.cast.offers[offer]
        if visit := whom or (cashier and self.model.current_transaction_of(cashier)):
            refusal = not_possible(visit, cashier in (None, visit.cashier), Status.AWAITING_PAYMENT)
            with self.expect(refusal):
                bill_items.add_item(
                    person, transaction_id=visit.pk, service_classification_id=added.pk
                )
            if not refusal:
                latest = TransactionItem.objects.filter(transaction=visit.pk).latest("pk")
                visit.items[latest.pk] = added
                visit.move(Status.AWAITING_PAYMENT, by=person)

    @rule(who=ANYBODY, whom=MINE | visits, place=st.integers(0, 3))
    def remove_from_bill(self, who: int, whom: Visit | None, place: int) -> None:
        person, cashier = self._in_charge(who)
        if visit := whom or (cashier and self.model.current_transaction_of(cashier)):
            item = dict(enumerate(visit.items)).get(place, 10**9)
            refusal = not_possible(visit, cashier in (None, visit.cashier), Status.AWAITING_PAYMENT)
            if not refusal and item not in visit.items:
                refusal = ServiceNotFound
            elif not refusal and len(visit.items) == 1:
                refusal = EmptySelection
            with self.expect(refusal):
                bill_items.remove_item(person, transaction_id=visit.pk, item_id=item, reason="no")
            if not refusal:
                visit.take_off(item)
                visit.move(Status.AWAITING_PAYMENT, by=person)

    @rule(who=ANYBODY, whom=MINE | visits, code=CODES, gives=st.booleans())
    def discount(self, who: int, whom: Visit | None, code: str, gives: bool) -> None:
        person, cashier = self._in_charge(who)
        visit = whom or (cashier and self.model.current_transaction_of(cashier))
        if not visit:
            return
        change = discounts.apply_discount if gives else discounts.remove_discount
        after = [each for each in visit.discounts if each != code] + [code] * gives
        refusal = not_possible(visit, cashier in (None, visit.cashier), Status.AWAITING_PAYMENT)
        if not refusal and gives:
            refusal = self._discount_refusal(visit, code, person)
        elif not refusal and code not in visit.discounts:
            refusal = DiscountNotAllowed
        with self.expect(refusal):
            change(person, transaction_id=visit.pk, discount=code)
        if not refusal:
            visit.discounts = after
            visit.move(Status.AWAITING_PAYMENT, by=person)

    def _discount_refusal(self, visit: Visit, code: str, person: User) -> Refusal:
        if code == "hundred" and person != self.cast.manager:
            return ApprovalNeeded
        before, visit.discounts = visit.discounts, [*visit.discounts, code]
        is_less, visit.discounts = visit.due, before
        return DiscountNotAllowed if code in before or is_less == visit.due else None

    @rule(who=ANYBODY, whom=MINE | visits)
    def release(self, who: int, whom: Visit | None) -> None:
        person, cashier = self._in_charge(who)
        if visit := whom or (cashier and self.model.current_transaction_of(cashier)):
            refusal = not_possible(visit, cashier in (None, visit.cashier), Status.AWAITING_PAYMENT)
            with self.expect(refusal):
                counter.release(person, transaction_id=visit.pk)
            if not refusal:
                visit.move(Status.FINISHED, by=person)

    def _in_charge(self, who: int) -> tuple[User, Cashier | None]:
        """Return whether a person is the customer's cashier or a manager."""
        if who == len(self.cast.cashiers):
            return self.cast.manager, None
        return self.cast.cashiers[who].user, self.cast.cashiers[who]

    @rule(
        who=PEOPLE,
        whom=MINE | MINE | visits,
        over=OVER,
        method=METHODS,
        request_id=REQUESTS,
        confirmed=st.booleans(),
        tip=TIPS,
    )
    def pay(
        self,
        who: int,
        whom: Visit | None,
        over: str,
        method: str,
        request_id: str | None,
        confirmed: bool,
        tip: str = "0.00",
    ) -> None:
        cashier = self.cast.cashiers[who]
        if visit := whom or self.model.current_transaction_of(cashier):
            amount = visit.due + Decimal(tip) + Decimal(over)
            offer = Offer(visit.pk, cashier, amount, method, request_id, Decimal(tip))
            refusal = self._pay_refusal(visit, offer, confirmed)
            with self.expect(refusal):
                payment.pay(
                    cashier,
                    transaction_id=visit.pk,
                    amount_paid=offer.amount,
                    method=method,
                    confirmed=confirmed,
                    tip_amount=offer.tip,
                    request_id=request_id,
                )
            is_news = offer.request_id is None or offer not in visit.offers
            if not refusal and visit.status == Status.AWAITING_PAYMENT and is_news:
                self._take(visit, offer)

    @rule(
        who=PEOPLE,
        whom=MINE | MINE | visits,
        over=OVER,
        request_id=REQUESTS,
        confirmed=st.booleans(),
        tip=TIPS,
    )
    def pay_in_parts(
        self,
        who: int,
        whom: Visit | None,
        over: str,
        request_id: str | None,
        confirmed: bool,
        tip: str,
    ) -> None:
        """Pay half in cash and half by card, whose terminal is asked first."""
        cashier = self.cast.cashiers[who]
        if not (visit := whom or self.model.current_transaction_of(cashier)):
            return
        whole = visit.due + Decimal(tip)
        card = (whole / 2).quantize(Decimal("0.01"), ROUND_HALF_UP)
        cash = whole - card + Decimal(over)
        if card <= 0 or cash <= 0:
            return
        offer = Offer(visit.pk, cashier, card + cash, "card", request_id, Decimal(tip), card)
        refusal = self._pay_refusal(visit, offer, confirmed)
        with self.expect(refusal):
            payment.pay(
                cashier,
                transaction_id=visit.pk,
                tenders=[Given("cash", cash), Given("card", card)],
                confirmed=confirmed,
                tip_amount=offer.tip,
                request_id=request_id,
            )
        is_news = offer.request_id is None or offer not in visit.offers
        if not refusal and visit.status == Status.AWAITING_PAYMENT and is_news:
            self._take(visit, offer)

    @rule(who=PEOPLE, visit=visits, share=BACK, tip=st.booleans())
    def give_back(self, who: int, visit: Visit, share: str, tip: bool) -> None:
        cashier = self.cast.cashiers[who]
        made = Payment.objects.filter(transaction=visit.pk).first()
        wanted = Wanted(
            receipt_number=made.receipt_number if made else 10**6,
            amount=self._amount_back(visit, share),
            tip=tip and share != "void",
            void=share == "void",
            reason="cold",
        )
        refusal = self._refund_refusal(visit, wanted, cashier)
        with self.expect(refusal):
            refund(cashier, wanted)
        if not refusal:
            bill, tip_left = visit.left()
            amount = bill if wanted.amount is None else wanted.amount
            visit.refunds.append((amount, tip_left if tip or wanted.void else Decimal(0)))
            visit.move(Status.PAID, by=cashier.user)

    def _amount_back(self, visit: Visit, share: str) -> Decimal | None:
        if share not in ("half", "more") or visit.payment is None:
            return None
        bill, _tip = visit.left()
        half = (bill / 2).quantize(Decimal("0.01"), ROUND_HALF_UP)
        return half if share == "half" else bill + Decimal("0.01")

    def _refund_refusal(self, visit: Visit, wanted: Wanted, cashier: Cashier) -> Refusal:
        if visit.payment is None:
            return ReceiptNotFound
        nothing = AlreadyRefunded if visit.refunds else NotEnoughLeft
        bill, tip = visit.left()
        if wanted.void and visit.refunds:
            return AlreadyRefunded
        if wanted.void and cashier != visit.payment.cashier:
            return WrongState
        if wanted.amount is not None and wanted.amount > bill:
            return NotEnoughLeft if bill else nothing
        amount = bill if wanted.amount is None else wanted.amount
        if not amount + (tip if wanted.tip or wanted.void else 0):
            return nothing
        return None if cashier == visit.payment.cashier else ApprovalNeeded

    def _take(self, visit: Visit, offer: Offer) -> None:
        visit.offers.append(offer)
        if offer.method == "cash":
            visit.payment = offer
            visit.move(Status.PAYING, Status.PAID, by=offer.cashier.user)
        else:
            visit.attempts.append(None)
            visit.move(Status.PAYING, by=offer.cashier.user)

    def _pay_refusal(self, visit: Visit, offer: Offer, confirmed: bool) -> Refusal:
        possible = (Status.AWAITING_PAYMENT, Status.PAYING, Status.PAID)
        if refusal := not_possible(visit, visit.cashier == offer.cashier, *possible):
            return refusal
        before = self.model.offered_before(offer.request_id)
        if any(other != offer for other in before):
            return Conflict  # whatever it made, in cash or at a terminal
        if visit.status != Status.AWAITING_PAYMENT:
            return None if before else WrongState
        return amount_refusal(offer.amount - visit.due - offer.tip, offer.cash, confirmed)

    @rule(who=ANYBODY, whom=MINE | visits, approved=st.booleans())
    def answer(self, who: int, whom: Visit | None, approved: bool) -> None:
        person, cashier = self._in_charge(who)
        if visit := whom or (cashier and self.model.current_transaction_of(cashier)):
            refusal = not_possible(visit, cashier in (None, visit.cashier), *Status)
            if not refusal and not visit.attempts:
                refusal = WrongState
            elif not refusal and visit.attempts[-1] is not None:
                refusal = None if visit.attempts[-1] == approved else Conflict
            with self.expect(refusal):
                terminal.payment_result(person, transaction_id=visit.pk, approved=approved)
            if not refusal and visit.attempts[-1] is None:
                visit.attempts[-1] = approved
                visit.payment = visit.offers[-1] if approved else None
                visit.move(Status.PAID if approved else Status.AWAITING_PAYMENT, by=person)


def amount_refusal(change: Decimal, cash: Decimal, confirmed: bool) -> Refusal:
    """Return the expected refusal of an amount: too little, not exact, or far too much."""
    if change < 0:
        return InsufficientPayment
    if change > cash:
        return NotTheTotal
    return AmountDoubtful if change >= 1000 and not confirmed else None


def not_possible(visit: Visit, is_mine: bool, *statuses: Status) -> Refusal:
    """Return the expected refusal: not found if another's, else wrong state."""
    if not is_mine:
        return TransactionNotFound
    return None if visit.status in statuses else WrongState


@pytest.mark.slow
def test_whatever_people_tap_the_rows_follow_the_rules(
    branch, maya, noor, carl, cora, maria, massage, hour, compress
):
    Discount.objects.create(code="tenth", name="Tenth", kind="percent", value=10, stacks=True)
    Discount.objects.create(
        code="hundred", name="Hundred", kind="amount", value=100, stacks=True, cashier_limit=99
    )
    tea = make_offer(massage, "Tea", "0.10", 1)
    cast = Cast(branch, (maya, noor), (carl, cora), maria, (hour, compress, tea))
    run_state_machine_as_test(
        partial(Day, cast),  # type: ignore[arg-type]
        settings=settings(
            max_examples=DAYS,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            derandomize="CI" in os.environ,
            suppress_health_check=list(HealthCheck),
        ),
    )
