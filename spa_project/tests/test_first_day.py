"""Tests of the first day: from an empty database to the first paid customer, by its checklist."""

import json
import re
import uuid
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from accounts.models import Branch, ClosedStep, User
from catalog.models import ServiceClassification
from conftest import PASSWORD, make_cashier, make_therapist, make_user
from payments.models import PaymentMethod
from queueing.models import Room, Transaction

pytestmark = pytest.mark.django_db


def home(client: Client) -> str:
    return client.get("/").content.decode()


def steps(client: Client) -> dict[str, str]:
    """Return the steps that the home page shows: open, next or closed."""
    row = re.compile(r'class="first-day-step( closed)?" data-step="(\w+)"\s*(aria-current)?')
    found = row.findall(home(client))
    return {name: "closed" if closed else "next" if now else "open" for closed, name, now in found}


@pytest.fixture
def owner(client, monkeypatch):
    """Return the browser of an owner in an empty database."""
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    call_command("createsuperuser", username="olive", email="", interactive=False, verbosity=0)
    entered = {"username": "olive", "password": PASSWORD}
    assert client.post("/accounts/login/", entered).status_code == 302
    return client


def add_branch(owner: Client) -> Branch:
    form = owner.get("/admin/accounts/branch/add/").context["adminform"].form
    fields = {name: value for name, value in form.initial.items() if value is not None}
    fields |= {
        name: str(field.initial) for name, field in form.fields.items() if field.initial is not None
    }
    response = owner.post(
        "/admin/accounts/branch/add/", fields | {"name": "Garden", "slug": "garden"}
    )
    assert response.status_code == 302, response.context["errors"]
    return Branch.objects.get()


def hire(owner: Client, branch: Branch, name: str, role: str, **fields) -> Client:
    """Add a person in the admin; return their browser, logged in with the password shown."""
    page = owner.post(
        "/admin/accounts/user/add/", {"name": name, "branch": branch.pk, "roles": [role]} | fields
    ).content.decode()
    [password] = re.findall(r'<code id="password-\d+">([^<]+)</code>', page)
    browser = Client()
    entered = {"username": name.lower(), "password": password}
    assert browser.post("/accounts/login/", entered).status_code == 302
    return browser


def command(client: Client, name: str, **data: Any) -> None:
    """Send a command as a page of the branch does."""
    path = f"/api/commands/{name}/?branch=garden"
    answer = client.post(path, json.dumps(data), "application/json").json()
    assert answer["ok"], answer


def serve_a_customer(offer: ServiceClassification, tess: Client, carl: Client) -> None:
    """Order on the branch's menu, treat, take the payment."""
    items = [{"service_classification_id": offer.pk}]
    order = {"items": items, "request_id": str(uuid.uuid4())}
    command(Client(), "customer_confirm_selection", **order)
    visit: dict[str, Any] = {"transaction_id": Transaction.objects.get().pk}
    command(tess, "therapist_confirm_next")
    command(tess, "therapist_start_service", **visit)
    command(tess, "therapist_finish_service", **visit)
    command(carl, "cashier_claim_next")
    paid = {"amount_paid": f"{offer.price:.2f}", "method": "cash"}
    command(carl, "cashier_pay", request_id=str(uuid.uuid4()), **visit, **paid)


