"""B6: the administration is as docs/roles.md states, cell by cell."""

from typing import Any

import pytest
from django.contrib import admin
from django.db import transaction
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import PairedDevice
from catalog.models import NoteMark, Skill
from conftest import make_user, session_of
from payments import terminal
from payments.discounts import apply_discount
from payments.payment import pay
from payments.refunds import Wanted, refund
from payments.tests.drawer_records import make_drawer_records
from queueing.models import Room, TurnEntry, TurnKind
from queueing.states import Status
from spa_project.lib.db.history import records_of
from spa_project.lib.web.setup_admin import SetupAdmin
from spa_project.tests.hostile.changes import changed_since, digest
from spa_project.tests.hostile.roles_page import (
    SETUP_PEOPLE,
    read_administration,
    read_setup_changes,
)
from spa_project.tests.hostile.visits import Asker, Floor, Whose

pytestmark = pytest.mark.django_db
PAGE = read_administration()
OURS = ("accounts", "catalog", "queueing", "payments")


def test_the_page_has_every_model_of_the_administration_for_everybody():
    pages = {
        model._meta.label_lower
        for model in admin.site._registry
        if model._meta.app_label in OURS and not model._meta.proxy
    }
    owners = (Whose.OWN, Whose.ELSEWHERE)
    assert set(PAGE) == {
        (page, who, whose) for page in pages for who in ("manager", "owner") for whose in owners
    }


@pytest.fixture
def clients(floor: Floor) -> dict[str, Client]:
    return _clients(floor)


def _clients(floor: Floor) -> dict[str, Client]:
    branch = floor.people[Asker.MANAGER].branch
    owner = make_user("Olivia", branch, is_staff=True, is_superuser=True)
    sessions = {str(asker): session_of(user) for asker, user in floor.people.items()}
    return sessions | {"nobody": Client(), "owner": session_of(owner)}


@pytest.mark.sample(1)
@pytest.mark.slow
@pytest.mark.parametrize("whose", [Whose.OWN, Whose.ELSEWHERE])
def test_every_cell_of_the_administration_is_as_the_page_says(floor, clients, whose):
    rows = _rows_of(floor, whose)
    before, wrong = digest(), []
    for (page, who, owner), words in PAGE.items():
        if owner == whose:
            seen = _seen(clients[who], rows[page])
            wrong += [
                f"{who}, {whose}: {page} {column}: {seen[column]}, the page says {word}"
                for column, word in words.items()
                if seen[column] != word
            ]
    assert wrong == []
    assert changed_since(before) == []


def _rows_of(floor: Floor, whose: Whose) -> dict[str, Model]:
    """Return one row for each page, of this owner where it has one."""
    pair = floor.pairs[whose]
    visit = floor.visit(Status.AWAITING_PAYMENT, whose)
    cashier = pair.cashier
    visit = apply_discount(cashier.user, transaction_id=visit.pk, discount="promo")
    pay(cashier, transaction_id=visit.pk, amount_paid=visit.amount_due, method="card")
    visit = terminal.payment_result(pair.cashier.user, transaction_id=visit.pk, approved=True)
    branch = visit.branch
    given_back = refund(
        cashier, Wanted(receipt_number=visit.payment.receipt_number, reason="Too cold")
    )
    records = make_drawer_records(cashier.user)
    found: dict[str, Any] = {
        "accounts.branch": branch,
        "accounts.user": pair.therapist.user,
        "accounts.paireddevice": PairedDevice.objects.create(branch=branch, label="Kiosk"),
        "catalog.skill": Skill.objects.get_or_create(name="Hot stone")[0],
        "catalog.notemark": NoteMark.objects.get_or_create(code="allergies", name="Allergies")[0],
        "queueing.room": Room.objects.filter(branch=branch, current_transaction=None).first(),
        "queueing.transaction": visit,
        "queueing.transactionevent": visit.events.first(),
        "queueing.turnentry": TurnEntry.objects.create(
            branch=branch,
            business_date=visit.business_date,
            therapist=pair.therapist,
            quarters=4,
            kind=TurnKind.CALLED,
            at=timezone.now(),
        ),
        "payments.payment": visit.payment,
        "payments.drawersession": records.drawer,
        "payments.cashmovement": records.movement,
        "payments.refund": given_back,
        "payments.approval": records.approval,
    }
    for model in admin.site._registry:
        label = model._meta.label_lower
        if model._meta.app_label in OURS and label not in found:
            found[label] = model._default_manager.order_by("-pk").first()
    assert all(found.values())
    return found


