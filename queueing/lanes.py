"""Lanes of the therapists' line: who may call a waiting customer.

A visit waits in one lane: that of everyone, of one therapist whom the customer asked for, or of the
therapists of one gender. The pick index has the lane, so a claim reads one lane and locks one row.
"""

from collections.abc import Iterator

from accounts.models import Gender
from queueing.models import Transaction
from queueing.states import UNCLAIMED, Status

#: The lane of those who ask for nobody.
ANYONE = 0
#: The lanes of a gender; a therapist's own lane has the (positive) key of the therapist.
OF_GENDER: dict[str, int] = {Gender.WOMAN: -1, Gender.MAN: -2}


def lane_of(transaction: Transaction, status: Status) -> int:
    """Return the lane in which a visit waits in this status; in all others it is `ANYONE`."""
    if status not in UNCLAIMED:
        return ANYONE
    if waits_for_one(transaction):
        return int(transaction.requested_therapist_id or ANYONE)
    return OF_GENDER.get(transaction.preference, ANYONE)


def waits_for_one(transaction: Transaction) -> bool:
    """Return whether only the requested therapist may call the customer.

    With a preference they agreed to somebody else, when `request_until` is over.
    """
    if transaction.requested_therapist_id is None:
        return False
    return not transaction.preference or transaction.request_until is not None


def lanes_open_to(gender: str) -> Iterator[int]:
    """Return the lanes a therapist calls from, apart from their own."""
    yield ANYONE
    if gender in OF_GENDER:
        yield OF_GENDER[gender]


def may_call(transaction: Transaction, therapist_id: int, gender: str) -> bool:
    """Return whether a visit waits in one of the lanes of a therapist who was not declined."""
    return (
        transaction.status == Status.PENDING_THERAPIST
        and transaction.declined_therapist_id != therapist_id
        and transaction.lane in {therapist_id, *lanes_open_to(gender)}
    )
