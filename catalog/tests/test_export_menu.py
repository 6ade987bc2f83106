"""Tests of the menu's export: importing it again changes nothing."""

import io
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from catalog.menu_import import importer
from catalog.models import Service, ServiceCategory, ServiceClassification

DEMO_MENU = Path(importer.__file__).with_name("demo_menu.csv")
HEADER = "category,service,description,classification,price,duration_minutes"

pytestmark = pytest.mark.django_db


def add(service: str, **fields) -> ServiceClassification:
    """Create one price as the admin or a script would, with `fields` of the service."""
    category, _made = ServiceCategory.objects.get_or_create(name="Massage")
    parent = Service.objects.create(category=category, name=service, **fields)
    return parent.classifications.create(
        classification="One", price=Decimal("1234.5"), duration_minutes=60
    )


def exported_rows() -> list[str]:
    header, *rows = importer.export_text().splitlines()
    assert header == HEADER
    return rows


def back_in() -> importer.ImportReport:
    return importer.import_file(io.StringIO(importer.export_text(), newline=""))


def test_it_writes_what_was_read():
    importer.import_file(DEMO_MENU)
    written = importer.export_text().splitlines()
    assert written == DEMO_MENU.read_text(encoding="utf-8").splitlines()


def test_importing_it_changes_nothing():
    importer.import_file(DEMO_MENU)
    assert not back_in().changes


def test_any_order_numbers_survive_the_way_out_and_in():
    for name, order in (("A", 7), ("B", 0), ("C", 7), ("D", 0)):
        add(name, order=order)
    assert [row.split(",")[1] for row in exported_rows()] == ["B", "D", "A", "C"]
    assert not back_in().changes


@pytest.mark.parametrize("level", ["category", "service", "classification"])
def test_what_is_switched_off_is_left_out_and_left_alone(level):
    offer = add("Hilot")
    row = {
        "category": offer.service.category,
        "service": offer.service,
        "classification": offer,
    }[level]
    row.active = False
    row.save()
    assert exported_rows() == []
    report = back_in()
    assert (len(report.changes), report.left_alone) == (0, 1)


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+63 Special", "'+63 Special"),
        ("-10% Tuesday", "'-10% Tuesday"),
        ("@Home", "'@Home"),
        ("＝1", "'＝1"),
        ("'=1", "''=1"),
        ("'90s Facial", "'90s Facial"),
        ("Gentleman's", "Gentleman's"),
    ],
)
def test_no_cell_is_a_formula_and_no_name_is_changed(name, cell):
    add(name)
    assert exported_rows() == [f"Massage,{cell},,One,1234.50,60"]
    assert not back_in().changes
    assert Service.objects.get().name == name


def test_untidy_texts_made_elsewhere_come_back_as_no_change():
    add("Hot  Stone\t", description=' =First line\r\n"second", ')
    assert exported_rows() == ['Massage,Hot Stone,"\'=First line ""second"",",One,1234.50,60']
    assert not back_in().changes


@pytest.mark.skipif(connection.vendor == "mysql", reason="this database refuses such names itself")
def test_names_alike_that_the_menu_has_already_are_no_obstacle():
    for name in ("Hilot", "hilot", "H\u00edlot"):
        add(name)
    assert not back_in().changes


def test_it_takes_one_query(captured_statements):
    importer.import_file(DEMO_MENU)
    with captured_statements() as sent:
        importer.export_text()
    assert len(sent) == 1


def test_an_empty_menu_is_a_header():
    assert importer.export_text() == HEADER + "\r\n"


def test_the_command_prints_it_or_writes_a_file(tmp_path):
    add("Crème")
    out = io.StringIO()
    call_command("export_menu", stdout=out)
    assert out.getvalue() == importer.export_text()
    path = tmp_path / "menu.csv"
    call_command("export_menu", str(path))
    assert path.read_bytes() == importer.export_text().encode()
    call_command("export_menu", str(path), excel=True)
    assert path.read_bytes() == b"\xef\xbb\xbf" + importer.export_text().encode()
    assert not importer.import_file(path).changes


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(CommandError, match="cannot be written"):
        call_command("export_menu", str(tmp_path))
