"""The model of a strict rotation: what each visit counts, and who is next.

It has no ledger: turns are added up from the visits as they are, and from what moved a therapist.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import count, takewhile

from accounts.models import Therapist
from payments.tests.machine.visit import Visit
from queueing.states import Status


@dataclass
class Rotation:
    """The expected turns of a day, in quarters; therapists are named by their keys."""

    is_strict: bool = False
    visits: list[Visit] = field(default_factory=list)
    #: Turns that no visit counts.
    extra: Counter[int] = field(default_factory=Counter)
    #: When each therapist clocked in first, and when something last put them behind others.
    came: dict[int, int] = field(default_factory=dict)
    put_back: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    #: When a visit last began to count, or to count more, for a therapist.
    gained: dict[tuple[int, int], int] = field(default_factory=dict)
    #: Gives each change a later time.
    clock: Iterator[int] = field(default_factory=lambda: count(1))

    def count(self, visit: Visit) -> None:
        """Count a visit after a step: for each new therapist of a strict rotation, as it is now.

        It stays in the rotation while it has a therapist, even if the branch leaves it.
        """
        if visit.therapist is None:
            visit.quarters = visit.counted_for = None
            return
        is_new = visit.therapist != visit.counted_for
        before = 0 if is_new else visit.quarters or 0
        if visit.quarters is not None or (is_new and self.is_strict):
            visit.quarters = self.weight_of(visit)
            if visit.quarters > before:
                self.gained[visit.pk, visit.therapist.pk] = next(self.clock)
        visit.counted_for = visit.therapist

    def weight_of(self, visit: Visit) -> int:
        """Return the weightiest treatment of a visit, half of it for whom the customer asked for.

        Customers who did not come or left count for nobody.
        """
        if visit.status in (Status.NO_SHOW, Status.CANCELLED):
            return 0
        most = max(offer.service.turn_quarters for offer in visit.items.values())
        return most // 2 if visit.asked_for == visit.therapist else most

    def order(self, present: Collection[int]) -> list[int]:
        """Return who is next first: fewest turns, then whoever has waited longest."""
        return sorted(present, key=lambda pk: (self.quarters_of(pk), self._waits_since(pk)))

    def quarters_of(self, pk: int) -> int:
        return self.extra[pk] + sum(visit.quarters or 0 for visit in self._of(pk))

    def before(self, therapist: Therapist, present: Collection[int]) -> list[int]:
        """Return who comes before a therapist: everybody if they have not clocked in."""
        return list(takewhile(lambda pk: pk != therapist.pk, self.order(present)))

    def join(self, pk: int, present: Collection[int]) -> None:
        """Let a therapist join at the end, who are among those present already."""
        self.came.setdefault(pk, next(self.clock))
        self.move_to_the_end(pk, present)

    def move_to_the_end(self, pk: int, present: Collection[int]) -> None:
        """Put a therapist level with whoever has most turns, behind all who have as many."""
        if self.is_strict:
            most = max(self.quarters_of(each) for each in present)
            self.change(pk, max(0, most - self.quarters_of(pk)))
            self.put_back[pk] = next(self.clock)

    def change(self, pk: int, quarters: int) -> None:
        """Add turns, which end the wait of whoever gets them, or take some off, which does not."""
        self.extra[pk] += quarters
        if quarters > 0:
            self.put_back[pk] = next(self.clock)

    def _of(self, pk: int) -> list[Visit]:
        return [v for v in self.visits if v.therapist is not None and v.therapist.pk == pk]

    def _waits_since(self, pk: int) -> int:
        counting = (visit.pk for visit in self._of(pk) if visit.quarters)
        gains = (self.gained.get((visit, pk), 0) for visit in counting)
        return max([self.put_back[pk], *gains]) or self.came[pk]
