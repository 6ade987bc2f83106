"""Operations of the therapists' presence: clock in, break, clock out."""

from collections.abc import Callable

from django.utils.translation import gettext as _

from accounts.models import PresenceKind, Therapist, User
from queueing import presence, queries
from queueing.access import lock_therapist, therapist_here
from queueing.errors import WrongState
from queueing.models import Transaction
from queueing.requests import end_requests_for
from queueing.serializers import PresenceState, TherapistData
from spa_project.lib.db.transactions import durable


@durable
def clock_in(therapist: Therapist) -> TherapistData:
    """Put a therapist on duty; it also ends a break, or calls one off that was to follow."""
    _lock_with_customer(therapist)
    return presence.change(therapist, PresenceKind.ON_DUTY)


@durable
def therapist_break(therapist: Therapist, *, minutes: int | None = None) -> TherapistData:
    """Begin a break, with a customer as soon as they have left; `minutes` is its meant length."""
    has_customer = _lock_with_customer(therapist)
    kind = PresenceKind.BREAK_NEXT if has_customer else PresenceKind.ON_BREAK
    return presence.change(therapist, kind, minutes=minutes)


@durable
def clock_out(therapist: Therapist) -> TherapistData:
    """End a therapist's duty, and the requests for them where somebody else will do.

    Raises `WrongState` while they have a customer.
    """
    if customer := _lock_with_customer(therapist):
        raise WrongState(
            _("%(name)s has customer %(code)s. Finish or hand over the visit first.")
            % {"name": therapist, "code": customer.code}
        )
    data = presence.change(therapist, None)
    end_requests_for(therapist)
    return data


#: What a manager or the front desk may set, and the operation that sets it.
_OPERATIONS: dict[str, Callable[[Therapist], TherapistData]] = {
    PresenceState.ON_DUTY.value: clock_in,
    PresenceState.ON_BREAK.value: therapist_break,
    PresenceState.OFF_DUTY.value: clock_out,
}


def set_presence(user: User, *, therapist_id: int, presence: str) -> TherapistData:
    """Clock a therapist of the person's branch in or out, or send them on a break.

    Raises `WrongState` (no such therapist here, or with a customer).
    """
    return _OPERATIONS[presence](therapist_here(user, therapist_id))


def _lock_with_customer(therapist: Therapist) -> Transaction | None:
    """Lock the therapist's row, then their customer's, and return the customer they still have.

    Steps of the visit lock its row alone, and the last one begins a break that waits for it.
    """
    current_id = lock_therapist(therapist).current_id
    visit = current_id and queries.lock_of_therapist(current_id, therapist.pk)
    return visit if visit and visit.active_therapist_id == therapist.pk else None
