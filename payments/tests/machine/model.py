"""The expected state of a day: the line, the rooms, and who is where."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from accounts.models import Branch, Cashier, Therapist, User
from catalog.models import ServiceClassification
from payments.tests.machine.rotation import Rotation
from payments.tests.machine.visit import Offer, Visit
from queueing.models import RoomStatus
from queueing.states import CLOSED, WITH_CASHIER, WITH_THERAPIST, Status


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

    therapists: tuple[Therapist, ...]
    #: Visits in the order in which they came, which is their order in the line.
    visits: list[Visit] = field(default_factory=list)
    closing: set[str] = field(default_factory=set)
    #: Whether the branch asks customers about what is added.
    asks_consent: bool = False
    #: What each therapist does, by key; None when off duty.
    presences: dict[int, str | None] = field(default_factory=dict)
    rotation: Rotation = field(default_factory=Rotation)
    rooms: dict[str, str] = field(
        default_factory=lambda: {"1": RoomStatus.AVAILABLE, "2": RoomStatus.AVAILABLE}
    )

    def __post_init__(self) -> None:
        self.rotation.visits = self.visits
        for therapist in self.therapists:
            self.set_presence(therapist, "on_duty")

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
        kind = self.presences.get(therapist.pk)
        if kind == "break_next" and not self.current_transaction_of(therapist):
            kind = self.presences[therapist.pk] = "on_break"
        return kind

    def set_presence(self, therapist: Therapist, kind: str | None) -> None:
        """Clock a therapist in or out, or let them have a break."""
        joins = kind is not None and self.presence_of(therapist) is None
        self.presences[therapist.pk] = kind
        if joins:
            self.rotation.join(therapist.pk, self.present)

    @property
    def present(self) -> list[int]:
        return [pk for pk, kind in self.presences.items() if kind]

    def is_free(self, therapist: Therapist) -> bool:
        """Return whether a therapist could call somebody now, by their room too."""
        has_room = self.rooms[therapist.room_number] in (RoomStatus.AVAILABLE, RoomStatus.OCCUPIED)
        is_on_duty = self.presence_of(therapist) == "on_duty"
        return is_on_duty and has_room and not self.current_transaction_of(therapist)

    def next_for(self, therapist: Therapist) -> Visit | None:
        """Return whom a therapist calls next, if their turn does not matter."""
        return next(iter(self._willing(therapist)), self._refusing(therapist))

    def next_in_turn(self, therapist: Therapist) -> Visit | Therapist | None:
        """Return whom a therapist calls next, or which colleague comes before them."""
        before = self.rotation.before(therapist, self.present)
        by_key = {each.pk: each for each in self.therapists}
        free = [by_key[pk] for pk in before if self.is_free(by_key[pk])]
        colleague = None
        for visit in self._willing(therapist):
            first = next((each for each in free if visit.may_be_called_by(each)), None)
            if first is None:
                return visit
            colleague = colleague or first
        return colleague or self._refusing(therapist)

    def _willing(self, therapist: Therapist) -> list[Visit]:
        """Return who may be called by a therapist, those who wait for them alone first."""
        willing = (v for v in self.waiting if v.may_be_called_by(therapist))
        return sorted(willing, key=lambda v: v.waits_for is None)

    def _refusing(self, therapist: Therapist) -> Visit | None:
        """Return a customer who wants another therapist, if there is nobody else on duty."""
        others = (each for each in self.therapists if each != therapist)
        if any(self.presence_of(each) == "on_duty" for each in others):
            return None
        return next((v for v in self.waiting if v.refused == therapist), None)

    def end_requests(self, visits: Iterable[Visit]) -> None:
        """Let anyone call these visits, where anyone will do."""
        for visit in visits:
            if visit.is_timed:
                visit.is_timed = False
                visit.move(Status.PENDING_THERAPIST, by=None)

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
