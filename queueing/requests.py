"""Operations of requests: a customer asks for a therapist, a woman or a man.

A request holds for the branch's minutes; after that, or when the therapist goes off duty, the
visit waits for whoever else will do, if the customer said so. Everyone behind goes on meanwhile.
"""

import datetime
from collections.abc import Sequence
from typing import Any, NamedTuple

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Branch, Therapist, User
from queueing import queries
from queueing.access import branch_transaction
from queueing.errors import NobodyAble
from queueing.lanes import OF_GENDER, waits_for_one
from queueing.lifecycle import advance
from queueing.models import Preference, Transaction, TransactionItem
from queueing.skills import require_able
from queueing.states import Status
from spa_project.lib.db.transactions import durable
from spa_project.lib.errors import Invalid


class Request(NamedTuple):
    """Whom a customer asks for, and who else will do."""

    requested_therapist_id: int | None = None
    #: A `Preference`; empty: only the requested therapist, or, without one, anyone.
    preference: str = ""

    def __bool__(self) -> bool:
        return self.requested_therapist_id is not None or self.preference in OF_GENDER


def fields_of(branch: Branch, request: Request, items: Sequence[TransactionItem]) -> dict[str, Any]:
    """Return the fields of a visit with this request and these treatments.

    Raises `Invalid` where the branch offers no requests, `NobodyAble` when nobody on duty fits,
    `NotAble` when the therapist lacks a skill.
    """
    if not request:
        return {"requested_therapist": None, "preference": "", "request_until": None}
    if request.preference in OF_GENDER:
        _require_gender(branch, request.preference)
    if request.requested_therapist_id is None:
        fields: dict[str, Any] = {"requested_therapist": None, "request_until": None}
    else:
        fields = {
            "requested_therapist": _on_duty(branch, request.requested_therapist_id, items),
            "request_until": _until(branch) if request.preference else None,
        }
    return fields | {"preference": request.preference}


def _on_duty(branch: Branch, therapist_id: int, items: Sequence[TransactionItem]) -> Therapist:
    if not branch.request_minutes:
        raise Invalid(_("%(branch)s takes no requests for a therapist.") % {"branch": branch})
    here = Therapist.objects.active_in(branch).filter(pk=therapist_id).first()
    if here is None:
        raise NobodyAble(_("That therapist isn't on duty. Choose another one, or anyone."))
    if not Therapist.objects.at_work(branch).filter(pk=therapist_id).exists():
        raise NobodyAble(
            _("%(name)s isn't on duty. Choose another therapist, or anyone.") % {"name": here}
        )
    require_able(here, items)
    return here


def _require_gender(branch: Branch, preference: str) -> None:
    if not branch.offers_gender:
        raise Invalid(_("%(branch)s takes no requests for a woman or a man.") % {"branch": branch})
    if not Therapist.objects.at_work(branch).filter(gender=preference).exists():
        woman = preference == Preference.WOMAN
        raise NobodyAble(_("No woman is on duty now.") if woman else _("No man is on duty now."))


def _until(branch: Branch) -> datetime.datetime:
    return timezone.now() + datetime.timedelta(minutes=branch.request_minutes)


@durable
def set_request(user: User, *, transaction_id: int, request: Request) -> Transaction:
    """Change whom a waiting customer asks for; an empty request ends it.

    Raises `TransactionNotFound`, `WrongState`, `Invalid`, `NobodyAble`, `NotAble`.
    """
    transaction = branch_transaction(user, transaction_id, Status.PENDING_THERAPIST)
    fields = fields_of(transaction.branch, request, transaction.item_list)
    return _change(transaction, by=user, reason=_("Request changed."), **fields)


@durable
def end_request(transaction_id: int) -> Transaction | None:
    """End a request whose time is over, unless the customer has moved on."""
    transaction = queries.lock_unless_locked(transaction_id)
    if transaction is None or not _is_over(transaction):
        return None
    return _end(transaction)


def end_requests_for(therapist: Therapist) -> None:
    """End the requests for a therapist who goes off duty, where somebody else will do.

    The caller has locked the therapist's row.
    """
    waiting = Transaction.objects.filter(
        branch=therapist.user.branch,
        status=Status.PENDING_THERAPIST,
        requested_therapist=therapist,
    )
    for pk in (
        waiting.exclude(request_until=None).order_by("queued_at", "id").values_list("pk", flat=True)
    ):
        transaction = queries.lock_of_branch(pk, therapist.user.branch_id or 0)
        if transaction and _asks_for(transaction, therapist):
            _end(transaction)


def _asks_for(transaction: Transaction, therapist: Therapist) -> bool:
    """Return whether the visit still waits for this therapist, and somebody else will do."""
    return (
        transaction.status == Status.PENDING_THERAPIST
        and transaction.requested_therapist_id == therapist.pk
        and transaction.request_until is not None
    )


def _end(transaction: Transaction) -> Transaction:
    reason = _("%(name)s wasn't free in time.") % {"name": transaction.requested_therapist}
    return _change(transaction, by=None, reason=reason, request_until=None)


def _change(transaction: Transaction, **changes: Any) -> Transaction:
    return advance(transaction, Status.PENDING_THERAPIST, **changes)


def _is_over(transaction: Transaction) -> bool:
    return (
        transaction.status == Status.PENDING_THERAPIST
        and waits_for_one(transaction)
        and transaction.request_until is not None
        and transaction.request_until <= timezone.now()
    )
