"""Whom customers may ask for now, and how long each of them would wait."""

from collections.abc import Collection, Sequence
from typing import TypedDict

from accounts.models import Branch, Gender, Therapist
from catalog.models import Skill
from catalog.queries import offers_by_id
from queueing.lanes import ANYONE, ASKED_SKILLS, NO_SKILLS, OF_GENDER, Lane
from queueing.serializers import PersonData
from queueing.skills import skill_ids_of
from queueing.wait_estimates import Waiting, WaitRange, line_and_estimate


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
    #: The names of the skills that the order needs, where nobody who is here has all of them.
    missing_skills: list[str]
    therapists: list[TherapistChoice]
    genders: list[GenderChoice]


def choices_in(branch: Branch, items: Collection[int] = ()) -> RequestChoices:
    """Return whom a customer may ask for in a branch: those who have clocked in, by name.

    `items` are the options of the menu that the customer has chosen: only those who have the skills
    for them are returned.
    """
    skills = _skills_for(items)
    needed = frozenset(skill.pk for skill in skills)
    here = _able(list(Therapist.objects.at_work(branch).order_by("display_name", "pk")), needed)
    waiting, estimate = line_and_estimate(branch.pk, branch.business_date(), asked=needed)

    def wait(who: int) -> WaitRange | None:
        asked = Waiting(Lane(who, ASKED_SKILLS if needed else NO_SKILLS).number)
        return estimate.waits([*waiting, asked])[-1] if estimate else None

    present = {therapist.gender for therapist in here}
    return {
        "minutes": branch.request_minutes,
        "wait_minutes": wait(ANYONE),
        "missing_skills": [] if here else [skill.name for skill in skills],
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


def _skills_for(items: Collection[int]) -> list[Skill]:
    offers = offers_by_id(items).values() if items else ()
    found = (offer.service.needed_skill for offer in offers)
    return sorted({skill for skill in found if skill}, key=lambda skill: skill.name)


def _able(therapists: Sequence[Therapist], needed: frozenset[int]) -> list[Therapist]:
    """Return those of these therapists who have the skills."""
    if not needed:
        return list(therapists)
    skills = skill_ids_of([it.pk for it in therapists])
    return [it for it in therapists if needed <= skills.get(it.pk, frozenset())]
