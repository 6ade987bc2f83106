"""Tests that two managers' changes at the same time are merged, field by field."""

import html
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from accounts.models import Branch
from catalog.models import Service, ServiceClassification
from conftest import make_user
from queueing.models import Room, RoomStatus
from spa_project.lib.web.optimistic_forms import posted_values
from spa_project.tests.browser_form import Page

pytestmark = pytest.mark.django_db

HEADER = "category,service,description,classification,price,duration_minutes\n"


@pytest.fixture
def browsers(branch) -> tuple[Client, Client]:
    """Return the browsers of two managers, Maria and Nadia."""
    found = Client(), Client()
    for client, name in zip(found, ("Maria", "Nadia"), strict=True):
        client.force_login(make_user(name, branch, is_staff=True, first_name=name))
    return found


def pages(browsers, kind: str, row: Any) -> list[Page]:
    """Open the page of a row in both browsers."""
    address = reverse(f"admin:{kind}_change", args=[row.pk])
    return [Page(client, address, f"{kind.split('_')[1]}_form") for client in browsers]


def lists(browsers, kind: str) -> list[Page]:
    """Open the list in both browsers."""
    address = reverse(f"admin:{kind}_changelist")
    return [Page(client, address, "changelist-form") for client in browsers]


def price(row: ServiceClassification) -> Decimal:
    row.refresh_from_db()
    return row.price


def test_changes_of_two_fields_are_both_kept(browsers, massage):
    mine, theirs = pages(browsers, "catalog_service", massage)
    assert theirs.save(name="Hilot", active=None)
    assert mine.save(description="With oil")
    massage.refresh_from_db()
    assert (massage.name, massage.description, massage.active) == ("Hilot", "With oil", False)


def test_a_change_in_a_row_below_and_one_above_are_both_kept(browsers, massage, hour):
    mine, theirs = pages(browsers, "catalog_service", massage)
    assert theirs.save(**{"classifications-0-price": "530"})
    assert mine.save(description="With oil")
    massage.refresh_from_db()
    assert massage.description == "With oil"
    assert price(hour) == 530


def test_a_price_that_both_changed_is_refused_with_both_values_and_the_name(browsers, hour):
    mine, theirs = pages(browsers, "catalog_serviceclassification", hour)
    assert theirs.save(price="530")
    assert not mine.save(price="550", duration_minutes="75")
    words = html.unescape(mine.html)
    assert "Maria" not in words.split("errorlist")[1].split("</ul>")[0]
    assert "Nadia changed this" in words
    assert "“530.00”; you entered “550”" in words
    assert price(hour) == 530
    assert (mine.data["price"], mine.data["duration_minutes"]) == ("550", "75")


def test_a_refused_price_is_saved_by_deciding_so(browsers, hour):
    mine, theirs = pages(browsers, "catalog_serviceclassification", hour)
    theirs.save(price="530")
    assert not mine.save(price="550")
    assert mine.save()
    assert price(hour) == 550


def test_a_third_change_after_a_refusal_is_refused_too(browsers, hour):
    mine, theirs = pages(browsers, "catalog_serviceclassification", hour)
    theirs.save(price="530")
    assert not mine.save(price="550")
    assert pages(browsers, "catalog_serviceclassification", hour)[1].save(price="540")
    assert not mine.save()
    assert price(hour) == 540


def test_a_refused_page_shows_what_others_changed_besides(browsers, hour):
    mine, theirs = pages(browsers, "catalog_serviceclassification", hour)
    theirs.save(price="530", duration_minutes="90")
    assert not mine.save(price="550")
    assert mine.data["duration_minutes"] == "90"
    assert mine.save()
    hour.refresh_from_db()
    assert hour.duration_minutes == 90


def test_the_same_change_by_both_is_no_conflict(browsers, hour):
    mine, theirs = pages(browsers, "catalog_serviceclassification", hour)
    assert theirs.save(price="530")
    assert mine.save(price="530.00")
    assert price(hour) == 530


