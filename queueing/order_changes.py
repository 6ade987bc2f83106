"""Change a customer's order, or their name, before they are called."""

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.utils.text import Truncator
from django.utils.translation import gettext as _

from accounts.models import User
from queueing import queries
from queueing.access import branch_transaction
from queueing.errors import EmptySelection
from queueing.lanes import waits_for_one
from queueing.lifecycle import advance
from queueing.models import Transaction, TransactionEvent, TransactionItem
from queueing.prices import require_displayed
from queueing.services import Choice, items_for, totals_of
from queueing.skills import require_able, require_somebody
from queueing.states import Status
from spa_project.lib.db.transactions import durable
from spa_project.lib.errors import Conflict

#: A long order's change is cut in the log; its items say what it has become.
_LONGEST_REASON = TransactionEvent._meta.get_field("reason").max_length or 0


@durable
def change_order(
    user: User,
    *,
    transaction_id: int,
    choices: Sequence[Choice],
    customer_name: str | None = None,
    expected_total: Decimal | None = None,
    version: int | None = None,
) -> Transaction:
    """Give a waiting customer these services instead; None keeps the name.

    What was ordered before keeps its price, even off the menu; the place in line stays.
    `expected_total` is what the screen displayed, `version` the visit that the change is based on.
    Raises `TransactionNotFound`, `WrongState`, `Conflict` (changed since), `EmptySelection`,
    `ServiceNotFound`, `PriceChanged`, `NobodyAble`, `NotAble`, `Invalid` (too dear together).
    """
    if not choices:
        raise EmptySelection(_("An order needs at least one treatment. Cancel it instead."))
    transaction = branch_transaction(user, transaction_id, Status.PENDING_THERAPIST)
    if version is not None and version != transaction.version:
        raise Conflict(
            _("%(code)s was changed meanwhile. Check the order and try again.")
            % {"code": transaction.code}
        )
    removed, added = _difference(transaction, choices)
    items = [item for item in transaction.item_list if item not in removed] + added
    totals = totals_of(items)
    require_displayed(expected_total, totals["total_amount"])
    _require_skills(transaction, items)
    changes: dict[str, Any] = dict(totals)
    if customer_name is not None and customer_name != transaction.customer_name:
        changes["customer_name"] = customer_name
    _replace(transaction, removed, added)
    return advance(
        transaction,
        Status.PENDING_THERAPIST,
        by=user,
        reason=_in_words(removed, added, is_renamed="customer_name" in changes),
        **changes,
    )


def _require_skills(transaction: Transaction, items: Sequence[TransactionItem]) -> None:
    """Raise `NobodyAble` or `NotAble` unless whoever the visit waits for may treat all of it."""
    require_somebody(transaction.branch, items)
    if waits_for_one(transaction) and transaction.requested_therapist:
        require_able(transaction.requested_therapist, items)


def _difference(
    transaction: Transaction, choices: Sequence[Choice]
) -> tuple[list[TransactionItem], list[TransactionItem]]:
    """Return the items to remove, and unsaved ones to add; of each service the first ones stay."""
    wanted = Counter[int]()
    for choice in choices:
        wanted[choice.service_classification_id] += choice.quantity
    removed = []
    for item in transaction.item_list:
        if wanted[item.service_classification_id] > 0:
            wanted[item.service_classification_id] -= 1
        else:
            removed.append(item)
    return removed, items_for([Choice(pk, count) for pk, count in wanted.items() if count > 0])


def _replace(
    transaction: Transaction, removed: Sequence[TransactionItem], added: list[TransactionItem]
) -> None:
    """Write the difference, and give the transaction its items as they are now."""
    if removed:
        TransactionItem.objects.filter(pk__in=[item.pk for item in removed]).delete()
    for item in added:
        item.transaction = transaction
    if added:
        TransactionItem.objects.bulk_create(added)
    if removed or added:
        # MySQL does not return the keys of a bulk insert.
        transaction.use_items(queries.items_of(transaction.pk))


def _in_words(
    removed: Sequence[TransactionItem], added: Sequence[TransactionItem], *, is_renamed: bool
) -> str:
    """Return the change as the log states it; not the name, which is not kept there."""
    words = [f"- {item}" for item in removed] + [f"+ {item}" for item in added]
    if is_renamed:
        words.append(_("Name changed."))
    return Truncator(", ".join(words)).chars(_LONGEST_REASON)
