"""What a screen shows right now, and the digest by which it knows it is right."""

from collections.abc import Iterable
from typing import Any, TypedDict

from django.db.models import Count, QuerySet, Sum

from accounts.models import Branch
from queueing.models import Room, Transaction
from queueing.serializers import RoomData, TransactionData, serialize_room, serialize_transaction
from queueing.states import Status


class Digest(TypedDict):
    """How many rows a screen should show, and the sum of their versions."""

    count: int
    versions: int


def open_transactions(branch: Branch, statuses: Iterable[Status]) -> list[Transaction]:
    """The branch's transactions in these statuses, oldest in their line first."""
    rows = (
        Transaction.objects.with_people()
        .filter(branch=branch, status__in=statuses)
        .order_by("queued_at", "id")
    )
    return list(rows)


def transactions_of(branch: Branch, statuses: Iterable[Status]) -> list[TransactionData]:
    """The same as they go over the wire."""
    return [serialize_transaction(row) for row in open_transactions(branch, statuses)]


def rooms_of(branch: Branch) -> list[RoomData]:
    """All rooms of the branch, by number."""
    return [serialize_room(room) for room in Room.objects.filter(branch=branch)]


def digest_of(branch_id: int, statuses: Iterable[Status], *, with_rooms: bool) -> Digest:
    """Count and sum of versions of what a screen should show: one small query, or two."""
    shown: list[QuerySet[Any]] = [
        Transaction.objects.filter(branch_id=branch_id, status__in=statuses)
    ]
    if with_rooms:
        shown.append(Room.objects.filter(branch_id=branch_id))
    digest: Digest = {"count": 0, "versions": 0}
    for rows in shown:
        found = rows.order_by().aggregate(count=Count("id"), versions=Sum("version"))
        digest["count"] += found["count"]
        digest["versions"] += found["versions"] or 0
    return digest


def digest_of_ticket(transaction_id: int) -> Digest:
    """The digest of a customer's own page: one row."""
    version = Transaction.objects.values_list("version", flat=True).get(pk=transaction_id)
    return {"count": 1, "versions": version}
