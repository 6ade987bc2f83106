"""Tests of the price list in the admin, which managers edit in place."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse
from django.utils import timezone

from catalog.models import Service, ServiceCategory, ServiceClassification, TurnWeight
from conftest import make_offer, make_user

pytestmark = pytest.mark.django_db

ADDRESS = "/admin/catalog/pricelist/"


@pytest.fixture
def manager(client, maria):
    """Return the browser of the manager Maria."""
    client.force_login(maria)
    return client


def row(option: ServiceClassification, price: str = "", minutes: str = "", *, seen=None) -> dict:
    """Return what a browser sends of an option, changed or as the page showed it."""
    shown, prefix = seen or option, f"option-{option.pk}"
    return {
        f"{prefix}-price": price or f"{shown.price:,.2f}",
        f"{prefix}-duration_minutes": minutes or str(shown.duration_minutes),
        f"initial-{prefix}-price": f"{shown.price:,.2f}",
        f"initial-{prefix}-duration_minutes": str(shown.duration_minutes),
    }


def weight(service: Service, quarters: int, *, seen: int | None = None) -> dict:
    """Return what a browser sends of a treatment's weight, which the page showed as `seen`."""
    name = f"treatment-{service.pk}-turn_quarters"
    shown = service.turn_quarters if seen is None else seen
    return {name: str(quarters), f"initial-{name}": str(shown)}


def save(manager, *rows: dict, **more: str):
    data = {name: value for each in rows for name, value in each.items()}
    return manager.post(ADDRESS, data | {"_save": "Save"} | more)


def page_of(manager) -> str:
    return manager.get(ADDRESS).text


def price_of(option: ServiceClassification) -> Decimal:
    return ServiceClassification.objects.get(pk=option.pk).price


def test_it_is_on_the_home_page_and_shows_every_option_in_the_menus_order(manager, hour, compress):
    face = ServiceCategory.objects.create(name="Face", order=-0, active=False)
    peel = Service.objects.create(category=face, name="Peel")
    make_offer(peel, "Whole face", "2400", 40)
    assert ADDRESS in manager.get("/admin/").text
    assert ADDRESS in manager.get("/admin/catalog/").text
    page = manager.get(ADDRESS).text
    places = [page.index(name) for name in ("60 minutes", "Hot compress", "Whole face")]
    assert places == sorted(places)
    assert 'value="2,400.00"' in page
    assert page.count("off menu") == 1


@pytest.mark.parametrize("typed", ["2400", "2,400", "₱2,400.00", " PHP 2,400 "])
def test_amounts_are_read_as_people_write_them(manager, hour, typed):
    assert save(manager, row(hour, typed)).status_code == 302
    assert price_of(hour) == Decimal(2400)


def test_only_changed_rows_are_written(manager, hour, compress, captured_statements):
    with captured_statements() as sent:
        save(manager, row(hour, "510"), row(compress))
    updates = [statement for statement in sent if statement.startswith("UPDATE")]
    (update,) = [each for each in updates if "catalog_serviceclassification" in each]
    assert "price" in update
    assert "duration_minutes" not in update.split("WHERE")[0]
    assert LogEntry.objects.get().object_id == str(hour.pk)
    assert "₱500.00 → ₱510.00" in LogEntry.objects.get().change_message


def test_one_bad_value_is_marked_and_nothing_is_saved(manager, hour, compress):
    page = save(manager, row(hour, "free"), row(compress, "120", "0")).text
    assert (price_of(hour), price_of(compress)) == (Decimal(500), Decimal("100.50"))
    assert "Nothing was saved: correct the 2 values marked below." in page
    assert 'value="free"' in page
    for name in (f"option-{hour.pk}-price", f"option-{compress.pk}-duration_minutes"):
        (field,) = re.findall(rf'<input type="text" name="{name}"[^>]*>', page)
        assert 'aria-invalid="true"' in field
        assert f'aria-describedby="id_{name}_error"' in field
        assert f'id="id_{name}_error"' in page


def _change_as_olga(hour, branch):
    """Have another manager make it 480, five minutes ago."""
    ServiceClassification.history.update(history_date=timezone.now() - timedelta(hours=1))
    hour.price = Decimal(480)
    hour._history_user = make_user("Olga", branch, is_staff=True, first_name="Olga")
    hour._history_date = timezone.now() - timedelta(minutes=5)
    hour.save()


def test_another_managers_change_is_refused_with_both_values_and_replaced_when_saved_again(
    manager, hour, compress, branch
):
    seen = ServiceClassification.objects.get(pk=hour.pk)
    _change_as_olga(hour, branch)
    page = save(manager, row(hour, "450", seen=seen), row(compress, "110")).text
    assert (price_of(hour), price_of(compress)) == (Decimal(480), Decimal("100.50"))
    told = "Olga changed this 5\xa0minutes ago to “₱480.00”; you entered “₱450.00”."
    assert f"{told} Save again to keep yours." in page
    assert 'value="450"' in page
    hidden = re.search(rf'name="initial-option-{hour.pk}-price" value="([^"]*)"', page)
    assert hidden
    again = row(hour, "450") | {f"initial-option-{hour.pk}-price": hidden[1]}
    assert save(manager, again).status_code == 302
    assert price_of(hour) == Decimal(450)


