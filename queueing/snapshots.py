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


def digests_of(
    statuses: Iterable[Status], branch_ids: list[int], *, with_rooms: bool
) -> dict[int, Digest]:
    """What a screen should show in each of these branches: one small query, or two."""
    shown: list[QuerySet[Any]] = [Transaction.objects.filter(status__in=statuses)]
    if with_rooms:
        shown.append(Room.objects.all())
    digests: dict[int, Digest] = {pk: {"count": 0, "versions": 0} for pk in branch_ids}
    for rows in shown:
        of_branches = rows.filter(branch__in=branch_ids).order_by().values_list("branch_id")
        for branch_id, count, versions in of_branches.annotate(Count("id"), Sum("version")):
            digests[branch_id]["count"] += count
            digests[branch_id]["versions"] += versions
    return digests


def digests_of_tickets(transaction_ids: list[int]) -> dict[int, Digest]:
    """The digests of customers' own pages, one row each; all pages in one query."""
    rows = Transaction.objects.filter(pk__in=transaction_ids).values_list("pk", "version")
    return {pk: {"count": 1, "versions": version} for pk, version in rows}
