"""Tests of what all pages of the admin share: look, time zone, amounts, the way to the floor."""

import datetime
import re

import pytest
from django.utils import timezone

from conftest import PASSWORD, make_offer, make_user
from queueing.models import Transaction
from queueing.services import Choice
from queueing.states import Status


@pytest.fixture
def as_maria(client, maria):
    client.force_login(maria)
    return client


def test_the_admin_has_a_way_back_to_the_floor(as_maria, branch):
    page = as_maria.get("/admin/").content.decode()
    header = page[page.index("<header") : page.index("</header>")]
    assert branch.name in header
    for path in ("/desk/", "/monitor/", '"/"'):
        assert path in header
    assert "theme" not in header


@pytest.mark.parametrize("path", ["/admin/", "/admin/accounts/user/"])
def test_the_admin_wears_the_products_colours(as_maria, path):
    page = as_maria.get(path, follow=True).content.decode()
    sheets = re.findall(r'href="/static/([^"]+\.css)"', page)
    assert sheets.index("css/tokens.css") < sheets.index("css/pages/admin.css")
    assert "admin/css/dark_mode.css" not in sheets


def test_times_are_those_of_the_managers_branch(as_maria, branch, make_transaction):
    branch.time_zone = "Asia/Kolkata"
    branch.save()
    visit = make_transaction(Status.PENDING_THERAPIST)
    at = datetime.datetime(2026, 3, 1, 18, 45, tzinfo=datetime.UTC)
    Transaction.objects.filter(pk=visit.pk).update(selection_confirmed_at=at)
    page = as_maria.get(f"/admin/queueing/transaction/{visit.pk}/change/").content.decode()
    assert "Mar 2, 2026, 00:15" in page
    assert "Times in Asia/Kolkata" in page
    assert timezone.get_current_timezone_name() == "UTC"


def test_an_owner_without_a_branch_reads_times_of_the_settings(client, branch, settings):
    settings.TIME_ZONE = "Europe/Madrid"
    client.force_login(make_user("Root", None, is_staff=True, is_superuser=True))
    assert "Times in Europe/Madrid" in client.get("/admin/").content.decode()


def test_lists_show_amounts_with_currency_and_thousands(as_maria, make_transaction, massage):
    dear = make_offer(massage, "All day", "2400.00", 480)
    make_transaction(Status.PAID, choices=[Choice(dear.pk)])
    for path in ("queueing/transaction", "payments/payment"):
        assert "₱2,400.00" in as_maria.get(f"/admin/{path}/").content.decode()


@pytest.mark.parametrize(("language", "button"), [("en", "Log in"), ("fil", "Mag-log in")])
def test_the_admin_has_the_login_page_of_the_product(client, branch, language, button):
    client.cookies["django_language"] = language
    page = client.get("/admin/", follow=True)
    assert "accounts/login.html" in [each.name for each in page.templates]
    assert f">{button}</button>" in page.content.decode()
    assert 'name="next" value="/admin/"' in page.content.decode()


def test_a_login_for_the_admin_leads_there(client, maria):
    data = {"username": maria.username, "password": PASSWORD}
    assert client.post("/admin/login/", data)["Location"] == "/admin/"
    to = "/admin/queueing/room/"
    assert client.post("/admin/login/", data | {"next": to})["Location"] == to


def test_staff_without_the_admin_are_told_why_they_are_asked_to_log_in(client, maya):
    client.force_login(maya.user)
    page = client.get("/admin/", follow=True).content.decode()
    assert "You don't have access to this page" in page


#: Pages of the admin, with words of Django that would stay English without a catalogue of ours.
DJANGOS = {
    "/admin/queueing/room/add/": ('value="Save and add another"',),
    "/admin/accounts/user/": ('value="Search"', ">Go<"),
    "/admin/password_change/": (">Password change<", ">Old password"),
}


@pytest.mark.parametrize("path", DJANGOS)
def test_djangos_own_words_are_filipino_in_filipino(as_maria, path):
    english = as_maria.get(path).content.decode()
    as_maria.cookies["django_language"] = "fil"
    filipino = as_maria.get(path).content.decode()
    for words in DJANGOS[path]:
        assert words in english
        assert words not in filipino


def test_the_fields_of_a_visit_have_names_in_every_language(as_maria, make_transaction):
    visit = make_transaction(Status.PENDING_THERAPIST)
    as_maria.cookies["django_language"] = "es"
    page = as_maria.get(f"/admin/queueing/transaction/{visit.pk}/change/").content.decode()
    for english in (
        "Branch",
        "Therapist",
        "Cashier",
        "Queued at",
        "Paid at",
        "Active room",
        "Lane",
    ):
        assert f"{english}:" not in page
    assert "Sucursal:" in page
    assert "Terapeuta" in as_maria.get("/admin/queueing/transaction/").content.decode()


def test_an_error_of_djangos_forms_is_filipino_in_filipino(as_maria):
    as_maria.cookies["django_language"] = "fil"
    page = as_maria.post("/admin/queueing/room/add/", {}).content.decode()
    assert "Kailangan ito." in page


@pytest.mark.parametrize("path", ["/admin/", "/admin/password_change/"])
def test_no_page_of_the_admin_has_djangos_switch_of_colours(as_maria, path):
    assert "theme-toggle" not in as_maria.get(path).content.decode()