def test_both_change_a_price_in_a_row_of_the_service(browsers, massage, hour):
    mine, theirs = pages(browsers, "catalog_service", massage)
    assert theirs.save(**{"classifications-0-price": "530"})
    assert not mine.save(**{"classifications-0-price": "550"})
    assert "Nadia changed this" in html.unescape(mine.html)
    assert price(hour) == 530
    assert mine.save()
    assert price(hour) == 550


def test_a_list_page_writes_what_was_changed_on_it(browsers, hour):
    mine, theirs = lists(browsers, "catalog_serviceclassification")
    assert theirs.save(**{"form-0-price": "530"})
    assert mine.save(**{"form-0-duration_minutes": "75"})
    hour.refresh_from_db()
    assert (hour.price, hour.duration_minutes) == (530, 75)


def test_both_change_a_price_on_the_list_page(browsers, hour):
    mine, theirs = lists(browsers, "catalog_serviceclassification")
    theirs.save(**{"form-0-price": "530"})
    assert not mine.save(**{"form-0-price": "550"})
    assert "“530.00”; you entered “550”" in html.unescape(mine.html)
    assert mine.save()
    assert price(hour) == 550


def test_an_import_in_between_is_kept(browsers, hour, tmp_path):
    mine, theirs = lists(browsers, "catalog_serviceclassification")
    prices = tmp_path / "prices.csv"
    prices.write_text(HEADER + "Massage,Swedish Massage,,60 minutes,530,60\n")
    call_command("import_menu", str(prices))
    assert mine.save(**{"form-0-duration_minutes": "75"})
    assert price(hour) == 530
    assert not theirs.save(**{"form-0-price": "550"})
    assert "import_menu prices.csv changed this" in html.unescape(theirs.html)


def test_a_refused_row_stays_beside_its_name_when_the_list_has_another_order(browsers, massage):
    other = Service.objects.create(category=massage.category, name="Hilot", order=50)
    mine, theirs = lists(browsers, "catalog_service")
    at = next(n for n in (0, 1) if mine.data[f"form-{n}-id"] == str(other.pk))
    assert theirs.save(**{f"form-{at}-order": "0", f"form-{1 - at}-order": "9"})
    assert not mine.save(**{f"form-{at}-order": "70"})
    row = next(row for row in mine.html.split("<tr") if f'name="form-{at}-order"' in row)
    assert "Hilot" in row


def test_a_row_that_was_removed_is_named_with_what_was_entered(browsers, massage, hour):
    half = ServiceClassification.objects.create(
        service=massage, classification="30 minutes", price=300, duration_minutes=30, order=99
    )
    opened = {
        "form": lists(browsers, "catalog_serviceclassification")[0],
        "classifications": pages(browsers, "catalog_service", massage)[0],
    }
    half.delete()
    for name, mine in opened.items():
        at = next(n for n in (0, 1) if mine.data[f"{name}-{n}-id"] != str(hour.pk))
        assert not mine.save(**{f"{name}-{at}-price": "350", f"{name}-{1 - at}-price": "510"})
        words = html.unescape(mine.html)
        assert "30 minutes" in words
        assert "You entered: Price" in words
        assert "350" in words
        assert mine.save(), "the rest is still there, and is saved"
        assert price(hour) == 510
    assert not ServiceClassification.objects.filter(classification="30 minutes").exists()


def test_a_removed_row_that_nobody_changed_is_no_matter(browsers, massage, hour):
    half = ServiceClassification.objects.create(
        service=massage, classification="30 minutes", price=300, duration_minutes=30, order=99
    )
    mine, other = (
        pages(browsers, "catalog_service", massage)[0],
        lists(browsers, "catalog_serviceclassification")[0],
    )
    half.delete()
    assert mine.save(description="With oil")
    assert other.save()


def test_two_people_remove_one_row(browsers, massage, hour):
    mine, theirs = pages(browsers, "catalog_service", massage)
    assert theirs.save(**{"classifications-0-DELETE": "on"})
    assert mine.save(**{"classifications-0-DELETE": "on"})
    assert not massage.classifications.exists()