def test_a_value_that_somebody_else_changed_stays_where_this_person_changed_another(manager, hour):
    seen = ServiceClassification.objects.get(pk=hour.pk)
    ServiceClassification.objects.filter(pk=hour.pk).update(price=480)
    assert save(manager, row(hour, minutes="75", seen=seen)).status_code == 302
    hour.refresh_from_db()
    assert (hour.price, hour.duration_minutes) == (Decimal(480), 75)


def test_what_a_treatment_counts_in_the_rotation_is_changed_beside_its_prices(manager, hour):
    assert re.search(rf'<select name="treatment-{hour.service_id}-turn_quarters"', page_of(manager))
    assert save(manager, row(hour, "510"), weight(hour.service, TurnWeight.HALF)).status_code == 302
    hour.service.refresh_from_db()
    assert (price_of(hour), hour.service.turn_quarters) == (Decimal(510), TurnWeight.HALF)
    entry = LogEntry.objects.get(content_type__model="service")
    assert "Counts as 1 turn → ½ turn" in entry.change_message
    assert Service.history.filter(turn_quarters=TurnWeight.HALF).count() == 1


def test_another_managers_weight_is_refused_with_both_values_and_replaced_when_saved_again(
    manager, hour
):
    Service.objects.filter(pk=hour.service_id).update(turn_quarters=TurnWeight.NONE)
    page = save(manager, weight(hour.service, TurnWeight.HALF, seen=TurnWeight.FULL)).text
    assert "to “No turn”; you entered “½ turn”." in page
    assert Service.objects.get().turn_quarters == TurnWeight.NONE
    hidden = re.search(r'name="initial-treatment-\d+-turn_quarters" value="([^"]*)"', page)
    assert hidden
    again = weight(hour.service, TurnWeight.HALF, seen=int(hidden[1]))
    assert save(manager, again).status_code == 302
    assert Service.objects.get().turn_quarters == TurnWeight.HALF


def test_no_other_weight_is_possible(manager, hour):
    page = save(manager, weight(hour.service, 3)).text
    assert "Nothing was saved: correct the value marked below." in page
    assert Service.objects.get().turn_quarters == TurnWeight.FULL


def test_an_option_that_was_deleted_meanwhile_is_told(manager, hour, compress):
    gone = row(compress, "120")
    compress.delete()
    page = save(manager, row(hour, "510"), gone).text
    assert "An option of this list was deleted meanwhile." in page
    assert price_of(hour) == Decimal(500)


def test_a_category_can_be_shown_alone(manager, hour):
    face = ServiceCategory.objects.create(name="Face", order=5)
    make_offer(Service.objects.create(category=face, name="Peel"), "Whole face", "700", 40)
    page = manager.get(ADDRESS, {"category": face.pk}).text
    assert "Whole face" in page
    assert "60 minutes" not in page


def test_a_long_list_takes_no_more_statements_and_is_saved(manager, massage, captured_statements):
    options = [make_offer(massage, f"Option {at}", "100", 10) for at in range(20)]
    with captured_statements() as few:
        manager.get(ADDRESS)
    options += [make_offer(massage, f"Option {at}", "100", 10) for at in range(20, 600)]
    with captured_statements() as many:
        manager.get(ADDRESS)
    assert len(many) == len(few)
    rows = [row(option) for option in options[:-1]]
    assert save(manager, *rows, row(options[-1], "110")).status_code == 302
    assert price_of(options[-1]) == Decimal(110)


@pytest.mark.parametrize("page", ["", "bulk/", "order/", "import/", "preview/", "csv/", "xlsx/"])
def test_only_managers_come_in(client, maya, page):
    for user in (None, maya.user):
        if user:
            client.force_login(user)
        answer = client.get(ADDRESS + page)
        assert answer.status_code == 302
        assert reverse("admin:login") in answer["Location"]


# -- Bulk change ----------------------------------------------------------------------------------

BULK = f"{ADDRESS}bulk/"


def bulk(**values: object) -> dict:
    return {"direction": "raise", "unit": "percent", "value": "10", "rounding": "5"} | values


def apply(manager, query: dict, *options: ServiceClassification):
    seen = {f"seen-{option.pk}": f"{option.price:.2f}" for option in options}
    return manager.post(BULK, seen, query_params=query)


def test_chosen_prices_go_on_to_the_bulk_change(manager, hour, compress):
    answer = save(manager, row(hour), row(compress), _bulk="x", option=str(hour.pk))
    assert answer["Location"] == f"{BULK}?option={hour.pk}"
    page = manager.get(answer["Location"]).text
    assert "60 minutes" in page
    assert "Hot compress" not in page


