"""Quoted waits against actual ones: `python -m benchmarks.quotes [--days 5] [--strict]`.

A Saturday is played by the operations themselves on a database in memory, with requests, skills,
breaks, added treatments, customers who leave or do not come, and rooms to prepare. No time passes:
one event after the other sets the clock, so a day is the same again with the same seed.
"""

import argparse
import datetime
import heapq
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from unittest import mock

from benchmarks.engine import set_up

THERAPISTS = 6
MINUTE = datetime.timedelta(minutes=1)
#: How long a treatment takes, compared with what is booked.
PACE = (0.95, 1.1)
PREPARING = (3, 6)
BREAK = (25, 40)
RECEIVING = (1, 3)
#: How many customers, in thousandths, ask for a therapist, or for a woman or a man.
ASKS_FOR_ONE, ASKS_FOR_A_GENDER = 150, 100
#: Of those who ask for a therapist, who would rather wait than take somebody else.
AGREES_TO_NOBODY = 200


@dataclass(frozen=True)
class Quote:
    """A quoted wait and the actual one, in minutes."""

    low: int
    high: int
    waited: float

    @property
    def is_late(self) -> bool:
        """Return whether the customer was called later than they were told."""
        return self.waited > self.high

    @property
    def is_early(self) -> bool:
        """Return whether the customer was called earlier than they were told."""
        return self.waited < self.low


@dataclass(order=True)
class _Event:
    at: datetime.datetime
    number: int
    happens: Callable[[], None] = field(compare=False)


class Clock:
    """The time of the day, and what will happen."""

    def __init__(self, now: datetime.datetime) -> None:
        self.now = now
        self._events: list[_Event] = []
        self._numbers = count()

    def time(self) -> datetime.datetime:
        """Return the time of the day, in place of `timezone.now`."""
        return self.now

    def after(self, minutes: float, happens: Callable[[], None]) -> None:
        """Let something happen after so many minutes."""
        event = _Event(self.now + minutes * MINUTE, next(self._numbers), happens)
        heapq.heappush(self._events, event)

    def run(self) -> None:
        """Let everything happen, each at its time."""
        while self._events:
            event = heapq.heappop(self._events)
            self.now = event.at
            event.happens()


