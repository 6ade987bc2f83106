"""Notes: what a customer wants their therapist to know, and nobody else."""

import datetime
from collections.abc import Sequence
from typing import NamedTuple, TypedDict

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Branch, Therapist
from catalog.models import NoteMark
from queueing.access import therapist_transaction
from queueing.lifecycle import advance
from queueing.models import Transaction, VisitNote
from queueing.states import CLOSED, Status
from spa_project.lib.db.transactions import durable
from spa_project.lib.errors import Invalid

#: How many notes are deleted in one statement.
BATCH = 500


class Note(NamedTuple):
    """The note of an order: a text, and the codes of marks."""

    text: str = ""
    marks: Sequence[str] = ()

    def __bool__(self) -> bool:
        return bool(self.text or self.marks)

    def as_content(self) -> list[list[object]]:
        """Return what the fingerprint of an order contains of it: nothing of an empty one."""
        return [[self.text, list(self.marks)]] if self else []


class NoteData(TypedDict):
    """A note, for the customer's own therapist alone."""

    text: str
    marks: list[str]


def marks_named(codes: Sequence[str]) -> list[str]:
    """Return the names of the marks in the spa's order; raise `Invalid` for one not in use."""
    if not codes:
        return []
    found = {mark.code: mark.name for mark in NoteMark.objects.filter(active=True, code__in=codes)}
    if set(codes) - found.keys():
        raise Invalid(_("A mark of the note is no longer offered. Check the note and try again."))
    return list(found.values())


def keep(transaction: Transaction, note: Note, marks: list[str]) -> None:
    """Keep the note of a visit that was just created."""
    VisitNote.objects.create(transaction=transaction, text=note.text, marks=marks)


@durable
def show_note(therapist: Therapist, *, transaction_id: int) -> NoteData:
    """Return the note of the therapist's customer, empty if there is none.

    Raises `TransactionNotFound`, `WrongState`.
    """
    transaction = _of_therapist(therapist, transaction_id)
    note = VisitNote.objects.filter(pk=transaction.pk).first()
    return {"text": note.text, "marks": note.marks} if note else {"text": "", "marks": []}


@durable
def read_note(therapist: Therapist, *, transaction_id: int) -> Transaction:
    """Record that the therapist has read the note, as a step of the visit.

    Without an unread note nothing changes. Raises `TransactionNotFound`, `WrongState`.
    """
    transaction = _of_therapist(therapist, transaction_id)
    if not transaction.note_unread:
        return transaction
    return advance(
        transaction,
        Status(transaction.status),
        by=therapist.user,
        reason=_("note read"),
        note_read=True,
        note_read_by=therapist,
    )


def _of_therapist(therapist: Therapist, transaction_id: int) -> Transaction:
    return therapist_transaction(
        therapist, transaction_id, Status.THERAPIST_CONFIRMED, Status.IN_SERVICE
    )


def clear() -> int:
    """Delete the notes of ended visits after their branch's days, in batches; return how many."""
    return sum(_clear_in(branch) for branch in Branch.objects.all())


def _clear_in(branch: Branch) -> int:
    before = timezone.now() - datetime.timedelta(days=branch.note_days)
    old = VisitNote.objects.filter(
        transaction__branch=branch,
        transaction__status__in=CLOSED,
        transaction__created_at__lt=before,
    ).order_by("pk")
    count = 0
    while keys := list(old.values_list("pk", flat=True)[:BATCH]):
        count += _delete(keys)
    return count


@durable
def _delete(keys: list[int]) -> int:
    Transaction.objects.filter(pk__in=keys).update(has_note=False, note_read_by=None)
    return VisitNote.objects.filter(pk__in=keys).delete()[0]