def test_unsaved_changes_are_not_lost_to_the_bulk_change(manager, hour):
    page = save(manager, row(hour, "510"), _bulk="x", option=str(hour.pk)).text
    assert "Save your changes first." in page
    assert 'value="510"' in page


@pytest.mark.parametrize(
    ("change", "new"),
    [
        ({}, "550"),
        ({"value": "7", "rounding": ""}, "535"),
        ({"value": "7.77", "rounding": ""}, "538.85"),
        ({"value": "7.77", "rounding": "1"}, "539"),
        ({"value": "7.77", "rounding": "5"}, "540"),
        ({"value": "7.77", "rounding": "10", "direction": "lower"}, "460"),
        ({"value": "50", "unit": "amount"}, "550"),
        ({"value": "₱50.50", "unit": "amount", "direction": "lower", "rounding": ""}, "449.50"),
        ({"value": "1", "rounding": "10"}, "510"),
    ],
)
def test_prices_change_by_percent_or_amount_with_rounding(manager, hour, change, new):
    query = bulk(option=hour.pk, **change)
    page = manager.get(BULK, query).text
    assert "₱500.00" in page
    assert f"₱{Decimal(new):,.2f}" in page
    assert price_of(hour) == Decimal(500), "a preview writes nothing"
    assert apply(manager, query, hour).status_code == 302
    assert price_of(hour) == Decimal(new)


def test_a_category_is_changed_as_a_whole(manager, hour, compress):
    query = bulk(category=hour.service.category_id)
    apply(manager, query, hour, compress)
    assert (price_of(hour), price_of(compress)) == (Decimal(550), Decimal(110))


def test_a_price_that_changed_after_the_preview_stops_the_whole_change(manager, hour, compress):
    ServiceClassification.objects.filter(pk=hour.pk).update(price=480)
    page = apply(manager, bulk(option=[hour.pk, compress.pk]), hour, compress).text
    assert "the price is now ₱480.00, the preview showed ₱500.00" in page
    assert (price_of(hour), price_of(compress)) == (Decimal(480), Decimal("100.50"))


def test_the_same_change_is_not_made_twice(manager, hour):
    query = bulk(option=hour.pk)
    apply(manager, query, hour)
    apply(manager, query, hour)
    assert price_of(hour) == Decimal(550)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"direction": "lower", "value": "600", "unit": "amount"}, "Below zero"),
        ({"value": "99999999", "unit": "amount"}, "Too high"),
        ({"value": "much"}, "Enter an amount like 150 or 150.50."),
        ({"value": "0"}, "greater than or equal to 0.01"),
    ],
)
def test_what_cannot_be_a_price_is_told_and_not_applied(manager, hour, change, reason):
    query = bulk(option=hour.pk, rounding="", **change)
    assert reason in manager.get(BULK, query).text
    apply(manager, query, hour)
    assert price_of(hour) == Decimal(500)


# -- Order ----------------------------------------------------------------------------------------


def move(manager, key: str):
    return manager.post(f"{ADDRESS}order/", {"move": key})


def names(queryset) -> list[str]:
    return [str(entry.pk) for entry in queryset.order_by("order", "id")]


@pytest.mark.parametrize("orders", [(10, 20, 30), (0, 0, 0), (7, 7, 9)])
@pytest.mark.parametrize("kind", ["category", "service", "option"])
def test_every_kind_moves_up_and_down(manager, massage, kind, orders):
    made = []
    for at, order in enumerate(orders):
        if kind == "category":
            made.append(ServiceCategory.objects.create(name=f"C{at}", order=order))
        elif kind == "service":
            made.append(massage.category.services.create(name=f"S{at}", order=order + 50))
        else:
            made.append(
                massage.classifications.create(
                    classification=f"O{at}", price=1, duration_minutes=1, order=order
                )
            )
    first, second, third = made
    everything = type(first).objects.filter(pk__in=[each.pk for each in made])
    before = names(everything)
    answer = move(manager, f"{kind}-{third.pk}-up")
    assert answer["Location"].endswith(f"#{kind}-{third.pk}")
    assert names(everything) == [str(first.pk), str(third.pk), str(second.pk)]
    move(manager, f"{kind}-{third.pk}-down")
    assert names(everything) == before


def test_the_ends_of_the_order_stay(manager, hour, compress):
    for key in (f"option-{hour.pk}-up", f"option-{compress.pk}-down", "option-0-up", "x", "x-1-up"):
        assert move(manager, key).status_code in (200, 302)
    assert names(ServiceClassification.objects) == [str(hour.pk), str(compress.pk)]
    page = manager.get(f"{ADDRESS}order/").text
    assert re.search(rf'value="option-{hour.pk}-up"\s+disabled', page)
    assert re.search(rf'value="option-{compress.pk}-down"\s+disabled', page)
