"""A stateful test: any operation in any order, checked against a small model.

The model (payments/tests/machine/) knows the line, the current customer of each member of staff,
the content of each visit, and who is next; it is written independently of the operations. After
every step the rows must equal the model, so a refused step has changed nothing; at the end of every
day all integrity rules must hold.
"""

import os
from functools import partial
from typing import Any

import pytest
from django.db.models import F
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, multiple, rule, run_state_machine_as_test

from accounts.auth import Caller
from accounts.models import Presence
from catalog.models import Service
from conftest import make_offer
from payments.models import Discount, Payment, PaymentAttempt, RefundedTip, TipShare
from payments.tests.machine.cashiers import Cashiers
from payments.tests.machine.day import METHODS, OFFERS, OVER, PEOPLE, REQUESTS, SELECTION, visits
from payments.tests.machine.model import Cast
from payments.tests.machine.staff import Staff
from payments.tests.machine.surroundings import Surroundings
from payments.tests.machine.therapists import Therapists
from payments.tests.machine.visit import Visit
from queueing.models import Room, RoomStatus, Transaction, TransactionItem, TurnEntry, VisitNote
from queueing.screens import monitor_screen, therapist_screen
from queueing.states import Status
from spa_project.tests.extent import examples

DAYS = examples(40, sample=6)
STEPS = 40

#: What is added in place of the first treatment; None: the same one.
INSTEAD = st.none() | OFFERS

#: Who goes on, and how: mostly with the next step, else with one that their turns depend on.
TURNS = st.lists(
    st.tuples(
        PEOPLE,
        st.sampled_from(
            ["on", "on", "on", "missed", "handed over", "handed over", "refused", "given up"]
        ),
    ),
    min_size=4,
    max_size=8,
)


class AnyDay(Therapists, Staff, Cashiers, Surroundings):
    def __init__(self, cast: Cast) -> None:
        super().__init__(cast)
        self.ledger: list[Any] = []

    @invariant()
    def the_rows_are_what_the_model_says(self) -> None:
        model = self.model
        key = lambda person: person and person.pk  # noqa: E731
        columns = ("pk", "status", "version", "calls", "room_number", "total_amount", "off", "back")
        people = ("therapist", "cashier", "note_read_by", "requested_therapist")
        line = ("declined_therapist", "lane", "turn_quarters")
        rows = Transaction.objects.annotate(off=F("discount_amount"), back=F("refunded_amount"))
        rows = rows.order_by("pk")
        assert list(rows.values_list(*columns, *people, *line)) == [
            (
                *(v.pk, v.status, v.version, v.calls, v.room, v.total, v.total - v.due),
                v.refunded,
                *(key(v.therapist), key(v.cashier), key(v.note_read_by), key(v.asked_for)),
                *(key(v.refused), v.lane, v.quarters),
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

    @invariant()
    def every_screen_shows_who_is_next(self) -> None:
        rotation, cast = self.model.rotation, self.cast
        expected = None
        if rotation.is_strict:
            order = rotation.order(self.model.present)
            expected = [(pk, rotation.quarters_of(pk) / 4) for pk in order]
        for screen in (
            therapist_screen(Caller(cast.therapists[0].user, cast.branch)),
            monitor_screen(Caller(cast.manager, cast.branch)),
        ):
            shown = screen.snapshot()["rotation"]
            rows = shown and [(it["therapist_id"], float(it["turns"])) for it in shown["order"]]
            assert rows == expected, screen.topic

    @invariant()
    def the_ledger_is_append_only(self) -> None:
        rows = list(TurnEntry.objects.order_by("pk").values_list())
        assert rows[: len(self.ledger)] == self.ledger
        self.ledger = rows

    # -- A usual day: without it few visits would reach their end ------------------------------

    @initialize(
        target=visits,
        wanted=st.tuples(*[SELECTION] * 5),
        is_strict=st.booleans(),
        asks=st.booleans(),
        turns=TURNS,
        instead=INSTEAD,
    )
    def a_usual_day(
        self,
        wanted: tuple[list[int], ...],
        is_strict: bool,
        asks: bool,
        turns: list[tuple[int, str]],
        instead: int | None,
    ) -> Any:
        self.set_turn_mode(is_strict)
        self.ask_for_consent(asks)
        return self.take_turns(wanted, None, turns, instead)

    @rule(
        target=visits,
        wanted=st.tuples(SELECTION, SELECTION),
        whom=st.none() | PEOPLE,
        turns=TURNS,
        instead=INSTEAD,
    )
    def take_turns(
        self,
        wanted: tuple[list[int], ...],
        whom: int | None,
        turns: list[tuple[int, str]],
        instead: int | None,
    ) -> Any:
        """Let the therapists call and treat those who have come, so that turns add up."""
        made = [self.confirm(numbers, None, whom=whom, or_anyone=True) for numbers in wanted]
        for who, way in turns:
            held = self.model.current_transaction_of(self.cast.therapists[who])
            if held is None or way == "on":
                self._go_on_with_treatments(who, instead)
            elif way == "missed":
                self.called_in_vain(who, held, again=False)
            elif way == "handed over":
                self.hand_over(who, held, 1 - who)
            else:
                self.put_back_in_line(who, held, refuses=way == "refused")
        return multiple(*(visit for visit in made if isinstance(visit, Visit)))

    @rule(
        people=st.lists(st.integers(0, 3), min_size=4, max_size=8),
        instead=INSTEAD,
        over=OVER,
        method=METHODS,
        request_id=REQUESTS,
    )
    def go_on(
        self, people: list[int], instead: int | None, over: str, method: str, request_id: str | None
    ) -> None:
        for number in people:
            at_the_counter, who = divmod(number, 2)
            if at_the_counter:
                self._go_on_at_the_counter(who, over, method, request_id)
            else:
                self._go_on_with_treatments(who, instead)

    def _go_on_with_treatments(self, who: int, instead: int | None) -> None:
        therapist = self.cast.therapists[who]
        held = self.model.current_transaction_of(therapist)
        if held is None:
            self.room_set_status(therapist.room_number, RoomStatus.AVAILABLE)
            self.claim(who)
        elif held.status == Status.THERAPIST_CONFIRMED:
            self.read_note(who, None)
            self.start(who, None)
            same = self.cast.offers.index(next(iter(held.items.values())))
            self.remove(who, None, 0)
            self.add(who, None, same if instead is None else instead)
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


@pytest.mark.slow
def test_whatever_people_tap_the_rows_follow_the_rules(
    branch, maya, noor, carl, cora, maria, massage, hour
):
    Discount.objects.create(code="tenth", name="Tenth", kind="percent", value=10, stacks=True)
    Discount.objects.create(
        code="hundred", name="Hundred", kind="amount", value=100, stacks=True, cashier_limit=99
    )
    bath = Service.objects.create(category=massage.category, name="Bath", turn_quarters=2)
    tea = Service.objects.create(category=massage.category, name="Tea", turn_quarters=0)
    offers = (
        hour,
        make_offer(bath, "Foot bath", "100.50", 10),
        make_offer(tea, "Cup", "0.10", 1),
    )
    cast = Cast(branch, (maya, noor), (carl, cora), maria, offers)
    run_state_machine_as_test(
        partial(AnyDay, cast),  # type: ignore[arg-type]
        settings=settings(
            max_examples=DAYS,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            derandomize="CI" in os.environ,
            suppress_health_check=list(HealthCheck),
        ),
    )
