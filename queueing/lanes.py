"""Lanes of the therapists' line: who may call a waiting customer.

A visit waits in one lane: that of everyone, of one therapist whom the customer asked for, or of the
therapists of one gender; and of those who have the skills that its treatments need, if any. The
pick index has the lane, so a claim reads one lane and locks one row.
"""

from collections.abc import Iterable
from typing import NamedTuple

from accounts.models import Gender
from queueing.models import Transaction
from queueing.states import UNCLAIMED, Status

#: The lane of those who ask for nobody and need no skill.
ANYONE = 0
#: The lanes of a gender; a therapist's own lane has the (positive) key of the therapist.
OF_GENDER: dict[str, int] = {Gender.WOMAN: -1, Gender.MAN: -2}
#: The lane of a visit that needs skills is that of whom it asks for, plus this many times the key
#: of its `SkillSet`.
LANES_OF_A_SET = 2**32
NO_SKILLS = 0
#: The skills of an order that is not placed yet, for estimates; no `SkillSet` has this key.
ASKED_SKILLS = 2**30


class Lane(NamedTuple):
    """The two parts of a lane: whom the customer asks for, and the skills that they need."""

    #: `ANYONE`, one of `OF_GENDER`, or the key of a therapist.
    who: int
    #: The key of a `SkillSet`, or `NO_SKILLS`.
    skill_set: int

    @classmethod
    def of(cls, number: int) -> "Lane":
        """Return the parts of a lane's number."""
        skill_set = (number + LANES_OF_A_SET // 2) // LANES_OF_A_SET
        return cls(number - skill_set * LANES_OF_A_SET, skill_set)

    @property
    def number(self) -> int:
        """Return the number that visits have."""
        return self.who + self.skill_set * LANES_OF_A_SET


def lane_of(transaction: Transaction, status: Status) -> int:
    """Return the lane in which a visit waits in this status; in all others it is `ANYONE`."""
    if status not in UNCLAIMED:
        return ANYONE
    who = OF_GENDER.get(transaction.preference, ANYONE)
    if waits_for_one(transaction):
        who = int(transaction.requested_therapist_id or ANYONE)
    return Lane(who, transaction.skill_set_id or NO_SKILLS).number


def waits_for_one(transaction: Transaction) -> bool:
    """Return whether only the requested therapist may call the customer.

    With a preference they agreed to somebody else, when `request_until` is over.
    """
    if transaction.requested_therapist_id is None:
        return False
    return not transaction.preference or transaction.request_until is not None


def is_own(lane: int) -> bool:
    """Return whether those in the lane wait for one therapist."""
    return Lane.of(lane).who > ANYONE


def skill_sets_of(lanes: Iterable[int]) -> set[int]:
    """Return the keys of the skill sets that these lanes need."""
    return {Lane.of(lane).skill_set for lane in lanes} - {NO_SKILLS, ASKED_SKILLS}


class OpenLanes(NamedTuple):
    """The lanes a therapist calls from; `in` finds out whether a lane is one of them."""

    therapist_id: int
    gender: str
    #: The skill sets of which the therapist has all skills, among those in question.
    skill_sets: frozenset[int] = frozenset()

    def __contains__(self, number: object, /) -> bool:
        if not isinstance(number, int):
            return False
        who, skill_set = Lane.of(number)
        return who in self._calls_for and skill_set in {NO_SKILLS, *self.skill_sets}

    def lacks_skills(self, number: int) -> bool:
        """Return whether only a skill keeps the therapist from calling those in a lane."""
        return number not in self and Lane.of(number).who in self._calls_for

    def numbers(self) -> list[int]:
        """Return the numbers of the lanes."""
        sets = (NO_SKILLS, *sorted(self.skill_sets))
        return [Lane(who, skill_set).number for skill_set in sets for who in self._calls_for]

    @property
    def _calls_for(self) -> list[int]:
        genders = [OF_GENDER[self.gender]] if self.gender in OF_GENDER else []
        return [self.therapist_id, ANYONE, *genders]


def may_call(transaction: Transaction, lanes: OpenLanes) -> bool:
    """Return whether a visit waits in one of the lanes of a therapist who was not declined."""
    return (
        transaction.status == Status.PENDING_THERAPIST
        and transaction.declined_therapist_id != lanes.therapist_id
        and transaction.lane in lanes
    )