def test_an_owner_gets_from_an_empty_database_to_the_first_paid_customer(owner, settings):
    settings.RATE_LIMITS = False
    assert steps(owner) == {
        "branch": "next",
        "rooms": "open",
        "menu": "open",
        "staff": "open",
        "devices": "open",
        "order": "open",
    }
    branch = add_branch(owner)
    assert steps(owner)["branch"] == "closed"
    assert owner.get("/desk/").status_code == 200

    owner.post("/first-day/rooms/", {"count": "6"})
    assert [room.number for room in Room.objects.order_by("pk")] == list("123456")
    owner.post("/first-day/menu/")
    assert ServiceClassification.objects.on_the_menu().exists()
    assert steps(owner)["staff"] == "next"

    tess = hire(owner, branch, "Tess", "therapist", own_room=Room.objects.get(number="1").pk)
    assert "A cashier is missing." in home(owner)
    carl = hire(owner, branch, "Carl", "cashier", counter="1")
    assert steps(owner)["devices"] == "next"
    addresses = owner.get("/first-day/devices/").content.decode()
    assert "http://testserver/menu/?branch=garden&amp;kiosk=1" in addresses
    assert owner.get("/first-day/devices/kiosk.svg")["Content-Type"] == "image/svg+xml"
    owner.post("/first-day/devices/close/", {"done": "1"})
    assert steps(owner) == dict.fromkeys(steps(owner), "closed") | {"order": "next"}

    offer = ServiceClassification.objects.on_the_menu().order_by("pk")[0]
    serve_a_customer(offer, tess, carl)
    assert Transaction.objects.get().status == "paid"
    assert steps(owner) == {}
    assert "first-day" not in home(owner)


def test_devices_show_the_address_that_their_codes_have(owner, branch, settings):
    settings.PUBLIC_URL = "https://spa.example/"
    page = owner.get("/first-day/devices/").content.decode()
    assert f"https://spa.example/menu/?branch={branch.slug}&amp;kiosk=1" in page
    assert "http://testserver" not in page
    assert "works on this machine only" not in page
    settings.PUBLIC_URL = "http://[::1]:8000"
    assert "works on this machine only" in owner.get("/first-day/devices/").content.decode()


def test_steps_can_be_skipped_and_the_checklist_goes(owner):
    for name in ("branch", "rooms", "menu", "staff", "devices"):
        owner.post(f"/first-day/{name}/close/")
    assert steps(owner)["order"] == "next"
    owner.post("/first-day/order/close/")
    assert steps(owner) == {}
    assert owner.post("/first-day/other/close/").status_code == 404


def test_an_owner_without_a_branch_takes_the_first_one(owner, branch):
    assert "Work in Makati" in home(owner)
    owner.post("/first-day/branch/")
    assert User.objects.get().branch == branch
    assert owner.get("/monitor/").status_code == 200


def test_visitors_of_an_unfinished_spa_read_a_calm_sentence(client, owner):
    visitor = Client()
    assert "We're getting ready to open. Please come back soon." in home(visitor)
    assert "first-day" not in home(visitor)
    assert "Administration" not in home(visitor)


@pytest.mark.parametrize("person", ["visitor", "therapist", "cashier"])
def test_only_managers_see_and_take_the_steps(client, branch, person):
    if person == "therapist":
        client.force_login(make_therapist("Maya", branch, "1").user)
    if person == "cashier":
        client.force_login(make_cashier("Carl", branch, "1").user)
    assert "first-day" not in home(client)
    rooms = Room.objects.count()
    for path in ("rooms/", "menu/", "branch/", "staff/close/"):
        expected = 302 if person == "visitor" else 403
        assert client.post(f"/first-day/{path}", {"count": "6"}).status_code == expected
    assert Room.objects.count() == rooms
    assert not ClosedStep.objects.exists()
    assert not ServiceClassification.objects.exists()


@pytest.mark.parametrize("count", ["0", "51", "-1", "six", "", "²", "99999999999"])
def test_an_impossible_number_of_rooms_adds_none(client, branch, count):
    client.force_login(make_user("Maria", branch, is_staff=True))
    client.post("/first-day/rooms/", {"count": count})
    assert not Room.objects.exists()
    assert "Enter a number from 1 to 50." in home(client)


def test_a_sample_never_changes_a_menu(client, branch, hour):
    client.force_login(make_user("Maria", branch, is_staff=True))
    client.post("/first-day/menu/")
    assert list(ServiceClassification.objects.all()) == [hour]


def test_the_first_branch_brings_the_ways_to_pay(db):
    Branch.objects.create(name="Garden", slug="garden")
    assert PaymentMethod.objects.filter(code="cash").exists()
