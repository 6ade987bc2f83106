"""Fetch, lock and authorize the rows an operation works on.

The lock order is the same everywhere, which avoids deadlocks: actor, rotation, transaction, room,
items, payment, drawer, event. Rows are returned with their branch, people and items, so that the
reply needs no further query.
"""

from typing import Any, NamedTuple

from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _

from accounts.models import Branch, Cashier, Gender, PresenceKind, Role, Therapist, User
from queueing import queries
from queueing.errors import NotYourTurn, QueueEmpty, TransactionNotFound, WrongState
from queueing.lanes import ANYONE, OpenLanes, is_own, may_call, waits_for_one
from queueing.lifecycle import must_be
from queueing.models import Transaction
from queueing.rotation import (
    Present,
    Rotation,
    free_before,
    is_strict,
    lock_rotation,
    rotation_of,
)
from queueing.skills import lanes_open_to, names_of, skills_of
from queueing.states import Status
from queueing.turns import figure, in_words


class Claim(NamedTuple):
    """A therapist's customer, whether they are new, and whether the therapist is on duty yet."""

    transaction: Transaction
    is_new: bool
    is_on_duty: bool


def current_transaction_of(cashier: Cashier) -> Transaction | None:
    """Lock the cashier's own row, and return their current customer, if any.

    The actor's row comes first: a double tap waits here instead of claiming two customers.
    """
    locked = queries.lock_cashier(cashier.pk)
    _must_work_there(cashier, locked.branch_id)
    return _with_people(locked.current_id) if locked.current_id else None


def lock_therapist(therapist: Therapist) -> queries.LockedTherapist:
    """Lock the therapist's own row; return it with their customer and their presence."""
    branch = branch_of(therapist.user)
    locked = queries.lock_therapist(therapist.pk, branch.pk, branch.business_date())
    _must_work_there(therapist, locked.branch_id)
    return locked


def _must_work_there(person: Therapist | Cashier, branch_id: int | None) -> None:
    """Raise `WrongState` when the person has moved to another branch since they were read."""
    if branch_id != person.user.branch_id:
        raise WrongState(_("%(name)s works at another branch now.") % {"name": person})


def therapist_here(user: User, therapist_id: int) -> Therapist:
    """Return an active therapist of the person's branch, unlocked; raise `WrongState`."""
    people = Therapist.objects.active_in(branch_of(user)).select_related("own_room", "user__branch")
    if not (found := people.filter(pk=therapist_id).first()):
        raise WrongState(_("That therapist isn't available here."))
    return found


def current_or_next(therapist: Therapist) -> Claim:
    """Lock the therapist's row; return their customer, else lock the next.

    Raises `QueueEmpty`.
    """
    locked, branch = lock_therapist(therapist), branch_of(therapist.user)
    is_on_duty = locked.presence == PresenceKind.ON_DUTY
    if locked.current_id:
        return Claim(_with_people(locked.current_id), is_new=False, is_on_duty=is_on_duty)
    if is_strict(branch):
        picked = next_in_turn(therapist, branch, locked)
    else:
        picked = _next_for(therapist, branch, locked)
    return Claim(picked, is_new=True, is_on_duty=is_on_duty)


def _next_for(therapist: Therapist, branch: Branch, locked: queries.LockedTherapist) -> Transaction:
    if locked.is_declined or locked.has_requests:
        return next_in_lanes(therapist, branch, locked.gender)
    try:
        return next_in_line(branch, Status.PENDING_THERAPIST)
    except QueueEmpty:
        # Staff may have changed whom the customer asks for after the therapist's row was read.
        if set(queries.lanes_in(branch.pk)) <= {ANYONE}:
            raise
    return next_in_lanes(therapist, branch, locked.gender)


