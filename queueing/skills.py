"""Skills: what a visit's treatments need of one therapist, and which therapists have it."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from accounts.models import Branch, Therapist, TherapistSkill
from catalog.models import Skill
from queueing.errors import NobodyAble, NotAble
from queueing.lanes import ASKED_SKILLS, OpenLanes, skill_sets_of
from queueing.models import SkillSet, TransactionItem
from spa_project.lib.db.compiled_queries import CompiledQuery, Param


def skills_of(items: Iterable[TransactionItem]) -> list[Skill]:
    """Return the skills that these treatments need, by name."""
    needed = {item.skill_id: item.skill for item in items if item.skill is not None}
    return sorted(needed.values(), key=lambda skill: skill.name)


def names_of(skills: Iterable[Skill]) -> str:
    """Return the names of skills in a sentence."""
    return ", ".join(skill.name for skill in skills)


def set_of(items: Iterable[TransactionItem]) -> SkillSet | None:
    """Return the skills that these treatments need together, None when they need none.

    No statement is sent where none is needed.
    """
    keys = {item.skill_id for item in items} - {None}
    return SkillSet.objects.get_or_create(members=members_of(keys))[0] if keys else None


def members_of(skill_ids: Iterable[int | None]) -> str:
    """Return what a `SkillSet` is found by, empty for no skills."""
    return ",".join(map(str, sorted(filter(None, skill_ids))))


def ids_of(members: str) -> frozenset[int]:
    """Return the keys of the skills of a `SkillSet`."""
    return frozenset(map(int, members.split(",")))


def lanes_open_to(
    therapists: Collection[tuple[int, str]],
    lanes: Iterable[int],
    *,
    asked: frozenset[int] = frozenset(),
) -> dict[int, OpenLanes]:
    """Return the lanes from which each of these therapists, a key and a gender, calls.

    Of the skill sets, those that `lanes` need are considered, and `asked`, those of an order that
    is not placed yet. Where no skill is needed, no statement is sent.
    """
    wanted = skill_sets_of(lanes)
    sets = _sets_of(wanted) if wanted else {}
    if asked:
        sets[ASKED_SKILLS] = asked
    found = skill_ids_of([pk for pk, _gender in therapists]) if sets else {}
    return {
        pk: OpenLanes(pk, gender, _within(found.get(pk, frozenset()), sets))
        for pk, gender in therapists
    }


#: On the path of a claim; there are as many sets as the menu's skills were ordered together.
_SETS = CompiledQuery(lambda: SkillSet.objects.values_list("pk", "members"))
_SKILLS_OF_ONE = CompiledQuery(
    lambda: TherapistSkill.objects.filter(therapist_id=Param("pk")).values_list("skill_id")
)


def _sets_of(wanted: Collection[int]) -> dict[int, frozenset[int]]:
    return {pk: ids_of(members) for pk, members in _SETS.all() if pk in wanted}


def _within(skills: frozenset[int], sets: Mapping[int, frozenset[int]]) -> frozenset[int]:
    return frozenset(pk for pk, needed in sets.items() if needed <= skills)


def skill_ids_of(therapist_ids: Collection[int]) -> dict[int, frozenset[int]]:
    """Return the keys of the skills of these therapists, of those who have any."""
    if len(therapist_ids) == 1:
        [only] = therapist_ids
        skills = frozenset(skill_id for (skill_id,) in _SKILLS_OF_ONE.all(pk=only))
        return {only: skills} if skills else {}
    found = defaultdict(set)
    rows = TherapistSkill.objects.filter(therapist__in=therapist_ids)
    for therapist_id, skill_id in rows.values_list("therapist_id", "skill_id"):
        found[therapist_id].add(skill_id)
    return {pk: frozenset(skills) for pk, skills in found.items()}


def require_able(therapist: Therapist, items: Sequence[TransactionItem]) -> None:
    """Raise `NotAble` unless the therapist has the skills that these treatments need."""
    if missing := _missing(therapist.pk, skills_of(items)):
        raise NotAble(str(therapist), names_of(missing))


def _missing(therapist_id: int, needed: list[Skill]) -> list[Skill]:
    if not needed:
        return []
    has = skill_ids_of([therapist_id]).get(therapist_id, frozenset())
    return [skill for skill in needed if skill.pk not in has]


def require_somebody(branch: Branch, items: Sequence[TransactionItem]) -> None:
    """Raise `NobodyAble` where no therapist of the branch has the skills, on duty or not."""
    needed = skills_of(items)
    if not needed:
        return
    wanted = {skill.pk for skill in needed}
    staff = Therapist.objects.active_in(branch).values_list("pk", flat=True)
    if not any(wanted <= skills for skills in skill_ids_of(list(staff)).values()):
        raise NobodyAble.with_skills(branch.name, names_of(needed))