class Saturday:
    """One day of a branch: its staff, its customers and their quotes."""

    def __init__(self, branch: Any, staff: list[Any], *, seed: int, customers: int) -> None:
        from queueing.simulation.day import Chances
        from queueing.simulation.opening import SATURDAY, saturday

        self._branch, self._staff = branch, staff
        self._chance, self._chances = random.Random(seed), Chances()
        opening = datetime.datetime(2030, 1, 5, min(SATURDAY), tzinfo=datetime.UTC)
        self._clock = Clock(opening + seed * datetime.timedelta(days=7))
        self._free: set[int] = set()
        self._arrivals = list(saturday(customers, self._chance))
        self._offers = _offers()
        self._addons = [offer for offer in self._offers if offer.duration_minutes <= 20]

    def play(self) -> list[Quote]:
        """Play the day; return the quotes of those who were called."""
        with mock.patch("django.utils.timezone.now", self._clock.time):
            for therapist in self._staff:
                self._begin_shift(therapist)
            for minute in self._arrivals:
                self._clock.after(minute, self._arrive)
            self._clock.after(0, self._tick)
            self._clock.run()
            return list(_quotes(self._branch))

    def _happens(self, thousandth: int) -> bool:
        return self._chance.randrange(1000) < thousandth

    # -- Customers --------------------------------------------------------------------------------

    def _arrive(self) -> None:
        from queueing import services
        from queueing.requests import Request
        from queueing.simulation.play import PATIENCE
        from spa_project.lib.errors import DomainError

        chosen = self._chance.sample(self._offers, k=self._chance.choice((1, 1, 1, 2)))
        request = Request(*self._request())
        choices = [services.Choice(offer.pk) for offer in chosen]
        try:
            visit = services.confirm_selection(self._branch, choices=choices, request=request)
        except DomainError:  # whom they asked for has left, or cannot do it
            visit = services.confirm_selection(self._branch, choices=choices)
        patience = self._chance.uniform(*PATIENCE)
        self._clock.after(patience, lambda: self._lose_patience(visit.key))
        self._look()

    def _request(self) -> tuple[int | None, str]:
        if self._happens(ASKS_FOR_ONE):
            therapist = self._chance.choice(self._staff)
            return therapist.pk, "" if self._happens(AGREES_TO_NOBODY) else "anyone"
        if self._happens(ASKS_FOR_A_GENDER):
            return None, self._chance.choice(("woman", "man"))
        return None, ""

    def _lose_patience(self, key: str) -> None:
        from queueing.leaving import customer_cancel

        self._try(customer_cancel, key)

    # -- Therapists -------------------------------------------------------------------------------

    def _begin_shift(self, therapist: Any) -> None:
        from queueing import duty

        duty.clock_in(therapist)
        self._free.add(therapist.pk)
        self._clock.after(self._chance.uniform(150, 400), lambda: self._take_break(therapist))

    def _take_break(self, therapist: Any) -> None:
        from queueing import duty

        duty.therapist_break(therapist, minutes=30)
        if therapist.pk in self._free:
            self._rest(therapist)

    def _rest(self, therapist: Any) -> None:
        self._free.discard(therapist.pk)
        self._clock.after(self._chance.uniform(*BREAK), lambda: self._come_back(therapist))

    def _come_back(self, therapist: Any) -> None:
        from queueing import duty

        duty.clock_in(therapist)
        self._is_ready(therapist)

    def _is_ready(self, therapist: Any) -> None:
        self._free.add(therapist.pk)
        self._look()

    def _tick(self) -> None:
        """Look at every minute for what became due."""
        self._look()
        if self._clock._events:
            self._clock.after(1, self._tick)

    def _look(self) -> None:
        """Let everyone who is free call the next customer."""
        from queueing import tasks

        tasks.run_due()
        for therapist in self._staff:
            if therapist.pk in self._free and _somebody_waits(self._branch):
                self._call(therapist)

    def _call(self, therapist: Any) -> None:
        from queueing import services

        visit = self._try(services.confirm_next, therapist)
        if visit is None:
            return
        self._free.discard(therapist.pk)
        self._clock.after(
            self._chance.uniform(*RECEIVING), lambda: self._receive(therapist, visit.pk)
        )

    def _receive(self, therapist: Any, visit_id: int) -> None:
        from queueing import holding, leaving, services

        this = {"transaction_id": visit_id}
        if self._happens(self._chances.release):
            holding.release(therapist, **this, reason="simulation")
            return self._go_on(therapist)
        if self._happens(self._chances.no_show):
            leaving.no_show(therapist, **this)
            return self._go_on(therapist)
        visit = services.start_service(therapist, **this)
        minutes = visit.total_duration_minutes * self._chance.uniform(*PACE)
        if self._happens(self._chances.added_service):
            self._clock.after(minutes / 2, lambda: self._add(therapist, visit_id, minutes / 2))
        else:
            self._clock.after(minutes, lambda: self._finish(therapist, visit_id))

    def _add(self, therapist: Any, visit_id: int, left: float) -> None:
        from queueing import services

        offer = self._chance.choice(self._addons)
        added = self._try(
            services.add_service,
            therapist,
            transaction_id=visit_id,
            service_classification_id=offer.pk,
        )
        longer = left + (offer.duration_minutes if added else 0)
        self._clock.after(longer, lambda: self._finish(therapist, visit_id))

    def _finish(self, therapist: Any, visit_id: int) -> None:
        from queueing import services

        services.finish_service(therapist, transaction_id=visit_id)
        self._clock.after(self._chance.uniform(*PREPARING), lambda: self._go_on(therapist))

    def _go_on(self, therapist: Any) -> None:
        """Prepare the room and look for the next customer, unless a break has begun."""
        from accounts.models import PresenceKind
        from accounts.presence import open_row
        from queueing import services

        self._try(services.room_set_status, self._branch, therapist.room_number, "available")
        row = open_row(therapist.pk)
        if row is not None and row.kind == PresenceKind.ON_BREAK:
            self._rest(therapist)
        else:
            self._is_ready(therapist)

    def _try(self, operation: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        from spa_project.lib.errors import DomainError

        try:
            return operation(*args, **kwargs)
        except DomainError:
            return None


def _somebody_waits(branch: Any) -> bool:
    from queueing.models import Transaction
    from queueing.states import Status

    return Transaction.objects.in_line(branch.pk, Status.PENDING_THERAPIST).exists()


def _offers() -> list[Any]:
    from catalog.models import ServiceClassification

    return list(ServiceClassification.objects.on_the_menu().order_by("pk"))


def _quotes(branch: Any) -> Iterable[Quote]:
    """Yield the quotes of the branch's last day, of those who were called at least once."""
    from queueing.models import Transaction, TransactionEvent
    from queueing.states import Status

    visits = Transaction.objects.filter(branch=branch, business_date=branch.business_date())
    for visit in visits.exclude(quoted_to_minutes=None):
        calls = TransactionEvent.objects.filter(
            transaction=visit, to_status=Status.THERAPIST_CONFIRMED
        )
        first = calls.order_by("version").first()
        if first is not None:
            waited = (first.at - visit.selection_confirmed_at) / MINUTE
            yield Quote(visit.quoted_from_minutes, visit.quoted_to_minutes, waited)


def open_spa(*, strict: bool = False) -> tuple[Any, list[Any]]:
    """Create a branch with the demo's menu, of which two treatments need a skill, and its staff."""
    from django.core.management import call_command

    from accounts.models import Branch, Therapist, TurnMode
    from catalog.models import Service, Skill
    from queueing.models import Room
    from spa_project.seeding import seed

    call_command("migrate", verbosity=0)
    seed(therapists=THERAPISTS, cashiers=1, rooms=THERAPISTS, password=None, quiet=True)
    branch = Branch.objects.get()
    branch.offers_gender, branch.time_zone = True, "UTC"
    if strict:
        branch.turn_mode = TurnMode.STRICT
    branch.save()
    skills = [Skill.objects.create(name=name) for name in ("Bamboo", "Wraps")]
    for skill, name in zip(skills, ("Bamboo Massage", "Rice Milk Wrap"), strict=True):
        Service.objects.filter(name=name).update(skill=skill)
    rooms = list(Room.objects.filter(branch=branch).order_by("pk"))
    staff = list(Therapist.objects.select_related("user__branch", "own_room").order_by("pk"))
    for number, (therapist, room) in enumerate(zip(staff, rooms, strict=True)):
        therapist.gender = ("woman", "man")[number % 3 == 2]
        therapist.own_room = room
        therapist.save()
        therapist.skills.add(*skills[: 2 - number % 3])
        therapist.user.branch = branch
    return branch, staff


def share(quotes: list[Quote], held: Callable[[Quote], bool]) -> float:
    """Return for how many quotes of a hundred something is so."""
    return 100 * sum(map(held, quotes)) / len(quotes) if quotes else 0.0


def report(quotes: list[Quote]) -> str:
    """Return how many quotes held."""
    on_time = share(quotes, lambda it: not it.is_late)
    exact = share(quotes, lambda it: not it.is_late and not it.is_early)
    return (
        f"{len(quotes):4} quotes: {on_time:5.1f} % held (called no later than quoted), "
        f"{exact:5.1f} % within the range"
    )


def main() -> None:
    """Play some Saturdays and print how many of the first quotes held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=5)
    parser.add_argument("--customers", type=int, default=45)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--strict", action="store_true", help="in a strict rotation")
    options = parser.parse_args()
    set_up("sqlite:///:memory:")
    branch, staff = open_spa(strict=options.strict)
    all_quotes: list[Quote] = []
    for seed in range(options.first_seed, options.first_seed + options.days):
        day = Saturday(branch, staff, seed=seed, customers=options.customers)
        quotes = day.play()
        print(f"Saturday {seed:3}: {report(quotes)}", flush=True)
        all_quotes += quotes
    print(f"all of them : {report(all_quotes)}")


if __name__ == "__main__":
    main()
