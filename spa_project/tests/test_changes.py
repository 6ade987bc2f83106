"""Tests of the list of all changes of the setup, and of the undo of a price change."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from catalog.menu_import.importer import export_text
from catalog.models import PriceList, ServiceClassification
from conftest import make_therapist, make_user
from queueing.models import Room, SetupVersion
from spa_project.lib.db.history import because, records_of

pytestmark = pytest.mark.django_db

CHANGES = "/admin/changes/"


@pytest.fixture
def manager(client, maria):
    client.force_login(maria)
    return client


def edit(option, price, by=None, **fields):
    """Change a price as a person; return the key of its record."""
    option.price = Decimal(price)
    option._history_user = by
    for name, value in fields.items():
        setattr(option, name, value)
    option.save()
    return records_of(ServiceClassification).order_by("-history_id").first().history_id


def undo_address(key: int) -> str:
    return reverse("admin:catalog_serviceclassification_undo", args=[key])


def price_of(option) -> Decimal:
    return ServiceClassification.objects.get(pk=option.pk).price


def shown(manager, **filters) -> list:
    return list(manager.get(CHANGES, filters).context["entries"])


def test_all_kinds_are_in_one_list_with_who_what_and_from_where(manager, maria, hour, maya):
    edit(hour, 530, maria)
    with because("import_menu prices.csv"):
        edit(hour, 540)
    maya.display_name = "Maya B."
    maya.save()
    person, imported, edited = shown(manager)[:3]
    assert (person.name, person.kind) == ("Maya B.", "Therapist")
    assert person.address == f"/admin/accounts/user/{maya.user.pk}/change/"
    assert (imported.who, imported.origin) == ("", "import_menu prices.csv")
    assert (edited.who, edited.origin) == (maria.username, "Administration")
    assert [tuple(each) for each in edited.changes] == [("Price", "₱500.00", "₱530.00")]
    assert str(hour) in edited.name
    assert CHANGES in manager.get("/admin/").text
    assert "Recent actions" not in manager.get("/admin/").text


def test_the_list_is_filtered_by_kind_person_and_date(manager, maria, hour, branch):
    olga = make_user("Olga", branch, is_staff=True)
    edit(hour, 510, maria)
    edit(hour, 520, olga)
    records_of(ServiceClassification).filter(price=510).update(
        history_date=timezone.now() - timedelta(days=10)  # two days before, in any time zone
    )
    kinds = {entry.model for entry in shown(manager, kind="catalog.serviceclassification")}
    assert kinds == {ServiceClassification}
    [entry] = shown(manager, person=olga.pk)
    assert entry.record.price == 520
    day = (timezone.localdate() - timedelta(days=8)).isoformat()
    prices = [entry.record.price for entry in shown(manager, person=maria.pk, until=day)]
    assert prices == [510]
    assert shown(manager, person=maria.pk, since=day) == []
    assert shown(manager, since="yesterday") == []


def test_the_list_and_the_history_of_a_row_have_pages(manager, hour):
    for price in range(1, 121):
        edit(hour, price)
    history = reverse("admin:catalog_serviceclassification_history", args=[hour.pk])
    for address in (CHANGES, history):
        first = manager.get(address).context["entries"]
        assert len(first) == 50
        third = manager.get(address, {"p": 3}).context["entries"]
        assert min(getattr(entry.record, "price", 99) for entry in third) < 21
        assert f"p={first.paginator.num_pages}" in manager.get(address).text


def test_a_manager_sees_no_changes_of_another_branch(manager, branch, other_branch, client):
    Room.objects.create(branch=other_branch, number="Far")
    Room.objects.create(branch=branch, number="Near")
    make_therapist("Stranger", other_branch, "S")
    other_branch.tax_id = "1"
    other_branch.save()
    names = {entry.name for entry in shown(manager)}
    assert "Near" in names
    assert not names & {"Far", "Stranger", other_branch.name}


def test_only_managers_see_the_list(client, maya):
    client.force_login(maya.user)
    assert client.get(CHANGES).status_code == 302


def test_a_long_list_takes_no_more_statements(manager, hour, compress, captured_statements):
    edit(hour, 501)
    edit(compress, 502)
    with captured_statements() as few:
        manager.get(CHANGES)
    for price in range(20):
        edit(hour, 600 + price)
    with captured_statements() as many:
        manager.get(CHANGES)
    assert len(many) <= len(few) + 1


# -- Undo -----------------------------------------------------------------------------------------


def test_a_price_change_is_undone_in_two_clicks(manager, maria, hour, branch):
    key = edit(hour, 530, maria)
    assert undo_address(key) in manager.get(CHANGES).text
    page = manager.get(undo_address(key)).text
    assert "₱530.00" in page
    assert "Change back to ₱500.00" in page
    assert price_of(hour) == 530, "a question writes nothing"
    version = SetupVersion.objects.get(branch=branch).last
    assert manager.post(undo_address(key))["Location"] == CHANGES
    assert price_of(hour) == 500
    assert SetupVersion.objects.get(branch=branch).last == version + 1
    latest = shown(manager)[0]
    assert (latest.who, latest.origin) == (maria.username, "Undo")
    assert [tuple(each) for each in latest.changes] == [("Price", "₱530.00", "₱500.00")]


def test_the_rows_own_history_offers_the_undo_of_its_present_price_only(manager, hour):
    first, second = edit(hour, 530), edit(hour, 540)
    page = manager.get(reverse("admin:catalog_serviceclassification_history", args=[hour.pk])).text
    assert undo_address(second) in page
    assert undo_address(first) not in page


def test_an_undo_is_refused_when_somebody_changed_the_price_since(manager, maria, hour):
    key = edit(hour, 530, maria)
    edit(hour, 550, maria)
    page = manager.post(undo_address(key)).text
    assert f"{maria.username} just changed the price to ₱550.00. Nothing was undone." in page
    assert price_of(hour) == 550
    edit(hour, 500)
    assert "The price is ₱500.00 already." in manager.post(undo_address(key)).text


def test_an_undo_leaves_what_else_was_changed(manager, hour):
    key = edit(hour, 530, duration_minutes=75)
    manager.post(undo_address(key))
    hour.refresh_from_db()
    assert (hour.price, hour.duration_minutes) == (500, 75)


def test_only_changes_of_a_price_can_be_undone(manager, hour, client, maya):
    key = edit(hour, 500, duration_minutes=75)
    assert manager.get(undo_address(key)).status_code == 404
    assert manager.get(undo_address(999_999)).status_code == 404
    changed = edit(hour, 530)
    client.force_login(maya.user)
    assert client.post(undo_address(changed)).status_code == 302
    assert price_of(hour) == 530


def test_a_price_saved_through_the_price_list_counts_as_one_change(hour, branch):
    version = SetupVersion.objects.get(branch=branch).last
    row = PriceList.objects.get(pk=hour.pk)
    row.price = Decimal(530)
    row.save()
    assert SetupVersion.objects.get(branch=branch).last == version + 1
    assert records_of(ServiceClassification).first().price == 530


def test_the_price_list_counts_one_change_and_reaches_the_kiosk(manager, hour, branch):
    version = SetupVersion.objects.get(branch=branch).last
    prefix = f"option-{hour.pk}"
    sent = {f"{prefix}-price": "530", f"{prefix}-duration_minutes": str(hour.duration_minutes)}
    sent |= {f"initial-{name}": value for name, value in sent.items()}
    sent[f"initial-{prefix}-price"] = f"{hour.price:.2f}"
    assert manager.post("/admin/catalog/pricelist/", sent | {"_save": "x"}).status_code == 302
    assert SetupVersion.objects.get(branch=branch).last == version + 1
    menu = Client().get(f"/menu/?branch={branch.slug}&kiosk=1").text
    assert "530.00" in menu


def test_an_import_says_from_which_file(manager, maria, hour):
    assert "500.00" in export_text()
    with because("import prices.csv"):
        edit(hour, 530, maria)
    assert shown(manager)[0].origin == "import prices.csv"
