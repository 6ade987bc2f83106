"""Tasks that become due: holds and requests end, rooms become ready.

Every process runs them with its heartbeat; a row is locked (SKIP LOCKED) and checked again before
it is changed, so each change happens once, without leader election.
"""

from django.utils import timezone
from django.utils.translation import gettext as _

from queueing import queries, rooms
from queueing.lifecycle import advance
from queueing.models import Room, Transaction
from queueing.requests import end_request
from queueing.states import Status
from spa_project.lib.db.transactions import durable


def run_due() -> None:
    """Run what is due, with three small reads of an index."""
    now = timezone.now()
    for pk in Transaction.objects.filter(held_until__lte=now).values_list("pk", flat=True):
        end_hold(pk)
    over = Transaction.objects.filter(request_until__lte=now, status=Status.PENDING_THERAPIST)
    for pk in over.values_list("pk", flat=True):
        end_request(pk)
    for pk in Room.objects.filter(ready_at__lte=now).order_by("pk").values_list("pk", flat=True):
        make_ready(pk)


@durable
def end_hold(transaction_id: int) -> Transaction | None:
    """End a hold whose time is over, unless the customer has moved on."""
    transaction = queries.lock_unless_locked(transaction_id)
    if transaction is None or not _is_over(transaction):
        return None
    return advance(transaction, Status.PENDING_THERAPIST, by=None, reason=_("Hold expired."))


@durable
def make_ready(room_id: int) -> Room | None:
    """Make a room available that has been prepared for long enough."""
    return rooms.make_ready(room_id, timezone.now())


def _is_over(transaction: Transaction) -> bool:
    return transaction.held_until is not None and transaction.held_until <= timezone.now()
