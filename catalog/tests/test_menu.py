"""Tests of the menu that customers get."""

import pytest

from catalog.menu_import import importer
from catalog.models import Service, ServiceCategory, ServiceClassification
from catalog.serializers import serialize_menu

pytestmark = pytest.mark.django_db

HEADER = "category,service,description,classification,price,duration_minutes\n"
ROWS = (
    "Massage,Hilot,With oil,60 minutes,550,60\n",
    "Massage,Hilot,With oil,90 minutes,750.5,90\n",
    "Massage,Shiatsu,,60 minutes,600,60\n",
    "Face,Peel,,Whole face,700,40\n",
)


@pytest.fixture(autouse=True)
def menu():
    importer.import_file([HEADER, *ROWS])


def shown() -> list[tuple[str, str, str]]:
    return [
        (category["name"], service["name"], offer["classification"])
        for category in serialize_menu()["categories"]
        for service in category["services"]
        for offer in service["classifications"]
    ]


def test_everything_is_there_in_its_order():
    assert shown() == [
        ("Massage", "Hilot", "60 minutes"),
        ("Massage", "Hilot", "90 minutes"),
        ("Massage", "Shiatsu", "60 minutes"),
        ("Face", "Peel", "Whole face"),
    ]


def test_the_order_is_the_managers():
    ServiceCategory.objects.filter(name="Face").update(order=1)
    Service.objects.filter(name="Shiatsu").update(order=1)
    assert [service for _category, service, _offer in shown()] == [
        "Peel",
        "Shiatsu",
        "Hilot",
        "Hilot",
    ]


def test_prices_are_text_with_two_decimals():
    hilot = serialize_menu()["categories"][0]["services"][0]
    assert hilot["description"] == "With oil"
    offer = hilot["classifications"][1]
    assert (offer["price"], offer["duration_minutes"]) == ("750.50", 90)


def test_a_category_switched_off_is_hidden_with_all_below_it():
    ServiceCategory.objects.filter(name="Massage").update(active=False)
    assert shown() == [("Face", "Peel", "Whole face")]


def test_a_service_switched_off_is_hidden():
    Service.objects.filter(name="Hilot").update(active=False)
    assert [service for _category, service, _offer in shown()] == ["Shiatsu", "Peel"]


def test_a_price_switched_off_is_hidden():
    Service.objects.get(name="Hilot").classifications.filter(duration_minutes=60).update(
        active=False
    )
    assert shown()[0] == ("Massage", "Hilot", "90 minutes")


def test_headings_with_nothing_below_them_are_left_out():
    Service.objects.get(name="Peel").classifications.update(active=False)
    Service.objects.get(name="Shiatsu").classifications.all().delete()
    menu = serialize_menu()
    assert [category["name"] for category in menu["categories"]] == ["Massage"]
    assert [service["name"] for service in menu["categories"][0]["services"]] == ["Hilot"]


def test_the_number_of_queries_does_not_grow_with_the_menu(captured_statements):
    with captured_statements() as few:
        serialize_menu()
    importer.import_file(
        [HEADER, *(f"New {at // 4},Service {at // 2},,Tier {at},{at},60\n" for at in range(40))]
    )
    with captured_statements() as many:
        serialize_menu()
    assert len(few) == len(many) == 3


def test_the_version_changes_with_the_menu_and_only_with_it():
    version = serialize_menu()["version"]
    assert serialize_menu()["version"] == version
    Service.objects.get(name="Peel").classifications.update(price=701)
    assert serialize_menu()["version"] != version


def test_the_version_is_asked_for_with_one_small_statement(client, branch, captured_statements):
    first = client.get("/api/menu/")
    with captured_statements() as statements:
        again = client.get("/api/menu/")
        told = client.get("/api/menu/", headers={"If-None-Match": first["ETag"]})
    assert (again.content, told.status_code) == (first.content, 304)
    assert len(statements) == 2
    assert all("setupversion" in statement for statement in statements)


@pytest.mark.parametrize(
    "change",
    [
        lambda: ServiceClassification.objects.filter(price=700).update(price=701),
        lambda: ServiceClassification.objects.get(price=700).delete(),
        lambda: Service.objects.filter(name="Peel").update(active=False),
        lambda: ServiceCategory.objects.filter(name="Face").update(name="Faces"),
        lambda: importer.import_file([HEADER, *ROWS, "Feet,Scrub,,Both,300,20\n"]),
    ],
    ids=["price", "deletion", "switched off", "category", "import"],
)
def test_a_change_of_the_menu_is_read_at_once(client, branch, change):
    before = client.get("/api/menu/").json()
    change()
    now = client.get("/api/menu/").json()
    assert now == serialize_menu() != before


def test_without_a_branch_no_menu_is_kept(client):
    assert client.get("/api/menu/").json() == serialize_menu()
    ServiceClassification.objects.filter(price=700).update(price=701)
    assert client.get("/api/menu/").json() == serialize_menu()


def test_the_browser_is_told_when_it_has_the_menu_already(client):
    answer = client.get("/api/menu/")
    assert answer.json() == serialize_menu()
    again = client.get("/api/menu/", headers={"If-None-Match": answer["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
