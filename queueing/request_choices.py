"""Whom customers may ask for now, and how long each of them would wait."""

from typing import TypedDict

from accounts.models import Branch, Gender, Therapist
from queueing.lanes import ANYONE, OF_GENDER
from queueing.models import Transaction
from queueing.serializers import PersonData
from queueing.states import Status
from queueing.wait_estimates import WaitRange, estimates_in


class TherapistChoice(PersonData):
    wait_minutes: WaitRange | None


class GenderChoice(TypedDict):
    #: A `Preference`: `woman` or `man`.
    preference: str
    wait_minutes: WaitRange | None


class RequestChoices(TypedDict):
    """Whom a customer may ask for; both lists are empty where the branch takes no requests."""

    #: For how long a request holds when somebody else will do.
    minutes: int
    #: The wait of those who ask for nobody, from and to, in minutes.
    wait_minutes: WaitRange | None
    therapists: list[TherapistChoice]
    genders: list[GenderChoice]


def choices_in(branch: Branch) -> RequestChoices:
    """Return whom a customer may ask for in a branch: those who have clocked in, by name."""
    day = branch.business_date()
    line = Transaction.objects.in_line(branch.pk, Status.PENDING_THERAPIST)
    lanes = list(line.values_list("lane", flat=True))
    estimate = estimates_in({branch.pk: day}).get(branch.pk)

    def wait(lane: int) -> WaitRange | None:
        return estimate.waits([*lanes, lane])[-1] if estimate else None

    here = list(Therapist.objects.at_work(branch).order_by("display_name", "pk"))
    present = {therapist.gender for therapist in here}
    return {
        "minutes": branch.request_minutes,
        "wait_minutes": wait(ANYONE),
        "therapists": [
            {"id": it.pk, "name": it.display_name, "wait_minutes": wait(it.pk)}
            for it in (here if branch.request_minutes else ())
        ],
        "genders": [
            {"preference": gender.value, "wait_minutes": wait(OF_GENDER[gender])}
            for gender in (Gender if branch.offers_gender else ())
            if gender in present
        ],
    }
