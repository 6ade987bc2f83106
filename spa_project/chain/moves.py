"""The operation of staff of several branches: work at another of them from now on."""

from django.utils.translation import gettext as _

from accounts.branches import branches_of
from accounts.models import Branch, Therapist, User, Workplace
from accounts.staff import NAMESAKE, PROFILES, WITH_CUSTOMER, lock_profiles, namesake, role_in_use
from payments.errors import DrawerIsOpen
from payments.models import DrawerSession
from queueing import presence
from queueing.errors import WrongState
from queueing.requests import end_requests_for
from spa_project.lib.db.transactions import durable


@durable
def work_at(user: User, slug: str) -> Branch:
    """Make one of a person's workplaces their present branch, and the present one a workplace.

    A therapist goes off duty. Raises `WrongState` for a branch that is none of theirs, with a
    customer, or where somebody has the same name on screens; `DrawerIsOpen`.
    """
    person = _lock(user)
    branch = branches_of(person).filter(slug=slug).first()
    if branch is None:
        raise WrongState(_("You don't work at that branch."))
    if branch.pk == person.branch_id:
        return branch
    _refuse_while_busy(person)
    if other := namesake(person.shown_name, branch, person):
        raise WrongState(NAMESAKE % {"name": person.shown_name, "username": other.username})
    therapist: Therapist | None = getattr(person, "therapist", None)
    if therapist is not None:
        presence.change(therapist, None)
        end_requests_for(therapist)
    _exchange(person, branch, therapist)
    return branch


def _lock(user: User) -> User:
    """Lock the rows of a person's roles, then their own, as claims do; return them as they are."""
    lock_profiles(user.pk)
    list(User.objects.select_for_update().filter(pk=user.pk).values_list("pk"))
    return User.objects.with_roles().get(pk=user.pk)


def _refuse_while_busy(person: User) -> None:
    if found := role_in_use(person, PROFILES):
        role, code = found
        raise WrongState(WITH_CUSTOMER[role] % {"name": person.shown_name, "code": code})
    opened = DrawerSession.objects.filter(branch=person.branch, by=person, close=None)
    if opened.exists():
        raise DrawerIsOpen(_("Count and close your cash drawer first."))


def _exchange(person: User, branch: Branch, therapist: Therapist | None) -> None:
    """Exchange the present branch and a workplace, each with the therapist's own room there.

    An owner, who may work everywhere, needs no row of the branch they choose.
    """
    place = person.workplaces.filter(branch=branch).first() or Workplace()
    left, person.branch = person.branch, branch
    room = place.own_room
    if place.pk and left is not None:
        place.branch, place.own_room = left, therapist.own_room if therapist else None
        _save_by(person, place, "branch", "own_room")
    if therapist is not None and therapist.own_room != room:
        therapist.own_room = room
        _save_by(person, therapist, "own_room")
    _save_by(person, person, "branch")


def _save_by(person: User, row: User | Therapist | Workplace, *columns: str) -> None:
    """Save columns; the history has the person, also where the command came over a socket."""
    row._history_user = person  # type: ignore[union-attr]  # as django-simple-history wants it
    row.save(update_fields=columns)
