"""Rules of rooms, time and settings."""

from datetime import timedelta
from typing import Any

import time_machine
from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import rule

from accounts.models import Branch, TurnMode
from payments.tests.machine.day import PEOPLE, Day
from payments.tests.machine.model import Cast
from payments.tests.machine.visit import Refusal
from queueing import services as floor
from queueing import tasks, turn_changes
from queueing.errors import RoomNotReady, WrongState
from queueing.models import RoomStatus
from queueing.states import Status

#: What a manager adds or takes off, in quarters of a turn; None: to the end.
QUARTERS = st.sampled_from([None, 4, 2, -2, -4])


class Surroundings(Day):
    def __init__(self, cast: Cast) -> None:
        super().__init__(cast)
        # The people keep their branch from one day to the next.
        self.ask_for_consent(asks=False)

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
        """Let an hour pass: holds and requests end, and rooms become ready."""
        with time_machine.travel(timezone.now() + timedelta(hours=1)):
            tasks.run_due()
        for visit in self.model.visits:
            if visit.status == Status.ON_HOLD:
                visit.move(Status.PENDING_THERAPIST, by=None)
        self.model.end_requests(self.model.waiting)
        for number, status in self.model.rooms.items():
            if status == RoomStatus.PREPARING:
                self.model.rooms[number] = RoomStatus.AVAILABLE

    @rule()
    def reset_codes(self) -> None:
        floor.reset_codes(self.cast.branch)

    @rule(asks=st.booleans())
    def ask_for_consent(self, asks: bool) -> None:
        self.model.asks_consent = asks
        self._set(asks_consent=asks)

    @rule(is_strict=st.booleans())
    def set_turn_mode(self, is_strict: bool) -> None:
        self.model.rotation.is_strict = is_strict
        self._set(turn_mode=TurnMode.STRICT if is_strict else TurnMode.FREE)

    def _set(self, **values: Any) -> None:
        """Set it for those who have read the branch, and for who reads it from now on."""
        cast = self.cast
        people = [*(it.user for it in cast.therapists), *(it.user for it in cast.cashiers)]
        for branch in (cast.branch, *(user.branch for user in (*people, cast.manager))):
            for name, value in values.items():
                setattr(branch, name, value)
        Branch.objects.filter(pk=cast.branch.pk).update(**values)

    @rule(who=PEOPLE, quarters=QUARTERS)
    def change_turns(self, who: int, quarters: int | None) -> None:
        therapist, model = self.cast.therapists[who], self.model
        is_present = model.presence_of(therapist) is not None
        refusal = None if model.rotation.is_strict and is_present else WrongState
        with self.expect(refusal):
            turn_changes.change_turns(
                self.cast.manager, therapist_id=therapist.pk, quarters=quarters, reason="fair"
            )
        if refusal:
            return
        if quarters is None:
            model.rotation.move_to_the_end(therapist.pk, model.present)
        else:
            model.rotation.change(therapist.pk, quarters)
