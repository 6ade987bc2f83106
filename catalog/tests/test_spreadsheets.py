"""Tests of price lists as spreadsheets save them: marks, separators, empty columns, workbooks."""

import datetime
import io
import subprocess
import sys
import zipfile
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import translation
from openpyxl import Workbook

from catalog.menu_import import importer, xlsx_format
from catalog.menu_import.rows import COLUMNS, BadPriceList
from catalog.models import Service, ServiceClassification

HEADER = ",".join(COLUMNS)
HILOT = "Massage,Hilot,With oil,60 minutes,550.00,60"

pytestmark = pytest.mark.django_db


def text(*rows: str, header: str = HEADER) -> bytes:
    return "\r\n".join((header, *rows)).encode()


def workbook(*rows: tuple, header: tuple = COLUMNS) -> bytes:
    book = Workbook()
    sheet = book.worksheets[0]
    for row in (header, *rows):
        sheet.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def problems_of(content: bytes) -> list[str]:
    with pytest.raises(BadPriceList) as caught:
        importer.import_file(content)
    assert not Service.objects.exists()
    return str(caught.value).splitlines()


def price() -> Decimal:
    return ServiceClassification.objects.get().price


# -- CSV ----------------------------------------------------------------------------------------


def test_empty_columns_are_ignored_wherever_they_stand():
    header = "category,,service,description,classification,price,duration_minutes,,"
    content = text("Massage,,Hilot,With oil,60 minutes,550,60,,", header=header)
    assert importer.import_file(content).added == 1


def test_a_row_may_be_shorter_or_longer_than_the_empty_columns_of_its_header():
    content = text(f"{HILOT},,,,", "Massage,Hilot,With oil,90 minutes,750,90", header=f"{HEADER},,")
    assert importer.import_file(content).added == 2


def test_columns_with_values_but_no_name_are_each_named_by_line_and_column():
    header = "category,,service,,description,classification,price,duration_minutes"
    rows = ("Massage,,Hilot,,,One,1,1", "Massage,x,Hilot,,,Two,1,1", "Massage,y,Hilot,z,,Three,1,1")
    assert problems_of(text(*rows, header=header)) == [
        "line 3, column 2: This column has values but no name.",
        "line 4, column 4: This column has values but no name.",
    ]


@pytest.mark.parametrize("marks", ["\ufeff", "\ufeff\ufeff"])
def test_byte_order_marks_are_no_part_of_the_first_column(marks):
    assert importer.import_file(marks.encode() + text(HILOT)).added == 1


@pytest.mark.parametrize("hint", ["sep=;", '"sep=;"', "\ufeffSEP=;"])
def test_the_first_line_may_name_the_separator(hint):
    content = f"{hint}\r\n".encode() + text(HILOT).replace(b",", b";")
    assert importer.import_file(content).added == 1


def test_lines_are_counted_with_the_line_that_names_the_separator():
    content = b"sep=;\r\n" + text("Massage,Hilot,,One,free,60").replace(b",", b";")
    assert problems_of(content)[0].startswith("line 3, column price: ")


@pytest.mark.parametrize(
    ("cell", "amount"),
    [
        ('"2,400"', "2400"),
        ('"₱2,400.00"', "2400"),
        ("₱ 550.5", "550.5"),
        ('"PHP 12,345,678.90"', "12345678.90"),
        ("550 PHP", "550"),
    ],
)
def test_prices_are_read_as_people_write_them(cell, amount):
    importer.import_file(text(f"Massage,Hilot,,One,{cell},60"))
    assert price() == Decimal(amount)


@pytest.mark.parametrize("cell", ["2,40", "24,00", "1,2345", ",400", "2,400.5.0", "2,400.123"])
def test_separators_in_the_wrong_place_are_no_price(cell):
    (problem,) = problems_of(text(f'Massage,Hilot,,One,"{cell}",60'))
    assert problem.startswith(f"line 2, column price: “{cell}” isn't a price.")


@pytest.mark.parametrize(("cell", "amount"), [("2.400", "2400"), ("2400.50", "2400.5")])
def test_separators_are_those_of_the_language(cell, amount):
    with translation.override("es"):
        importer.import_file(text(f"Massage,Hilot,,One,{cell},60"))
    assert price() == Decimal(amount)


# -- Names as the database compares them ----------------------------------------------------------


@pytest.mark.skipif(connection.vendor != "mysql", reason="compares character by character")
@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize(
    ("name", "other"), [("Hot Stone 🔥", "Hot Stone 🪨"), ("Straße", "Strasse"), ("Œil", "Oeil")]
)
def test_names_that_the_collation_equates_are_named_by_their_line(name, other, dry_run):
    rows = (f"Massage,{name},,One,1,1", f"Massage,{other},,One,1,1")
    with pytest.raises(BadPriceList, match=r"line 3, column service: .*“"):
        importer.import_file(text(*rows), dry_run=dry_run)
    importer.import_file(text(rows[0]))
    with pytest.raises(BadPriceList, match=r"line 2, column service: .*“"):
        importer.import_file(text(rows[1]), dry_run=dry_run)


