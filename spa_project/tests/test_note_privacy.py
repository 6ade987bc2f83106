"""No page, broadcast, log, metric, report or export has the words of a note."""

from io import BytesIO, StringIO
from typing import Any
from zipfile import ZipFile

import pytest
from django.core.management import call_command
from django.test import Client

from accounts.models import User
from catalog.models import NoteMark
from payments.counter import claim_next as claim_next_finished
from payments.models import Payment
from payments.payment import pay
from queueing import notes, services
from spa_project.lib.logs import JsonLines

pytestmark = pytest.mark.django_db
WORDS = "Zebra-striped shoulder"
MARK = "Quince allergy"
OFFERED = '{"code": "quince", "name": "Quince allergy"}'

#: What shows visits, or counts them.
PLACES = (
    "/api/snapshots/therapist/",
    "/api/snapshots/monitor/",
    "/api/snapshots/board/?branch=makati",
    "/api/snapshots/cashier/",
    "/api/days/therapist/",
    "/api/days/cashier/",
    "/api/turns/",
    "/api/tickets/{key}/",
    "/ticket/{key}/",
    "/therapist/",
    "/desk/",
    "/monitor/",
    "/board/?branch=makati",
    "/cashier/",
    "/display/1/",
    "/reports/",
    "/admin/queueing/transaction/",
    "/admin/queueing/transaction/{pk}/change/",
    "/admin/queueing/transactionevent/",
    "/metrics",
)


@pytest.fixture
def noted(branch, hour):
    """Return a waiting visit whose customer has left a note."""
    NoteMark.objects.create(code="quince", name=MARK)
    return services.confirm_selection(
        branch,
        choices=[services.Choice(hour.pk)],
        note=notes.Note(WORDS, ["quince"]),
    )


@pytest.mark.parametrize("reader", ["maya", "carl", "mona", "maria"])
def test_the_words_of_a_note_are_nowhere_else(noted, maya, carl, client, reader, request):
    """Whatever anybody opens, its own therapist included, has no words of the note."""
    services.confirm_next(maya)
    notes.read_note(maya, transaction_id=noted.pk)
    client.force_login(_user(request, reader))
    for path in PLACES:
        page = client.get(path.format(key=noted.key, pk=noted.pk))
        assert page.status_code in {200, 302, 403}, path
        _has_no_words(page.content.decode())


@pytest.mark.parametrize(
    ("path", "reader"),
    [
        ("/api/snapshots/therapist/", "maya"),
        ("/api/snapshots/monitor/", "mona"),
        ("/api/snapshots/board/?branch=makati", "mona"),
        ("/ticket/{key}/", "mona"),
        ("/monitor/", "mona"),
        ("/admin/queueing/transaction/{pk}/change/", "maria"),
        ("/admin/queueing/transactionevent/", "maria"),
    ],
)
def test_pages_with_the_visit_have_no_words_of_its_note(noted, maya, client, path, reader, request):
    """Each of these pages does show the visit, so that it could have shown the note."""
    services.confirm_next(maya)
    client.force_login(_user(request, reader))
    page = client.get(path.format(key=noted.key, pk=noted.pk))
    assert page.status_code == 200
    assert noted.code in page.content.decode()
    _has_no_words(page.content.decode())


def test_the_bill_and_the_reports_of_a_noted_visit_have_no_words_of_its_note(
    noted, maya, carl, maria, client
):
    services.confirm_next(maya)
    services.start_service(maya, transaction_id=noted.pk)
    services.finish_service(maya, transaction_id=noted.pk)
    claim_next_finished(carl)
    pay(carl, transaction_id=noted.pk, amount_paid=noted.total_amount)
    paid = Payment.objects.get()
    client.force_login(maria)
    for path in (f"/receipt/{paid.receipt_key}/", "/reports/", f"/ticket/{noted.key}/"):
        page = client.get(path)
        assert page.status_code == 200
        _has_no_words(page.content.decode())


@pytest.mark.parametrize("name", ["notes.csv", "notes.xlsx"])
def test_no_exported_menu_has_words_of_a_note(noted, tmp_path, name):
    call_command("export_menu", str(tmp_path / name), stdout=StringIO())
    written = (tmp_path / name).read_bytes()
    if name.endswith(".xlsx"):
        with ZipFile(BytesIO(written)) as book:
            written = b"".join(book.read(part) for part in book.namelist())
    assert b"Swedish Massage" in written
    _has_no_words(written.decode())


def test_an_announcement_has_no_words_of_a_note(noted, maya, heard):
    _has_no_words(str(heard(lambda: services.confirm_next(maya))))
    _has_no_words(str(heard(lambda: notes.read_note(maya, transaction_id=noted.pk))))


def test_no_log_has_words_of_a_note(branch, hour, maya, client, caplog, monkeypatch):
    NoteMark.objects.create(code="quince", name=MARK)
    order = {"items": [{"service_classification_id": hour.pk}], "note": WORDS, "marks": ["quince"]}
    unknown = order | {"marks": ["nothing"]}
    with caplog.at_level("DEBUG"):
        made = _command(client, "customer_confirm_selection", **order)
        refused = _command(client, "customer_confirm_selection", **unknown)
        client.force_login(maya.user)
        _command(client, "therapist_confirm_next")
        visit = made.json()["transaction"]["id"]
        shown = _command(client, "therapist_show_note", transaction_id=visit)
        monkeypatch.setattr("queueing.notes.VisitNote.objects.create", _fail)
        failed = _command(client, "staff_confirm_selection", **order)
    answers = (made, refused, shown, failed)
    assert [answer.status_code for answer in answers] == [200, 400, 200, 500]
    assert shown.json()["note"] == {"text": WORDS, "marks": [MARK]}
    assert "staff_confirm_selection failed" in caplog.text
    _has_no_words(caplog.text)
    _has_no_words("".join(JsonLines().format(record) for record in caplog.records))


def _has_no_words(text: str) -> None:
    assert WORDS not in text
    # The menu offers the mark to everybody; no visit names it.
    assert MARK not in text.replace(OFFERED, "")


def _user(request: pytest.FixtureRequest, name: str) -> User:
    person = request.getfixturevalue(name)
    return person if isinstance(person, User) else person.user


def _command(client: Client, command: str, **data: object) -> Any:
    client.raise_request_exception = False
    return client.post(
        f"/api/commands/{command}/?branch=makati", data, content_type="application/json"
    )


def _fail(**fields: object) -> None:
    raise RuntimeError("broken")
