"""Staff as managers see them: names, roles, and who may not be switched off now."""

import re
import unicodedata
from collections.abc import Collection
from typing import Any

from axes.utils import reset as forget_wrong_passwords
from django.utils.translation import gettext_lazy as _

from accounts.models import (
    Branch,
    Cashier,
    Role,
    StaffProfile,
    Therapist,
    TherapistSkill,
    User,
    Workplace,
)
from accounts.passwords import new_password

#: The roles that are rows of their own, by the attribute of a person that has the row.
PROFILES: dict[Role, type[Therapist | Cashier]] = {
    Role.THERAPIST: Therapist,
    Role.CASHIER: Cashier,
}


def profile_of(person: User, role: Role) -> Therapist | Cashier | None:
    """Return the person's row of a role, switched off or not."""
    return getattr(person, str(role), None)


def roles_given(person: User) -> frozenset[Role]:
    """Return the person's roles, also those of somebody who is switched off."""
    rows = {role for role in PROFILES if getattr(profile_of(person, role), "active", False)}
    switches = {Role.MONITOR: person.is_monitor, Role.MANAGER: person.is_staff}
    return frozenset(rows | {role for role, on in switches.items() if on})


def visit_of(profile: StaffProfile | None) -> Any:
    """Return the visit of the customer a therapist or cashier has now, or None."""
    return getattr(profile, "current_transaction", None)


def lock_profiles(person_id: int) -> None:
    """Lock a person's rows, so that no customer is claimed until the transaction ends."""
    for model in PROFILES.values():
        list(model.objects.select_for_update().filter(user=person_id).values_list("pk"))


def role_in_use(person: User, ends: Collection[Role]) -> tuple[Role, str] | None:
    """Return the first of these roles in which the person has a customer, with the code."""
    for role in PROFILES:
        visit = visit_of(profile_of(person, role)) if role in ends else None
        if visit is not None:
            return role, visit.code
    return None


def namesake(name: str, branch: Branch | None, person: User) -> User | None:
    """Return another person of the branch with this name on screens, switched off or not."""
    others = User.objects.with_roles().filter(branch=branch).exclude(pk=person.pk)
    wanted = name.casefold()
    return next((each for each in others if each.shown_name.casefold() == wanted), None)


def is_last_owner(person: User) -> bool:
    """Return whether nobody else could open everything in the admin.

    The caller has locked the owners (`StaffAdmin`): two may switch each other off at once.
    """
    owners = User.objects.filter(is_superuser=True, is_staff=True, is_active=True)
    return person.is_superuser and not owners.exclude(pk=person.pk).exists()


WITH_CUSTOMER = {
    Role.THERAPIST: _("%(name)s is with %(code)s. Finish or hand over first."),
    Role.CASHIER: _("%(name)s is with %(code)s. Take the payment or return to line first."),
}
NAMESAKE = _("%(name)s is the name of %(username)s, too. Add an initial, for example.")
LAST_OWNER = _("%(name)s is the last owner, who must be able to open Administration.")


def why_switched_on(person: User) -> str:
    """Return why the person cannot be switched off now, empty when they can."""
    if found := role_in_use(person, PROFILES):
        role, code = found
        return WITH_CUSTOMER[role] % {"name": person.shown_name, "code": code}
    return LAST_OWNER % {"name": person.shown_name} if is_last_owner(person) else ""


def suggest_username(name: str) -> str:
    """Return a free user name made from a name: "Ana María" is "ana.maria"."""
    bare = "".join(
        each for each in unicodedata.normalize("NFKD", name) if not unicodedata.combining(each)
    )
    first = re.sub(r"[\W_]+", ".", bare.lower()).strip(".")[:140] or "staff"
    taken = set(User.objects.filter(username__startswith=first).values_list("username", flat=True))
    numbers = range(2, len(taken) + 3)
    return next(each for each in (first, *(f"{first}{n}" for n in numbers)) if each not in taken)


def skills_of(profile: Therapist | None) -> list[TherapistSkill]:
    """Return the rows of a therapist's skills; who is no therapist has none."""
    return list(TherapistSkill.objects.filter(therapist_id=profile.pk)) if profile else []


def set_skills(therapist: Therapist, skill_ids: Collection[int]) -> None:
    """Give a therapist these skills, and no others."""
    had = {row.skill_id: row for row in skills_of(therapist)}
    for skill_id in sorted(set(skill_ids) - had.keys()):
        TherapistSkill.objects.create(therapist=therapist, skill_id=skill_id)
    for skill_id, row in had.items():
        if skill_id not in skill_ids:
            row.delete()


def set_workplaces(person: User, branches: Collection[Branch], among: Collection[Branch]) -> None:
    """Set in which of some branches a person may work besides their present one."""
    chosen = {branch.pk for branch in branches} - {person.branch_id}
    ended = {branch.pk for branch in among} - chosen | {person.branch_id}
    had: dict[int | None, Workplace] = {row.branch_id: row for row in person.workplaces.all()}
    for branch_id in sorted(chosen - had.keys()):
        Workplace.objects.create(user=person, branch_id=branch_id)
    for gone in ended & had.keys():
        had[gone].delete()


def set_new_password(person: User) -> str:
    """Set a password that the server makes and return it; every login of the person ends.

    Failed logins are forgotten. A demo account becomes one of its own: its password is in no file.
    """
    password = new_password()
    person.set_password(password)
    person.is_demo = False
    person.save(update_fields=["password", "is_demo"])
    forget_wrong_passwords(username=person.username)
    return password


def save_role(person: User, role: Role, *, played: bool, **details: Any) -> None:
    """Create or change the person's row of a role; switch it off when it is no longer played.

    A row stays, because visits and payments name it.
    """
    profile = profile_of(person, role)
    if profile is None:
        if not played:
            return
        profile = PROFILES[role](user=person)
    for name, value in {"active": played, **details}.items():
        setattr(profile, name, value)
    profile.save()