def next_in_turn(
    therapist: Therapist, branch: Branch, locked: queries.LockedTherapist
) -> Transaction:
    """Do the same in a strict rotation: for each customer, the next of those who may call them.

    The rotation's row is locked after the therapist's and before any other, so that claims of one
    branch follow one another; nobody waits for a visit's row. Raises `NotYourTurn`, `QueueEmpty`.
    """
    lock_rotation(branch)
    rotation = rotation_of(branch)
    before = free_before(rotation, therapist.pk)
    if not before:
        return _next_for(therapist, branch, locked)
    waiting = list(Transaction.objects.in_line(branch.pk, Status.PENDING_THERAPIST))
    people = [(therapist.pk, locked.gender), *((it.therapist_id, it.gender) for it in before)]
    open_to = lanes_open_to(people, {it.lane for it in waiting})
    own = open_to[therapist.pk]
    refusal: NotYourTurn | None = None
    # Own requests first; nobody else may call those.
    for seen in sorted(waiting, key=lambda it: not is_own(it.lane)):
        if not may_call(seen, own):
            continue
        first = next((it for it in before if may_call(seen, open_to[it.therapist_id])), None)
        if first is not None:
            refusal = refusal or _not_your_turn(rotation, therapist, first)
            continue
        transaction = queries.lock_unless_locked(seen.pk)
        # It was read without a lock before.
        if transaction is not None and may_call(transaction, own):
            return _picked(transaction, branch, Status.PENDING_THERAPIST)
    if refusal is not None:
        raise refusal
    return _picked(_declined_alone(own, branch), branch, Status.PENDING_THERAPIST)


def _not_your_turn(rotation: Rotation, therapist: Therapist, first: Present) -> NotYourTurn:
    """Return the refusal that says who is next, with the turns of both."""
    own = rotation.quarters_of(therapist.pk)
    theirs = rotation.quarters_of(first.therapist_id) or 0
    if own is None:
        return NotYourTurn(
            _("%(name)s is next. Clock in to join the rotation.") % {"name": first.name}
        )
    words = {"name": first.name, "turns": in_words(theirs), "own": number_format(figure(own))}
    if own == theirs:
        return NotYourTurn(
            _("%(name)s is next: you both have %(turns)s, and %(name)s has waited longer.") % words
        )
    return NotYourTurn(_("%(name)s is next: %(turns)s, you have %(own)s.") % words)


def _with_people(transaction_id: int) -> Transaction:
    return Transaction.objects.with_people().get(pk=transaction_id)


def therapist_transaction(
    therapist: Therapist, transaction_id: int, *statuses: Status
) -> Transaction:
    """Lock and return the therapist's own transaction, in one of `statuses`.

    Raises `TransactionNotFound` (another therapist's looks like none at all), `WrongState`.
    """
    transaction = queries.lock_of_therapist(transaction_id, therapist.pk)
    if transaction is None:
        raise TransactionNotFound
    transaction.therapist = therapist
    return ready(transaction, branch_of(therapist.user), *statuses)


def cashier_transaction(cashier: Cashier, transaction_id: int, *statuses: Status) -> Transaction:
    """Lock and return the cashier's own transaction, in one of `statuses`.

    Raises `TransactionNotFound` (another cashier's looks like none at all), `WrongState`.
    """
    transaction = queries.lock_of_cashier(transaction_id, cashier.pk)
    if transaction is None:
        raise TransactionNotFound
    return of_cashier(cashier, transaction, *statuses)


def of_cashier(cashier: Cashier, transaction: Transaction, *statuses: Status) -> Transaction:
    """Return a locked row of the cashier as `cashier_transaction` does; raises `WrongState`."""
    transaction.cashier = cashier
    return ready(transaction, branch_of(cashier.user), *statuses)


def branch_transaction(user: User, transaction_id: int, *statuses: Status) -> Transaction:
    """Lock and return a transaction of the person's branch, in one of `statuses`.

    A therapist without another role may not act on a colleague's customer. Raises
    `TransactionNotFound` (elsewhere, or a colleague's), `WrongState`.
    """
    branch = branch_of(user)
    transaction = queries.lock_of_branch(transaction_id, branch.pk)
    if transaction is None or _is_a_colleagues(user, transaction):
        raise TransactionNotFound
    return ready(transaction, branch, *statuses)


