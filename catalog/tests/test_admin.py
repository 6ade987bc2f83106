"""Tests of the menu's admin pages."""

from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from catalog.models import Service, ServiceCategory, ServiceClassification

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager(client, maria):
    """Return the browser of the manager Maria."""
    client.force_login(maria)
    return client


def formset(prefix: str, *rows: dict, initial: int = 0) -> dict[str, Any]:
    """Return what a browser sends for the rows below a form."""
    data = {f"{prefix}-TOTAL_FORMS": len(rows), f"{prefix}-INITIAL_FORMS": initial}
    for at, row in enumerate(rows):
        data |= {f"{prefix}-{at}-{name}": value for name, value in row.items()}
    return data


def price_row(classification: str, price: str, minutes: int, **more) -> dict:
    return {
        "classification": classification,
        "price": price,
        "duration_minutes": minutes,
        "order": "",
        "active": "on",
    } | more


def service_form(category: ServiceCategory, *rows: dict, **more) -> dict:
    form = {"category": category.pk, "name": "Hilot", "description": "", "image_url": ""}
    return form | {"order": "", "active": "on"} | more | formset("classifications", *rows)


def test_a_manager_adds_a_service_with_two_prices(manager, massage):
    rows = (price_row("60 minutes", "550.00", 60), price_row("90 minutes", "750.50", 90))
    answer = manager.post(
        reverse("admin:catalog_service_add"), service_form(massage.category, *rows)
    )
    assert answer.status_code == 302
    service = Service.objects.get(name="Hilot")
    assert [(offer.price, offer.duration_minutes) for offer in service.classifications.all()] == [
        (Decimal("550.00"), 60),
        (Decimal("750.50"), 90),
    ]


def test_what_is_new_comes_at_the_end(manager, massage, hour):
    Service.objects.update(order=20)
    ServiceClassification.objects.update(order=25)
    manager.post(reverse("admin:catalog_service_add"), service_form(massage.category))
    assert Service.objects.get(name="Hilot").order == 30
    row = price_row("90 minutes", "1", 1)
    kept = price_row("60 minutes", "500.00", 60, id=hour.pk, service=massage.pk, order=25)
    form = service_form(massage.category, name="Swedish Massage", order=20) | formset(
        "classifications", kept, row, initial=1
    )
    manager.post(reverse("admin:catalog_service_change", args=[massage.pk]), form)
    assert massage.classifications.get(classification="90 minutes").order == 30
    manager.post(
        reverse("admin:catalog_servicecategory_add"),
        {"name": "Face", "order": "", "active": "on"} | formset("services", {"name": "Peel"}),
    )
    assert ServiceCategory.objects.get(name="Face").order == 10
    assert Service.objects.get(name="Peel").order == 10


def test_names_are_kept_as_a_price_list_would_bring_them(manager, massage):
    form = service_form(massage.category, name="  Hot   Stone ", description="One\r\ntwo")
    manager.post(reverse("admin:catalog_service_add"), form)
    assert Service.objects.get(name="Hot Stone").description == "One two"


@pytest.mark.parametrize(
    "row",
    [
        price_row("60 minutes", "-1", 60),
        price_row("60 minutes", "NaN", 60),
        price_row("60 minutes", "1.234", 60),
        price_row("60 minutes", "550", 0),
        price_row("60 minutes", "550", 1441),
        price_row("", "550", 60),
    ],
)
def test_a_bad_price_is_explained_and_nothing_is_saved(manager, massage, row):
    answer = manager.post(reverse("admin:catalog_service_add"), service_form(massage.category, row))
    assert answer.status_code == 200
    assert "Please correct the error" in answer.text
    assert not Service.objects.filter(name="Hilot").exists()


def test_a_service_is_in_a_category_once(manager, massage):
    form = service_form(massage.category, name=" Swedish  Massage")
    answer = manager.post(reverse("admin:catalog_service_add"), form)
    assert "already exists" in answer.text
    assert Service.objects.count() == 1


def test_pictures_come_from_this_site_only(manager, massage):
    form = service_form(massage.category, image_url="https://elsewhere.example/hilot.jpg")
    answer = manager.post(reverse("admin:catalog_service_add"), form)
    assert "Enter an address on this site that begins with “/”." in answer.text


