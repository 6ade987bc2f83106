"""B6: the administration is as docs/roles.md states, cell by cell."""

from typing import Any

import pytest
from django.contrib import admin
from django.db.models import Model
from django.test import Client

from conftest import make_user, session_of
from payments import terminal
from queueing.models import Room
from queueing.states import Status
from spa_project.tests.hostile.changes import changed_since, digest
from spa_project.tests.hostile.roles_page import read_administration
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
    manager = floor.people[Asker.MANAGER]
    owner = make_user("Olivia", manager.branch, is_staff=True, is_superuser=True)
    return {"manager": session_of(manager), "owner": session_of(owner)}


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
    visit = floor.visit(Status.PAYING, whose)
    visit = terminal.payment_result(pair.cashier.user, transaction_id=visit.pk, approved=True)
    branch = visit.branch
    found: dict[str, Any] = {
        "accounts.branch": branch,
        "accounts.user": pair.therapist.user,
        "queueing.room": Room.objects.filter(branch=branch, current_transaction=None).first(),
        "queueing.transaction": visit,
        "queueing.transactionevent": visit.events.first(),
        "payments.payment": visit.payment,
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