@pytest.mark.parametrize("pair", [("🔥", "🪨"), ("Hot Stone 🔥", "Hot Stone 🪨"), ("ｆｉ", "ﬁ")])
def test_an_import_does_what_its_dry_run_said(pair):
    content = text(*(f"Massage,{name},,One,1,1" for name in pair))

    def outcome(*, dry_run: bool) -> str:
        try:
            return f"{importer.import_file(content, dry_run=dry_run).added} added"
        except BadPriceList as error:
            return str(error)

    assert outcome(dry_run=True) == outcome(dry_run=False)


# -- XLSX -----------------------------------------------------------------------------------------


def test_a_workbook_is_read_like_csv():
    content = workbook(("Massage", "Hilot", None, "60 minutes", 550.5, 60.0))
    assert importer.import_file(content).added == 1
    assert price() == Decimal("550.50")
    assert not importer.import_file(text("Massage,Hilot,,60 minutes,550.50,60")).changes


def test_a_workbook_may_have_empty_rows_and_columns():
    content = workbook((), ("Massage", "Hilot", None, "One", "2,400", 60, None, " "))
    importer.import_file(content)
    assert price() == Decimal(2400)


def test_what_a_formula_computes_is_no_longer_than_a_price():
    importer.import_file(workbook(("Massage", "Hilot", None, "One", 550 * 1.1, 60)))
    assert price() == Decimal(605)


def test_cells_of_a_workbook_are_named_by_line_and_column():
    day = datetime.datetime(2026, 1, 2)  # noqa: DTZ001 - a workbook has no time zones
    rows = (("Massage", "Hilot", None, "One", "free", 60), ("Massage", "Hilot", None, day, 1, 1))
    assert problems_of(workbook(*rows)) == [
        "line 2, column price: “free” isn't a price. Enter one like 150 or 150.00.",
        "line 3, column classification: This cell is a date or a time. Format it as text.",
    ]


def test_an_exported_workbook_changes_nothing():
    importer.import_file(text(HILOT, "Massage,Hilot,With oil,=1+1,7,1"))
    assert not importer.import_file(importer.export_workbook()).changes


def test_the_commands_read_and_write_workbooks(tmp_path):
    importer.import_file(text(HILOT))
    path = tmp_path / "menu.xlsx"
    call_command("export_menu", str(path))
    out = io.StringIO()
    call_command("import_menu", str(path), stdout=out)
    assert "1 rows: 0 added, 0 changed, 1 unchanged." in out.getvalue()


def archive(**parts: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as book:
        for name, content in parts.items():
            book.writestr(name, content)
    return file.getvalue()


def changed_part(content: bytes, name: str, change, **more: bytes) -> bytes:
    """Return a workbook with one of its parts changed, and more parts."""
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        parts = {part: book.read(part) for part in book.namelist()}
    return archive(**parts | {name: change(parts[name])} | more)


def entities(sheet: bytes) -> bytes:
    """Return a sheet with entities that expand to a gigabyte (billion laughs)."""
    lines = ['<!ENTITY a0 "ha">', *(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))]
    start = f"<!DOCTYPE worksheet [{''.join(lines)}]>".encode()
    return start + sheet.replace(b"Massage", b"&a9;", 1)


def with_shared_strings(strings: bytes) -> bytes:
    """Return a workbook that keeps its texts in a part of their own, as Excel does."""
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    part = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}"/></Types>'
    return changed_part(
        workbook(),
        "[Content_Types].xml",
        lambda types: types.replace(b"</Types>", part.encode()),
        **{"xl/sharedStrings.xml": strings},
    )


FAR = b'<sheetData><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
BOMBS = {
    "zeros": lambda: archive(**{"xl/workbook.xml": b"0" * 400_000_000}),
    "parts": lambda: archive(**{f"{at}": b"" for at in range(5000)}),
    "entities": lambda: changed_part(workbook(("Massage",)), "xl/worksheets/sheet1.xml", entities),
    "entities in the strings": lambda: with_shared_strings(
        entities(b"<sst><si><t>Massage</t></si></sst>")
    ),
    "far cell": lambda: changed_part(
        workbook(),
        "xl/worksheets/sheet1.xml",
        lambda sheet: sheet.replace(b"<sheetData>", FAR, 1),
    ),
    "rows": lambda: workbook(*((at,) for at in range(xlsx_format.MAX_ROWS))),
    "no workbook": lambda: archive(x=b"x"),
    "cut off": lambda: workbook()[:-50],
    "old": lambda: b"\xd0\xcf\x11\xe0" + b"\0" * 600,
}
READ = """
import resource, sys, time
resource.setrlimit(resource.RLIMIT_CPU, (20, 20))
import django; django.setup()
from catalog.menu_import.rows import BadPriceList
from catalog.menu_import.sources import read
content = sys.stdin.buffer.read()
before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
try:
    rows, problems = read(content)
    print(problems[0])
except BadPriceList as error:
    print(error)
print(time.process_time() - started)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.sample(2)
@pytest.mark.slow
@pytest.mark.one_database
@pytest.mark.parametrize("kind", BOMBS)
def test_a_workbook_that_is_a_bomb_is_refused_within_a_second_and_100_megabytes(kind):
    done = subprocess.run(
        [sys.executable, "-c", READ], input=BOMBS[kind](), capture_output=True, check=True
    )
    *said, seconds, kilobytes = done.stdout.decode().splitlines()
    assert len(said) == 1, said
    assert float(seconds) < 1
    assert int(kilobytes) < 100_000
