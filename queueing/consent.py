"""A customer's consent to what is added during their visit, where the branch asks for it.

An added treatment counts at once, as any other does. Until the customer has accepted it on their
ticket, or their therapist has recorded that they agreed in person, the visit cannot be finished. A
treatment that is declined is taken off, and `Transaction.declined_items` has it from then on.
"""

from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts.models import Therapist, User
from queueing import queries
from queueing.access import therapist_transaction
from queueing.errors import TransactionNotFound, WrongState
from queueing.lifecycle import advance, must_be
from queueing.models import Consent, Transaction, TransactionItem
from queueing.removed import without_declined
from queueing.serializers import ItemData, serialize_item
from queueing.services import not_in_this_order, take_item, totals_of
from queueing.states import Status
from spa_project.lib.db.transactions import durable
from spa_project.lib.errors import Conflict

#: Answers by which a treatment is agreed to, whoever recorded them.
AGREED = (Consent.ACCEPTED, Consent.IN_PERSON)


@durable
def answer_item(key: str, *, item_id: int, accepted: bool) -> Transaction:
    """Record the customer's answer to an added treatment; what they decline is taken off.

    The same answer again changes nothing. Raises `TransactionNotFound`, `ServiceNotFound`,
    `WrongState` (nobody asked, or the treatment is over), `Conflict` (answered otherwise).
    """
    transaction = queries.lock_by_key(key)
    if transaction is None:
        raise TransactionNotFound
    transaction.use_items(queries.items_of(transaction.pk))
    item = _asked(transaction, item_id, agrees=accepted)
    if item is None:
        return transaction
    if accepted:
        return _agreed(transaction, item, Consent.ACCEPTED, by=None)
    return _declined(transaction, item)


@durable
def agree_item(therapist: Therapist, *, transaction_id: int, item_id: int) -> Transaction:
    """Record that the customer agreed in person to an added treatment.

    One that they have agreed to already stays as it is. Raises `TransactionNotFound`,
    `WrongState`, `ServiceNotFound`, `Conflict` (declined).
    """
    transaction = therapist_transaction(therapist, transaction_id, Status.IN_SERVICE)
    item = _asked(transaction, item_id, agrees=True)
    if item is None:
        return transaction
    return _agreed(transaction, item, Consent.IN_PERSON, by=therapist.user)


def remove_unanswered(transaction: Transaction, *, by: User) -> None:
    """Take off what still waits for an answer, for the bill of a visit that somebody ends."""
    for item in transaction.item_list:
        if item.consent == Consent.ASKED:
            _take_off(transaction, item, by=by)


def _asked(transaction: Transaction, item_id: int, *, agrees: bool) -> TransactionItem | None:
    """Return the item that waits for an answer, None if this very answer was given before."""
    declined = {item["id"]: item for item in transaction.declined_items or []}
    if item_id in declined:
        if agrees:
            raise Conflict(
                _("The customer declined %(name)s. Add it again if they want it after all.")
                % {"name": declined[item_id]["service_name"]}
            )
        return None
    item = next((each for each in transaction.item_list if each.pk == item_id), None)
    if item is None:
        raise not_in_this_order()
    if item.consent in AGREED:
        if not agrees:
            raise Conflict(
                _("You already agreed to %(name)s. Ask your therapist to remove it.")
                % {"name": item.service_name}
            )
        return None
    if item.consent != Consent.ASKED:
        raise WrongState(_("%(name)s isn't waiting for an answer.") % {"name": item.service_name})
    must_be(transaction, Status.IN_SERVICE)
    return item


def _agreed(
    transaction: Transaction, item: TransactionItem, consent: Consent, *, by: User | None
) -> Transaction:
    item.consent = consent
    item.save(update_fields=["consent"])
    return advance(transaction, Status.IN_SERVICE, by=by, reason=str(item), consent=consent)


def _declined(transaction: Transaction, item: TransactionItem) -> Transaction:
    # Its key is gone once it is deleted.
    data: ItemData = {**serialize_item(item), "consent": Consent.DECLINED.value}
    changes = {"declined_items": [*(transaction.declined_items or []), data]}
    changes |= without_declined(transaction, item)
    return _take_off(transaction, item, by=None, consent=Consent.DECLINED, **changes)


def _take_off(
    transaction: Transaction, item: TransactionItem, *, by: User | None, **changes: Any
) -> Transaction:
    """Remove the item as the therapist would."""
    take_item(transaction, item.pk)
    changes |= totals_of(transaction.item_list)
    return advance(transaction, Status.IN_SERVICE, by=by, reason=f"- {item}", **changes)
