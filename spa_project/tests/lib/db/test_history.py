"""Tests of the history: what is recorded from where, and that nothing else is written."""

from decimal import Decimal

import pytest
from django.apps import apps
from django.core.management import call_command
from django.urls import reverse

from accounts.models import User
from catalog.models import PriceList, Service, ServiceCategory, ServiceClassification
from conftest import PASSWORD
from payments.models import PaymentMethod
from queueing import services
from queueing.models import RoomStatus
from spa_project.lib.db.history import because, first_records, insert_many, records_of, update_many

pytestmark = pytest.mark.django_db

HEADER = "category,service,description,classification,price,duration_minutes\n"


def newest(row):
    return records_of(type(row)).filter(**{row._meta.pk.attname: row.pk}).first()


def test_a_saved_change_is_recorded_with_its_person(client, maria, hour):
    client.force_login(maria)
    client.post(
        reverse("admin:catalog_serviceclassification_change", args=[hour.pk]),
        {
            "service": hour.service_id,
            "classification": hour.classification,
            "price": "530",
            "duration_minutes": hour.duration_minutes,
            "order": hour.order,
            "active": "on",
        },
    )
    record = newest(hour)
    assert (record.price, record.history_user, record.history_type) == (530, maria, "~")
    assert record.prev_record.price == Decimal("500.00")


def test_an_import_is_recorded_with_its_file(hour, tmp_path):
    prices = tmp_path / "prices.csv"
    prices.write_text(
        HEADER + "Massage,Swedish Massage,,60 minutes,530,60\nMassage,Hilot,,60 minutes,700,60\n"
    )
    call_command("import_menu", str(prices))
    added = ServiceClassification.objects.get(service__name="Hilot")
    for row, kind in ((hour, "~"), (added, "+"), (added.service, "+")):
        record = newest(row)
        assert (record.history_change_reason, record.history_user, record.history_type) == (
            "import_menu prices.csv",
            None,
            kind,
        )
    assert newest(hour).price == 530


def test_writes_of_many_rows_are_recorded(db):
    with because("test"):
        insert_many(ServiceCategory, [ServiceCategory(name="Face"), ServiceCategory(name="Feet")])
        both = list(ServiceCategory.objects.all())
        for category in both:
            category.active = False
        update_many(ServiceCategory, both, ["active"])
    found = records_of(ServiceCategory).values_list("name", "active", "history_change_reason")
    assert set(found) == {
        (name, active, "test") for name in ("Face", "Feet") for active in (True, False)
    }


def test_a_row_saved_by_the_price_list_is_recorded(hour):
    row = PriceList.objects.get(pk=hour.pk)
    row.price = Decimal(530)
    row.save(update_fields=["price"])
    assert newest(hour).price == 530


def test_a_deleted_row_leaves_its_values(hour):
    key = hour.pk
    hour.delete()
    record = records_of(ServiceClassification).filter(id=key).first()
    assert (record.history_type, record.price) == ("-", Decimal("500.00"))


def test_a_save_that_changes_nothing_is_not_recorded(massage):
    before = records_of(Service).count()
    Service.objects.get(pk=massage.pk).save()
    assert records_of(Service).count() == before


def test_a_login_reads_and_writes_no_history(client, maya, captured_statements):
    with captured_statements() as statements:
        response = client.post(reverse("login"), {"username": "maya", "password": PASSWORD})
    assert response.status_code == 302
    assert statements
    assert [each for each in statements if "historical" in each] == []


def test_an_operation_on_a_room_reads_and_writes_no_history(branch, maya, captured_statements):
    room = maya.own_room
    with captured_statements() as statements:
        services.room_set_status(branch, room.number, RoomStatus.OUT_OF_SERVICE)
    assert statements
    assert [each for each in statements if "historical" in each] == []


def test_no_secret_has_a_column_in_the_history():
    columns = {field.name for field in records_of(User).model._meta.fields}
    assert columns.isdisjoint({"password", "pin", "login_epoch", "last_login"})
    assert "is_staff" in columns


def test_rows_older_than_the_history_get_a_first_record(hour):
    records_of(ServiceClassification).delete()
    first_records("catalog", "ServiceClassification")(apps, None)
    assert (newest(hour).history_type, newest(hour).price) == ("+", Decimal("500.00"))


def test_the_first_methods_are_recorded():
    PaymentMethod.objects.all().delete()
    call_command("seed", "--therapists=0", "--cashiers=0", verbosity=0)
    assert records_of(PaymentMethod).filter(history_type="+", code="card").exists()