def test_rows_that_both_add_are_both_kept(browsers, massage, hour):
    mine, theirs = pages(browsers, "catalog_service", massage)
    for page, minutes in ((theirs, "90"), (mine, "120")):
        assert page.save(
            **{
                "classifications-TOTAL_FORMS": "2",
                "classifications-1-service": str(massage.pk),
                "classifications-1-classification": f"{minutes} minutes",
                "classifications-1-price": minutes,
                "classifications-1-duration_minutes": minutes,
                "classifications-1-active": "on",
            }
        )
    assert massage.classifications.count() == 3


def test_a_removed_service_is_named_on_its_page(browsers, massage):
    (mine, _theirs) = pages(browsers, "catalog_service", massage)
    massage.delete()
    assert mine.save(description="With oil")
    words = html.unescape(mine.told)
    assert "removed “Swedish Massage”" in words
    assert "Description: With oil" in words
    assert not Service.objects.exists()


def test_two_managers_edit_two_therapists_and_one_person(browsers, maya, noor):
    mine, theirs = pages(browsers, "accounts_user", maya.user)
    others = pages(browsers, "accounts_user", noor.user)
    assert theirs.save(name="Maya R.")
    assert others[1].save(name="Noor A.")
    assert mine.save(own_room="")
    maya.refresh_from_db()
    noor.refresh_from_db()
    assert (maya.display_name, noor.display_name) == ("Maya R.", "Noor A.")
    assert (maya.own_room, noor.own_room) == (None, noor.own_room)


def test_both_change_the_name_and_the_roles_of_a_person(browsers, maya):
    mine, theirs = pages(browsers, "accounts_user", maya.user)
    assert theirs.save(name="Maya R.", roles=["therapist", "manager"])
    assert not mine.save(name="Maya S.", roles=["therapist", "monitor"])
    words = html.unescape(mine.html)
    assert "Nadia changed this meanwhile to “Maya R.”; you entered “Maya S.”" in words
    assert "“Manager, Therapist”; you entered “Therapist, Wall screen”" in words
    maya.user.refresh_from_db()
    assert maya.user.is_staff
    assert not maya.user.is_monitor


def test_a_branch_keeps_what_the_other_manager_changed(browsers, branch):
    mine, theirs = pages(browsers, "accounts_branch", branch)
    assert theirs.save(preparing_minutes="20")
    assert mine.save(tax_id="123", day_start="05:00:00")
    changed = Branch.objects.get()
    assert (changed.preparing_minutes, changed.tax_id, changed.day_start.hour) == (20, "123", 5)


def test_an_operation_on_a_room_is_kept(browsers, branch):
    room = Room.objects.create(branch=branch, number="9")
    (mine, _theirs) = pages(browsers, "queueing_room", room)
    Room.objects.filter(pk=room.pk).update(status=RoomStatus.OUT_OF_SERVICE)
    assert mine.save(number="10")
    room.refresh_from_db()
    assert (room.number, room.status) == ("10", RoomStatus.OUT_OF_SERVICE)


def test_both_switch_a_method_and_move_it(browsers):
    mine, theirs = lists(browsers, "payments_paymentmethod")
    assert theirs.save(**{"form-0-active": None})
    assert mine.save(**{"form-0-position": "7"})
    (again,) = lists(browsers[:1], "payments_paymentmethod")
    at = next(n for n in range(9) if again.data.get(f"form-{n}-position") == "7")
    assert f"form-{at}-active" not in again.data


def test_a_forged_page_is_refused(browsers, hour):
    (mine, _theirs) = pages(browsers, "catalog_serviceclassification", hour)
    assert not mine.save(made_from="forged", price="1")
    assert price(hour) == Decimal("500.00")


def test_no_page_carries_a_password(browsers, maya):
    (mine, _theirs) = pages(browsers, "accounts_user", maya.user)
    shown = posted_values(type(maya.user), mine.data)
    assert shown is not None
    assert "username" in shown
    assert "password" not in shown