def test_order_and_switch_are_changed_in_the_list(manager, massage):
    row = {"id": massage.pk, "order": 5}
    manager.post(
        reverse("admin:catalog_service_changelist"),
        formset("form", row, initial=1) | {"_save": "Save"},
    )
    massage.refresh_from_db()
    assert (massage.order, massage.active) == (5, False)


def test_many_prices_are_changed_on_one_page(manager, hour, compress):
    rows = (
        {"id": hour.pk, "price": "510.00", "duration_minutes": 60, "active": "on"},
        {"id": compress.pk, "price": "110.00", "duration_minutes": 15, "active": "on"},
    )
    manager.post(
        reverse("admin:catalog_serviceclassification_changelist"),
        formset("form", *rows, initial=2) | {"_save": "Save"},
    )
    hour.refresh_from_db()
    compress.refresh_from_db()
    assert (hour.price, compress.price) == (Decimal("510.00"), Decimal("110.00"))
    assert compress.duration_minutes == 15


def test_lists_show_prices_with_their_currency(manager, hour, compress):
    page = manager.get(reverse("admin:catalog_service_changelist"))
    assert "₱100.50 – ₱500.00" in page.text
    page = manager.get(reverse("admin:catalog_serviceclassification_changelist"))
    assert "PHP" in page.text


def test_a_category_leads_to_its_services(manager, massage):
    page = manager.get(reverse("admin:catalog_servicecategory_changelist"))
    address = f"{reverse('admin:catalog_service_changelist')}?category__id__exact="
    assert f'<a href="{address}{massage.category.pk}">1 treatment</a>' in page.text
    assert "Swedish Massage" in manager.get(f"{address}{massage.category.pk}").text
    page = manager.get(reverse("admin:catalog_servicecategory_change", args=[massage.category.pk]))
    assert reverse("admin:catalog_service_change", args=[massage.pk]) in page.text


@pytest.mark.parametrize("model", ["servicecategory", "service", "serviceclassification"])
def test_lists_can_be_searched(manager, hour, model):
    address = reverse(f"admin:catalog_{model}_changelist")
    for words, found in (("swedish", 1), ("shiatsu", 0)):
        page = manager.get(address, {"q": words})
        assert page.context["cl"].result_count == found


@pytest.mark.parametrize("model", ["servicecategory", "service", "serviceclassification"])
def test_lists_ask_no_more_for_a_longer_menu(manager, hour, captured_statements, model):
    address = reverse(f"admin:catalog_{model}_changelist")
    with captured_statements() as few:
        manager.get(address)
    for at in range(5):
        category = ServiceCategory.objects.create(name=f"Category {at}")
        service = Service.objects.create(category=category, name=f"Service {at}")
        service.classifications.create(classification="One", price=at, duration_minutes=1)
    with captured_statements() as many:
        manager.get(address)
    assert len(many) == len(few)


def test_what_others_hang_on_cannot_be_deleted(manager, make_transaction, massage, hour):
    make_transaction("pending_therapist")
    for name, row in (("service", massage), ("serviceclassification", hour)):
        address = reverse(f"admin:catalog_{name}_delete", args=[row.pk])
        assert "It will be taken off the menu" in manager.get(address).text
        assert manager.post(address, {"post": "yes"}).status_code == 200
        row.refresh_from_db()
        assert row.active


def test_new_prices_are_made_with_their_service(manager, hour):
    assert manager.get(reverse("admin:catalog_serviceclassification_add")).status_code == 403


def test_others_are_not_let_in(client, maya):
    client.force_login(maya.user)
    answer = client.get(reverse("admin:catalog_service_changelist"))
    assert answer.status_code == 302
    assert reverse("admin:login") in answer["Location"]


@pytest.mark.parametrize("page", ["changelist", "add"])
def test_pages_carry_no_script_or_style_of_their_own(manager, hour, page):
    text = manager.get(reverse(f"admin:catalog_service_{page}")).text
    assert "<style" not in text
    assert " style=" not in text
    assert " onclick=" not in text
    assert "<script>" not in text
