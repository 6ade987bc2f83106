"""Rules of therapists: they come and go, call, treat and finish."""

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from accounts.models import Therapist
from payments.tests.machine.customers import Customers
from payments.tests.machine.day import MINE, OFFERS, OWN, PEOPLE, visits
from payments.tests.machine.visit import Refusal, Visit, not_possible
from queueing import consent, duty, holding, leaving, notes
from queueing import services as floor
from queueing.errors import (
    ConsentNeeded,
    EmptySelection,
    NotYourTurn,
    QueueEmpty,
    RoomNotReady,
    ServiceNotFound,
    WrongState,
)
from queueing.models import RoomStatus, TransactionItem
from queueing.states import WITH_THERAPIST, Status


class Therapists(Customers):
    @rule(who=PEOPLE)
    def claim(self, who: int) -> None:
        therapist, model = self.cast.therapists[who], self.model
        held = model.current_transaction_of(therapist)
        is_strict = model.rotation.is_strict
        found = held or (model.next_in_turn if is_strict else model.next_for)(therapist)
        if isinstance(found, Therapist):
            with self.expect(NotYourTurn) as refused:
                floor.confirm_next(therapist)
            assert refused
            assert str(refused.value).startswith(f"{found} is next")
            return
        number = model.room_for(therapist)
        refusal: Refusal = None if found else QueueEmpty
        if found and not held and model.rooms[number] != RoomStatus.AVAILABLE:
            refusal = RoomNotReady
        with self.expect(refusal):
            claimed = floor.confirm_next(therapist)
        if refusal:
            return
        assert found
        if not held:
            model.set_presence(therapist, "on_duty")
            found.therapist, found.room = therapist, number
            found.move(Status.THERAPIST_CONFIRMED, by=therapist.user)
            model.rooms[number] = RoomStatus.OCCUPIED
        assert (claimed.pk, claimed.version) == (found.pk, found.version)

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
                    visit.ask_about(latest.pk)
                visit.move(Status.IN_SERVICE, by=therapist.user)

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
                if self.model.asks_consent:
                    visit.remember(item)
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

    @rule(who=PEOPLE, whom=MINE | MINE | visits, again=st.booleans())
    def called_in_vain(self, who: int, whom: Visit | None, again: bool) -> None:
        therapist = self.cast.therapists[who]
        if visit := whom or self.model.current_transaction_of(therapist):
            refusal = not_possible(visit, visit.therapist == therapist, Status.THERAPIST_CONFIRMED)
            with self.expect(refusal):
                (holding.recall if again else leaving.no_show)(therapist, transaction_id=visit.pk)
            if not refusal:
                if not again:
                    self.model.free_room(visit)
                to = Status.THERAPIST_CONFIRMED if again else Status.NO_SHOW
                visit.move(to, by=therapist.user)

    @rule(who=PEOPLE, whom=MINE | MINE | visits, refuses=st.booleans())
    def put_back_in_line(self, who: int, whom: Visit | None, refuses: bool) -> None:
        """Put a customer back who wants another therapist, or whom the therapist gives up."""
        therapist, model = self.cast.therapists[who], self.model
        if visit := whom or model.current_transaction_of(therapist):
            refusal = not_possible(visit, visit.therapist == therapist, Status.THERAPIST_CONFIRMED)
            reason = "Wants another therapist" if refuses else "On break"
            with self.expect(refusal):
                holding.release(therapist, transaction_id=visit.pk, reason=reason)
            if refusal:
                return
            model.free_room(visit)
            visit.move(Status.PENDING_THERAPIST, by=therapist.user)
            if not refuses:
                model.rotation.move_to_the_end(therapist.pk, model.present)
                return
            visit.refused = therapist
            if visit.asked_for == therapist:
                visit.asked_for, visit.is_timed = None, False

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
            model.set_presence(therapist, after.get(presence, presence))
        if not refusal and presence == "off_duty":
            model.end_requests(v for v in model.waiting if v.asked_for == therapist)
