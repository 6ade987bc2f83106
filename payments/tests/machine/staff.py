"""Rules of steps that any member of staff may take for a customer."""

from hypothesis import strategies as st
from hypothesis.stateful import rule

from accounts.models import User
from payments.tests.machine.day import PEOPLE, SELECTION, STAFF, Day, visits
from payments.tests.machine.visit import Refusal, Visit, not_possible
from queueing import handover, holding, leaving, order_changes
from queueing.errors import EmptySelection, RoomNotReady, TransactionNotFound, WrongState
from queueing.models import RoomStatus, TransactionItem
from queueing.services import Choice
from queueing.states import CLOSED, UNCLAIMED, WITH_CASHIER, WITH_THERAPIST, Status
from queueing.undo import undo
from spa_project.lib.errors import Conflict

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


class Staff(Day):
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
            giver, visit.therapist = visit.therapist, colleague
            visit.move(visit.status, by=self.staff(who))
            if giver is not None and giver.user == self.staff(who):
                self.model.rotation.move_to_the_end(giver.pk, self.model.present)

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
            model.set_presence(visit.therapist, "break_next" if was_away else "on_duty")
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
