"""Notes: who may read one, and how long it is kept."""

import datetime
from io import StringIO

import pytest
from django.contrib import admin
from django.core.management import call_command
from django.utils import timezone

from catalog.models import NoteMark
from queueing import notes, services
from queueing.errors import TransactionNotFound
from queueing.handover import hand_over
from queueing.integrity import rules
from queueing.leaving import customer_cancel
from queueing.models import Transaction, VisitNote
from queueing.serializers import serialize_transaction
from spa_project.lib.errors import Invalid

pytestmark = pytest.mark.django_db
WORDS = "Zebra-striped shoulder"
MARK = "Quince allergy"


@pytest.fixture
def noted(branch, hour):
    """Return a waiting visit whose customer has left a note."""
    NoteMark.objects.create(code="quince", name=MARK)
    return services.confirm_selection(
        branch,
        choices=[services.Choice(hour.pk)],
        note=notes.Note(WORDS, ["quince"]),
    )


def test_the_customers_therapist_reads_the_note(noted, maya):
    services.confirm_next(maya)
    assert notes.show_note(maya, transaction_id=noted.pk) == {"text": WORDS, "marks": [MARK]}


def test_a_note_is_unread_until_the_therapist_has_read_it(noted, maya):
    called = services.confirm_next(maya)
    assert called.note_unread
    read = notes.read_note(maya, transaction_id=noted.pk)
    assert not serialize_transaction(read)["note_unread"]
    event = read.events.latest("version")
    assert (event.by, event.reason, event.note_read) == (maya.user, "note read", True)


def test_reading_a_note_twice_changes_nothing_more(noted, maya):
    services.confirm_next(maya)
    version = notes.read_note(maya, transaction_id=noted.pk).version
    assert notes.read_note(maya, transaction_id=noted.pk).version == version


def test_reading_a_note_calls_the_customer_no_second_time(noted, maya):
    services.confirm_next(maya)
    assert notes.read_note(maya, transaction_id=noted.pk).calls == 1
    assert [words for outcome in rules.run() for words in outcome.findings] == []


def test_another_therapist_has_to_read_the_note_again(noted, maya, noor):
    services.confirm_next(maya)
    notes.read_note(maya, transaction_id=noted.pk)
    given = hand_over(maya.user, transaction_id=noted.pk, therapist_id=noor.pk)
    assert given.note_unread


def test_no_other_therapist_reads_a_note(noted, maya, noor):
    services.confirm_next(maya)
    with pytest.raises(TransactionNotFound):
        notes.show_note(noor, transaction_id=noted.pk)


def test_nobody_sees_notes_in_the_admin():
    assert VisitNote not in admin.site._registry


def test_a_call_costs_no_statement_more_for_a_note(noted, maya, captured_statements):
    with captured_statements() as statements:
        services.confirm_next(maya)
    assert not [sql for sql in statements if "visitnote" in sql.lower()]


def test_a_mark_that_is_not_offered_is_refused(branch, hour):
    NoteMark.objects.create(code="gone", name="Gone", active=False)
    with pytest.raises(Invalid):
        services.confirm_selection(
            branch, choices=[services.Choice(hour.pk)], note=notes.Note("", ["gone"])
        )
    assert not Transaction.objects.exists()


def test_notes_are_deleted_after_the_branchs_days(noted, branch):
    customer_cancel(noted.key)
    _age(noted, branch.note_days - 1)
    _clear()
    assert VisitNote.objects.exists()
    _age(noted, branch.note_days + 1)
    assert _clear() == "1 deleted.\n"
    assert not VisitNote.objects.exists()
    assert not Transaction.objects.get().has_note
    assert _clear() == "0 deleted.\n"


def test_the_note_of_a_customer_who_is_still_here_is_never_deleted(noted, branch):
    _age(noted, branch.note_days + 1)
    assert _clear() == "0 deleted.\n"
    assert VisitNote.objects.exists()


def test_more_notes_than_a_batch_are_deleted(noted, branch, hour, monkeypatch):
    monkeypatch.setattr(notes, "BATCH", 1)
    again = services.confirm_selection(
        branch, choices=[services.Choice(hour.pk)], note=notes.Note(WORDS)
    )
    for visit in (noted, again):
        customer_cancel(visit.key)
        _age(visit, branch.note_days + 1)
    assert _clear() == "2 deleted.\n"


def _age(visit: Transaction, days: int) -> None:
    created = timezone.now() - datetime.timedelta(days=days)
    Transaction.objects.filter(pk=visit.pk).update(created_at=created)


def _clear() -> str:
    out = StringIO()
    call_command("clear_notes", stdout=out)
    return out.getvalue()
