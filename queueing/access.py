"""Fetch, lock and authorize: the rows an operation may work on.

Locks are taken in one order everywhere: actor, transaction, room, items, payment, event.
"""

from typing import NamedTuple

from django.db.models import OuterRef, QuerySet, Subquery

from accounts.models import Branch, Cashier, Role, Therapist, User
from queueing.errors import QueueEmpty, TransactionNotFound
from queueing.lifecycle import must_be
from queueing.models import Transaction
from queueing.states import Status
from spa_project.lib.db.compiled_queries import CompiledQuery, Param


class _Held(NamedTuple):
    """How an actor's own row is locked, and the customer they hold is found."""

    lock: CompiledQuery[tuple[int]]
    held: CompiledQuery[tuple[int]]


_HELD: dict[type[Therapist | Cashier], _Held] = {
    Therapist: _Held(
        CompiledQuery(
            lambda: Therapist.objects.select_for_update().filter(pk=Param("pk")).values_list("pk")
        ),
        CompiledQuery(
            lambda: Transaction.objects.filter(active_therapist_id=Param("pk")).values_list("pk")
        ),
    ),
    Cashier: _Held(
        CompiledQuery(
            lambda: Cashier.objects.select_for_update().filter(pk=Param("pk")).values_list("pk")
        ),
        CompiledQuery(
            lambda: Transaction.objects.filter(active_cashier_id=Param("pk")).values_list("pk")
        ),
    ),
}


# One table, one status, the pick index's own order: anything more would lock other rows.
_NEXT_IN_LINE = CompiledQuery(
    lambda: Transaction.objects.in_line(Param("branch_id"), Param("status")).select_for_update(
        skip_locked=True
    )[:1]
)


def own_rows(role: str) -> QuerySet[Transaction]:
    """The row `pk` of `owner`, a therapist or a cashier, to be locked; for a `CompiledQuery`."""
    return Transaction.objects.select_for_update().filter(
        **{"pk": Param("pk"), f"{role}_id": Param("owner")}
    )


def counter_rows() -> QuerySet[Transaction]:
    """A cashier's own rows, each with its therapist's name, which saves a statement.

    In a subquery: MariaDB locks the joined rows of a locking statement, but not those."""
    therapist = Therapist.objects.filter(pk=OuterRef("therapist_id"))
    return own_rows("cashier").annotate(served_by=Subquery(therapist.values("display_name")))


_THERAPIST = CompiledQuery(lambda: Therapist.objects.filter(pk=Param("pk")))


_OWN = {
    "therapist": CompiledQuery(lambda: own_rows("therapist")),
    "cashier": CompiledQuery(counter_rows),
}


def current_transaction_of(actor: Therapist | Cashier) -> Transaction | None:
    """Lock the actor's own row, then look whether they hold a customer already.

    The actor's row first: a double tap waits here instead of taking two customers."""
    statements = _HELD[type(actor)]
    statements.lock.first(pk=actor.pk)
    held = statements.held.first(pk=actor.pk)
    return Transaction.objects.with_people().get(pk=held[0]) if held else None


def own_transaction(
    transaction_id: int, *statuses: Status, **owner: Therapist | Cashier
) -> Transaction:
    """Fetch and lock the owner's (`therapist=` or `cashier=`) transaction, in one of `statuses`.

    Raises `TransactionNotFound` (someone else's looks like none at all), `WrongState`."""
    [(role, person)] = owner.items()
    return owned(_OWN[role].first(pk=transaction_id, owner=person.pk), *statuses, **owner)


def owned(
    transaction: Transaction | None, *statuses: Status, **owner: Therapist | Cashier
) -> Transaction:
    """What was found among the owner's rows, with its owner, as `own_transaction` gives it."""
    if transaction is None:
        raise TransactionNotFound
    [(role, person)] = owner.items()
    setattr(transaction, role, person)
    transaction.branch = branch_of(person.user)
    if served_by := vars(transaction).pop("served_by", None):
        known = {"id": transaction.therapist_id, "display_name": served_by}
        transaction.therapist = Therapist.from_db(None, list(known), list(known.values()))
    must_be(transaction, *statuses)
    return transaction


def next_in_line(branch: Branch, status: Status) -> Transaction:
    """Lock the first unlocked transaction of a line; raises `QueueEmpty`."""
    transaction = _NEXT_IN_LINE.first(branch_id=branch.pk, status=status)
    if transaction is None:
        raise QueueEmpty
    transaction.branch = branch
    if transaction.therapist_id:
        transaction.therapist = _THERAPIST.first(pk=transaction.therapist_id)
    return transaction


def branch_of(user: User) -> Branch:
    """The branch a member of staff acts in; the edges let nobody in without one."""
    assert user.branch is not None, "staff without a branch are refused at the edge"
    return user.branch


_OF_BRANCH = CompiledQuery(
    lambda: Transaction.objects.select_for_update().filter(
        pk=Param("pk"), branch_id=Param("branch_id")
    )
)


def transaction_of_branch(user: User, transaction_id: int, *statuses: Status) -> Transaction:
    """Fetch and lock a transaction of the person's branch, in one of `statuses`.

    Who is a therapist only does not reach into a colleague's treatment. Raises
    `TransactionNotFound` (elsewhere, or a colleague's), `WrongState`."""
    branch = branch_of(user)
    transaction = _OF_BRANCH.first(pk=transaction_id, branch_id=branch.pk)
    if transaction is None or _is_a_colleagues(user, transaction):
        raise TransactionNotFound
    transaction.branch = branch
    must_be(transaction, *statuses)
    return transaction


def _is_a_colleagues(user: User, transaction: Transaction) -> bool:
    if transaction.active_therapist_id is None or user.roles & {Role.CASHIER, Role.MANAGER}:
        return False
    return transaction.active_therapist_id != user.therapist.pk