def _seen(client: Client, row: Any) -> dict[str, str]:
    """Return the word for what each page of this row answers."""
    top = f"/admin/{row._meta.app_label}/{row._meta.model_name}/"
    own = f"{top}{row.pk}/"
    opened = client.get(f"{own}change/")
    return {
        "list": "yes" if f"{own}change/" in client.get(top).content.decode() else "none",
        "open": _word(opened.status_code, can_save=b'name="_save"' in opened.content),
        "change": _word(client.post(f"{own}change/", {}).status_code),
        "history": _word(client.get(f"{own}history/").status_code),
        "password": _password(client, row, top),
        "delete": _word(client.get(f"{own}delete/").status_code),
        "add": _word(client.get(f"{top}add/").status_code),
    }


def _password(client: Client, row: Any, top: str) -> str:
    if row._meta.label_lower != "accounts.user":
        return "-"
    asked = client.post(top, {"action": "new_passwords", "_selected_action": [row.pk]}, follow=True)
    return "yes" if f"({row.username})" in asked.content.decode() else "none"


def _word(status: int, *, can_save: bool = True) -> str:
    if status == 200:
        return "yes" if can_save else "look"
    return {302: "none", 404: "none", 403: "role"}[status]


# -- Changes of the setup -------------------------------------------------------------------------

SETUP_CHANGES = list(read_setup_changes())


def test_the_page_has_every_model_with_a_history():
    pages = {
        model._meta.label_lower
        for model, page in admin.site._registry.items()
        if isinstance(page, SetupAdmin) and not model._meta.proxy
    }
    owners = (Whose.OWN, Whose.ELSEWHERE)
    for action in ("read changes of", "take out of use"):
        named = [(page, whose) for each, page, whose, _words in SETUP_CHANGES if each == action]
        assert sorted(named) == sorted((page, whose) for page in pages for whose in owners)


@pytest.mark.sample(1)
@pytest.mark.slow
@pytest.mark.parametrize("whose", [Whose.OWN, Whose.ELSEWHERE])
def test_every_cell_of_the_setups_changes_is_as_the_page_says(floor, clients, whose):
    rows: dict[str, Any] = dict(_rows_of(floor, whose))
    option = floor.offer
    rows |= {
        "catalog.servicecategory": option.service.category,
        "catalog.service": option.service,
        "catalog.serviceclassification": option,
        "payments.paymentmethod": rows["payments.payment"].method,
        "queueing.room": floor.pairs[whose].therapist.own_room,
    }
    price_change = _change_price(option)
    wrong = []
    for action, page, owner, words in SETUP_CHANGES:
        for who in SETUP_PEOPLE if owner == whose else ():
            saved = transaction.savepoint()
            seen = _done(clients[who], action, rows[page], price_change)
            transaction.savepoint_rollback(saved)
            rows[page].refresh_from_db()
            if seen != words[who]:
                wrong.append(f"{who}, {whose}: {action} {page}: {seen}, not {words[who]}")
    assert wrong == []


def _change_price(option: Any) -> int:
    option.price += 30
    option.save()
    return records_of(type(option)).order_by("-history_id").first().history_id


def _done(client: Client, action: str, row: Any, price_change: int) -> str:
    """Return the word for what happens when this person does it."""
    if action == "read changes of":
        return _read_change(client, row)
    if action == "undo a price of":
        address = reverse("admin:catalog_serviceclassification_undo", args=[price_change])
        price = row.price
        answer = client.post(address)
        row.refresh_from_db()
        return _word_of_change(answer, is_done=row.price != price)
    answer = _take_out_of_use(client, row)
    row.refresh_from_db()
    status = getattr(row, "status", None)
    is_off = status == "out_of_service" if status else not _is_active(row)
    return _word_of_change(answer, is_done=is_off)


def _is_active(row: Any) -> bool:
    return bool(row.is_active if row._meta.label_lower == "accounts.user" else row.active)


def _read_change(client: Client, row: Any) -> str:
    answer = client.get("/admin/changes/", {"kind": row._meta.label_lower})
    own = f"/admin/{row._meta.app_label}/{row._meta.model_name}/{row.pk}/change/"
    return _word_of_change(answer, is_done=own in answer.text)


def _take_out_of_use(client: Client, row: Any) -> Any:
    top = f"/admin/{row._meta.app_label}/{row._meta.model_name}/"
    if row._meta.label_lower != "accounts.user":
        return client.post(f"{top}{row.pk}/delete/", {"confirmed": "yes"})
    chosen = {"action": "switch_off", "_selected_action": [row.pk], "confirmed": "yes"}
    return client.post(top, chosen)


def _word_of_change(answer: Any, *, is_done: bool) -> str:
    if is_done:
        return "yes"
    if "/login/" in answer.headers.get("Location", ""):
        return "login"
    return {200: "none", 302: "none", 403: "role", 404: "none"}[answer.status_code]
