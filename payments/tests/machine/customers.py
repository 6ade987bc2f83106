"""Rules of customers: they order, answer, and leave."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import multiple, rule

from payments.tests.machine.day import NOTES, PEOPLE, REQUESTS, SELECTION, Day, visits
from payments.tests.machine.visit import Refusal, Step, Visit, not_possible
from queueing import consent, leaving, notes
from queueing import services as floor
from queueing.errors import EmptySelection, NobodyAble, ServiceNotFound, WrongState
from queueing.models import Transaction, TransactionItem
from queueing.requests import Request
from queueing.services import Choice
from queueing.states import UNCLAIMED, Status
from spa_project.lib.errors import Conflict


class Customers(Day):
    @rule(
        target=visits,
        wanted=SELECTION,
        request_id=REQUESTS,
        note=NOTES,
        whom=st.none() | PEOPLE,
        or_anyone=st.booleans(),
    )
    def confirm(
        self,
        wanted: list[int],
        request_id: str | None,
        note: str = "",
        whom: int | None = None,
        or_anyone: bool = False,
    ) -> Any:
        asked_for = None if whom is None else self.cast.therapists[whom]
        or_anyone = or_anyone and asked_for is not None
        first = self.model.asked_before(request_id)
        refusal: Refusal = None
        if first:
            content = (first.asked, first.note, first.asked_first)
            refusal = None if content == (wanted, note, (asked_for, or_anyone)) else Conflict
        elif asked_for and not self.model.presence_of(asked_for):
            refusal = NobodyAble
        with self.expect(refusal):
            made = floor.confirm_selection(
                self.cast.branch,
                choices=[Choice(self.cast.offers[number].pk) for number in wanted],
                request=Request(asked_for.pk if asked_for else None, "anyone" if or_anyone else ""),
                request_id=request_id,
                note=notes.Note(note),
            )
            assert first is None or made.pk == first.pk
        if first or refusal:
            return multiple()
        keys = TransactionItem.objects.filter(transaction=made).order_by("pk")
        offers = (self.cast.offers[number] for number in wanted)
        items = dict(zip(keys.values_list("pk", flat=True), offers, strict=True))
        visit = Visit(made.pk, items, wanted, request_id, made.code, note=note)
        visit.asked_for, visit.or_anyone, visit.is_timed = asked_for, or_anyone, or_anyone
        visit.asked_first = (asked_for, or_anyone)
        visit.steps.append(Step(Status.SELECTING, Status.PENDING_THERAPIST, None))
        visit.on_step = self.model.rotation.count
        self.model.visits.append(visit)
        return visit

    @rule(wanted=SELECTION | st.just([]))
    def confirm_what_nobody_offers(self, wanted: list[int]) -> None:
        choices = [Choice(number + 10**9) for number in wanted]
        with self.expect(ServiceNotFound if wanted else EmptySelection):
            floor.confirm_selection(self.cast.branch, choices=choices)

    @rule(visit=visits)
    def leave(self, visit: Visit) -> None:
        refusal = not_possible(visit, True, *UNCLAIMED)
        with self.expect(refusal):
            leaving.customer_cancel(Transaction.objects.get(pk=visit.pk).key)
        if not refusal:
            visit.move(Status.CANCELLED, by=None)

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
            visit.removed = [each for each in visit.removed if each[0] != visit.items[item]]
            visit.take_off(item)
            visit.declined.append(item)
        visit.stay(by=None)

    def _answer_refusal(self, visit: Visit, item: int, *, agrees: bool) -> Refusal:
        if item in visit.declined:
            return Conflict if agrees else None
        if item not in visit.items:
            return ServiceNotFound
        given = visit.consents.get(item)
        if given in ("accepted", "in_person"):
            return None if agrees else Conflict
        return None if given and visit.status == Status.IN_SERVICE else WrongState
