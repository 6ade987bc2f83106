"""The rotation of therapists, computed from the turn ledger without any database access.

Fewest turns come first, then whoever has waited longest: since they clocked in, or since the last
turn that counted. Turns are counted in quarters, because half of a half-turn counts too.
"""

import datetime
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from django.utils.formats import number_format
from django.utils.translation import ngettext

from queueing.models import Transaction, TransactionItem, TurnKind
from queueing.states import UNCLAIMED, Status

QUARTERS = 4
#: Statuses in which a visit counts for nobody, although it still names its therapist.
UNCOUNTED = frozenset({Status.NO_SHOW, Status.CANCELLED})
#: Changes that end a therapist's wait, whatever they add.
TO_THE_END = frozenset({TurnKind.CLOCKED_IN, TurnKind.GAVE_UP, TurnKind.MOVED_BACK})
#: The kind of a row that takes a turn back, by the status that the visit reaches.
TAKEN_BACK = {
    Status.PENDING_THERAPIST: TurnKind.RELEASED,
    Status.ON_HOLD: TurnKind.HELD,
    Status.NO_SHOW: TurnKind.NO_SHOW,
    Status.CANCELLED: TurnKind.CANCELLED,
}


class Turn(NamedTuple):
    """The columns of the ledger from which the order is computed."""

    therapist_id: int
    transaction_id: int | None
    quarters: int
    kind: str
    at: datetime.datetime


class Standing(NamedTuple):
    """A therapist's place: their turns, and since when they have waited for another."""

    quarters: int
    since: datetime.datetime
    therapist_id: int


def standings(turns: Iterable[Turn], present: Mapping[int, datetime.datetime]) -> list[Standing]:
    """Return the order of the therapists who are present, who is next first.

    `turns` are the rows of one business day, `present` since when each therapist is. A visit whose
    rows add up to nothing leaves its therapist where they were.
    """
    of_each: dict[int, list[Turn]] = {pk: [] for pk in present}
    for turn in turns:
        if turn.therapist_id in of_each:
            of_each[turn.therapist_id].append(turn)
    return sorted(_standing(pk, rows, present[pk]) for pk, rows in of_each.items())


def _standing(pk: int, rows: Sequence[Turn], present_since: datetime.datetime) -> Standing:
    of_visit: dict[int | None, int] = defaultdict(int)
    for row in rows:
        if row.kind not in TO_THE_END:
            of_visit[row.transaction_id] += row.quarters
    since = [
        row.at
        for row in rows
        if row.kind in TO_THE_END
        or (row.quarters > 0 and (row.transaction_id is None or of_visit[row.transaction_id] > 0))
    ]
    return Standing(sum(row.quarters for row in rows), max(since, default=present_since), pk)


def level_with_last(order: Sequence[Standing], therapist_id: int) -> int:
    """Return the quarters that a therapist lacks to whoever has most turns; never negative."""
    own = next((it.quarters for it in order if it.therapist_id == therapist_id), 0)
    return max(0, max((it.quarters for it in order), default=0) - own)


def quarters_of(transaction: Transaction, items: Sequence[TransactionItem]) -> int:
    """Return what a visit counts for its therapist: its weightiest treatment, half if asked for."""
    if transaction.status in UNCOUNTED:
        return 0
    weight = max((item.turn_quarters for item in items), default=0)
    return weight // 2 if is_requested(transaction) else weight


def is_requested(transaction: Transaction) -> bool:
    """Return whether the customer asked for the therapist they have."""
    return (
        transaction.therapist_id is not None
        and transaction.requested_therapist_id == transaction.therapist_id
    )


def kind_of_gain(transaction: Transaction, was: Status) -> TurnKind:
    """Return why a visit begins to count for the therapist it has now."""
    if was not in UNCLAIMED:
        return TurnKind.TAKEN_OVER
    return TurnKind.REQUESTED if is_requested(transaction) else TurnKind.CALLED


def kind_of_change(was: Status, to: Status, *, undo: bool) -> TurnKind:
    """Return why a visit counts more or less for the same therapist, or no longer for them."""
    if undo:
        return TurnKind.UNDONE
    if was == to:
        return TurnKind.TREATMENTS
    return TAKEN_BACK.get(to, TurnKind.TREATMENTS)


def figure(quarters: int) -> Decimal:
    """Return quarters as turns: 10 are 2.5."""
    turns = Decimal(quarters) / QUARTERS
    return turns.quantize(Decimal(1)) if turns == turns.to_integral_value() else turns.normalize()


def signed(quarters: int) -> str:
    """Return turns with a sign, such as "+0.5"; the wire and lists write them so."""
    return f"{figure(quarters):+f}" if quarters else "0"


def in_words(quarters: int) -> str:
    """Return turns as people read them: 10 quarters are “2.5 turns”."""
    turns = figure(quarters)
    counted = ngettext("%(count)s turn", "%(count)s turns", int(turns) if turns == 1 else 2)
    return counted % {"count": number_format(turns)}