def next_in_line(branch: Branch, status: Status) -> Transaction:
    """Lock and return the first unlocked transaction of a line; raises `QueueEmpty`."""
    transaction = queries.lock_next(branch.pk, status)
    if transaction is None:
        raise QueueEmpty
    return _picked(transaction, branch, status)


def next_in_lanes(therapist: Therapist, branch: Branch, gender: str) -> Transaction:
    """Do the same where customers need skills, asked for a therapist, or declined this one.

    Those who asked for this therapist come first, then the other lanes open to them, together in
    the order of the line. Raises `QueueEmpty`.
    """
    waiting = queries.lanes_in(branch.pk)
    lanes = lanes_open_to([(therapist.pk, gender)], waiting)[therapist.pk]
    found = queries.waiting_in(branch.pk, lanes.numbers(), but_declining=therapist.pk)
    for _lane, pk in sorted(found, key=lambda row: not is_own(row[0])):
        transaction = queries.lock_unless_locked(pk)
        # It was read without a lock before.
        if transaction is not None and may_call(transaction, lanes):
            return _picked(transaction, branch, Status.PENDING_THERAPIST)
    return _picked(_declined_alone(lanes, branch), branch, Status.PENDING_THERAPIST)


def _declined_alone(lanes: OpenLanes, branch: Branch) -> Transaction:
    """Return a customer who declined the therapist, if nobody else on duty may call them."""
    line = Transaction.objects.in_line(branch.pk, Status.PENDING_THERAPIST)
    declined = line.filter(declined_therapist=lanes.therapist_id, lane__in=lanes.numbers()).first()
    if declined is None:
        raise _waits_for_others(line.first(), lanes)
    others = Therapist.objects.on_duty(branch).exclude(pk=lanes.therapist_id)
    open_to = lanes_open_to(list(others.values_list("pk", "gender")), [declined.lane])
    if any(declined.lane in theirs for theirs in open_to.values()):
        raise QueueEmpty(
            _("%(code)s asked for another therapist. No one else is waiting.")
            % {"code": declined.code}
        )
    transaction = queries.lock_next(branch.pk, Status.PENDING_THERAPIST, declined.lane)
    if transaction is None:
        raise QueueEmpty
    return transaction


def _waits_for_others(first: Transaction | None, lanes: OpenLanes) -> QueueEmpty:
    """Return the refusal when nobody waits whom this therapist may call."""
    if first is None or first.lane in lanes:
        return QueueEmpty()
    if lanes.lacks_skills(first.lane):
        return QueueEmpty(
            _("No one is waiting for you. %(code)s needs another skill: %(skills)s.")
            % {"code": first.code, "skills": names_of(skills_of(first.item_list))}
        )
    asked: Any = first.requested_therapist
    if not waits_for_one(first):
        asked = {Gender.WOMAN: _("a woman"), Gender.MAN: _("a man")}[Gender(first.preference)]
    return QueueEmpty(
        _("No one is waiting for you. %(code)s asked for %(name)s.")
        % {"code": first.code, "name": asked}
    )


def ready(transaction: Transaction, branch: Branch, *statuses: Status) -> Transaction:
    """Return a locked transaction with its own branch and its items; raises `WrongState`."""
    picked = _picked(transaction, branch, *statuses)
    queries.complete(picked)
    return picked


def _picked(transaction: Transaction, branch: Branch, *statuses: Status) -> Transaction:
    """Do the same without the items, which `advance` reads in the packet of its changes.

    `branch` is the actor's, which saves a query where it is the same: a person may have moved.
    """
    must_be(transaction, *statuses)
    if transaction.branch_id == branch.pk:
        transaction.branch = branch
    return transaction


def branch_of(user: User) -> Branch:
    """Return the branch a member of staff acts in; the edges admit nobody without one."""
    assert user.branch is not None, "staff without a branch are refused at the edge"
    return user.branch


def _is_a_colleagues(user: User, transaction: Transaction) -> bool:
    if transaction.active_therapist_id is None or user.roles & {Role.CASHIER, Role.MANAGER}:
        return False
    return transaction.active_therapist_id != user.therapist.pk
