"""Tests of what all pages of the admin share: look, time zone, amounts, the way to the floor."""

import datetime
import re

import pytest
from django.utils import timezone

from conftest import make_offer, make_user
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


@pytest.mark.parametrize("path", ["/admin/", "/admin/accounts/user/", "/admin/login/"])
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
