"""Tests of the menu's import: all of a file, or nothing."""

import io
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from catalog.menu_import import importer
from catalog.menu_import.rows import COLUMNS, BadPriceList
from catalog.models import Service, ServiceCategory, ServiceClassification

HEADER = ",".join(COLUMNS)
DEMO_MENU = Path(importer.__file__).with_name("demo_menu.csv")
SMALL = (
    "Massage,Hilot,With coconut oil,60 minutes,550.00,60",
    "Massage,Hilot,With coconut oil,90 minutes,750.00,90",
    "Face,Peel,,Whole face,700.00,40",
)

pytestmark = pytest.mark.django_db


def sheet(*rows: str) -> list[str]:
    """Return the lines of a file with these rows; a quoted cell may span several."""
    text = "".join(f"{row}\r\n" for row in (HEADER, *rows))
    return io.StringIO(text, newline="").readlines()


def bring_in(*rows: str, **options) -> importer.ImportReport:
    return importer.import_file(sheet(*rows), **options)


def problems_of(*rows: str) -> list[str]:
    with pytest.raises(BadPriceList) as caught:
        bring_in(*rows)
    assert not ServiceCategory.objects.exists()
    return str(caught.value).splitlines()


def prices() -> list[tuple[str, str, Decimal]]:
    offers = ServiceClassification.objects.order_by(
        "service__category__order", "service__order", "order"
    )
    return list(offers.values_list("service__name", "classification", "price"))


def everything() -> list[tuple]:
    models = (ServiceCategory, Service, ServiceClassification)
    return [row for model in models for row in model._default_manager.values_list().order_by("pk")]


@pytest.fixture
def save_as(tmp_path):
    """Write bytes or text to a file and return its path."""

    def save(content: str | bytes) -> str:
        path = tmp_path / "menu.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)

    return save


def run(*args: str, **options) -> str:
    out = io.StringIO()
    call_command("import_menu", *args, stdout=out, **options)
    return out.getvalue()


# -- What arrives -----------------------------------------------------------------------------


def test_every_row_arrives_in_the_order_of_the_file():
    report = bring_in(*SMALL)
    assert (report.added, report.changed, report.unchanged) == (3, 0, 0)
    assert prices() == [
        ("Hilot", "60 minutes", Decimal("550.00")),
        ("Hilot", "90 minutes", Decimal("750.00")),
        ("Peel", "Whole face", Decimal("700.00")),
    ]
    offer = ServiceClassification.objects.get(classification="90 minutes")
    assert offer.duration_minutes == 90
    assert offer.service.description == "With coconut oil"
    assert offer.service.category.name == "Massage"
    assert offer.active
    assert offer.service.active
    assert offer.service.category.active


def test_a_second_import_changes_nothing():
    bring_in(*SMALL)
    before = everything()
    report = bring_in(*SMALL)
    assert (report.added, report.changed, report.unchanged) == (0, 0, 3)
    assert everything() == before


def test_a_price_and_its_minutes_follow_the_file():
    bring_in(*SMALL)
    report = bring_in("Massage,Hilot,With coconut oil,60 minutes,600,65", *SMALL[1:])
    assert [str(change) for change in report.changes] == [
        "line 2: Massage > Hilot > 60 minutes: price 550.00 → 600.00, minutes 60 → 65"
    ]
    assert prices()[0] == ("Hilot", "60 minutes", Decimal("600.00"))


def test_a_description_follows_the_file():
    bring_in(*SMALL)
    report = bring_in(*SMALL[:2], "Face,Peel,Gently,Whole face,700.00,40")
    assert [str(change) for change in report.changes] == [
        "line 4: Face > Peel > Whole face: treatment description “” → “Gently”"
    ]
    assert Service.objects.get(name="Peel").description == "Gently"


def test_what_is_not_in_the_file_stays_as_it_is():
    bring_in(*SMALL)
    before = everything()
    report = bring_in(SMALL[1])
    assert report.left_alone == 2
    assert everything() == before


def test_what_is_listed_is_on_the_menu_again():
    bring_in(*SMALL)
    for model in (ServiceCategory, Service, ServiceClassification):
        model.objects.update(active=False)
    report = bring_in(SMALL[0])
    assert str(report.changes[0]) == (
        "line 2: Massage > Hilot > 60 minutes: "
        "on menu again, treatment on menu again, category on menu again"
    )
    assert [offer.classification for offer in ServiceClassification.objects.on_the_menu()] == [
        "60 minutes"
    ]


def test_prices_on_a_transaction_stay_what_they_were(make_transaction, hour):
    transaction = make_transaction("pending_therapist")
    bring_in("Massage,Swedish Massage,,60 minutes,999.00,75")
    hour.refresh_from_db()
    assert hour.price == Decimal("999.00")
    item = transaction.items.get()
    assert (item.price, item.duration_minutes) == (Decimal("500.00"), 60)
    transaction.refresh_from_db()
    assert transaction.total_amount == Decimal("500.00")


def test_the_demo_menu_is_a_good_price_list():
    report = importer.import_file(DEMO_MENU)
    assert report.added == report.rows == 25
    assert not importer.import_file(DEMO_MENU).changes


# -- The order --------------------------------------------------------------------------------


def test_a_new_row_goes_between_its_neighbours_and_moves_nobody():
    bring_in(*SMALL)
    report = bring_in(SMALL[0], "Massage,Hilot,With coconut oil,75 minutes,650,75", *SMALL[1:])
    assert (report.added, report.changed) == (1, 0)
    assert [name for _service, name, _price in prices()] == [
        "60 minutes",
        "75 minutes",
        "90 minutes",
        "Whole face",
    ]


def test_a_new_row_at_the_end_comes_after_what_is_not_listed():
    bring_in(*SMALL)
    bring_in("Add-ons,Compress,,One,100,10")
    assert list(ServiceCategory.objects.values_list("name", flat=True)) == [
        "Massage",
        "Face",
        "Add-ons",
    ]


def test_a_file_in_another_order_reorders_the_menu():
    bring_in(*SMALL)
    report = bring_in(SMALL[2], SMALL[1], SMALL[0])
    assert report.changed == 2
    assert [name for _service, name, _price in prices()] == [
        "Whole face",
        "90 minutes",
        "60 minutes",
    ]
    assert not bring_in(SMALL[2], SMALL[1], SMALL[0]).changes


def test_new_rows_find_room_where_there_is_none():
    category = ServiceCategory.objects.create(name="Massage")
    for name in ("Hilot", "Shiatsu"):
        service = Service.objects.create(category=category, name=name)
        service.classifications.create(classification="One", price=1, duration_minutes=1)
    bring_in("Massage,Hilot,,One,1,1", "Massage,Thai,,One,1,1", "Massage,Shiatsu,,One,1,1")
    assert [name for name, _classification, _price in prices()] == ["Hilot", "Thai", "Shiatsu"]


# -- How it is written ------------------------------------------------------------------------


def test_spaces_around_and_inside_do_not_matter():
    bring_in(*SMALL)
    assert not bring_in(
        '  Massage , Hilot,"With\n coconut  oil", 60   minutes , 550.00 , 60 '
    ).changes


def test_composed_and_decomposed_letters_are_the_same():
    bring_in("Body,Pin\u0303a Wrap,,One,100,10")
    assert Service.objects.get().name == "Pi\u00f1a Wrap"
    assert not bring_in("Body,Pi\u00f1a Wrap,,One,100,10").changes


def test_a_byte_order_mark_and_other_line_ends_are_fine(save_as):
    report = importer.import_file(save_as("\ufeff" + "\r".join((HEADER, *SMALL))))
    assert report.added == 3


def test_columns_may_come_in_any_order_and_blank_lines_anywhere():
    importer.import_file(
        [
            "\n",
            "PRICE,duration_minutes,classification,service,category,description\n",
            ",,,,,\n",
            "550,60,60 minutes,Hilot,Massage,With coconut oil\n",
            "\n",
        ]
    )
    assert not bring_in(SMALL[0]).changes


# -- What is refused --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "cell", "sentence"),
    [
        ("category", " ", "This cell is empty."),
        ("service", "", "This cell is empty."),
        ("classification", "", "This cell is empty."),
        ("price", "", "This cell is empty."),
        ("duration_minutes", "", "This cell is empty."),
        *(
            ("price", cell, f"“{cell}” isn't a price. Enter one like 150 or 150.00.")
            for cell in (
                "-1",
                "1.234",
                "1 200",
                "$500",
                "NaN",
                "1e3",
                "１５０",
                "123456789",
                "free",
            )
        ),
        *(
            (
                "duration_minutes",
                cell,
                f"“{cell}” isn't a whole number of minutes from 1 to 1440.",
            )
            for cell in ("0", "1441", "-5", "60.0", "1h", "６０", "99999")
        ),
        ("service", "Hi\x07lot", "It contains a character that can't be shown."),
    ],
)
def test_a_bad_cell_is_named_by_line_and_column(column, cell, sentence):
    cells = dict(zip(COLUMNS, SMALL[1].split(","), strict=True)) | {column: cell}
    bad_row = ",".join(cells.values())
    assert problems_of(SMALL[0], bad_row) == [f"line 3, column {column}: {sentence}"]


@pytest.mark.parametrize(
    ("column", "longest"),
    [("category", 80), ("service", 120), ("description", 500), ("classification", 80)],
)
def test_a_text_too_long_for_the_menu_is_named(column, longest):
    cells = dict(zip(COLUMNS, SMALL[0].split(","), strict=True)) | {column: "x" * (longest + 1)}
    (problem,) = problems_of(",".join(cells.values()))
    assert problem.startswith(f"line 2, column {column}: ")
    assert f"at most {longest} characters (it has {longest + 1})" in problem
    bring_in(",".join((cells | {column: "x" * longest}).values()))


def test_every_bad_cell_is_named_in_the_order_of_the_file():
    assert problems_of(
        'Massage,Hilot,"Two\r\nlines",60 minutes,550.00,60',
        "massage,Hilot,Another,60 minutes,free,0",
        "Massage,Hilot,Another,60 minutes,1e400,60",
    ) == [
        "line 4, column price: “free” isn't a price. Enter one like 150 or 150.00.",
        "line 4, column duration_minutes: “0” isn't a whole number of minutes from 1 to 1440.",
        "line 4, column category: “massage” is nearly the same as “Massage”. "
        "Write both the same way.",
        "line 5, column price: “1e400” isn't a price. Enter one like 150 or 150.00.",
        "line 5, column classification: This price is already on line 2.",
        "line 5, column description: Line 2 describes this treatment differently.",
    ]


def test_the_same_name_in_another_place_is_another_line_of_the_menu():
    bring_in("Massage,Express,,One,1,1", "Face,Express,,One,1,1", "Face,Express,,Two,1,1")
    assert ServiceClassification.objects.count() == 3


@pytest.mark.parametrize("name", ["hilot", "HILOT", "Hílot", "Hi\u200blot"])
def test_a_name_too_much_like_one_on_the_menu_is_refused(name):
    bring_in(*SMALL)
    with pytest.raises(
        BadPriceList, match=r"line 2, column service: .* nearly the same as “Hilot”"
    ):
        bring_in(f"Massage,{name},With coconut oil,60 minutes,550.00,60")
    assert Service.objects.count() == 2


def test_names_that_only_the_database_takes_for_the_same_are_refused(monkeypatch):
    bring_in(*SMALL)
    monkeypatch.setattr(importer, "load_menu", lambda **_options: {})
    with pytest.raises(BadPriceList, match="too similar"):
        bring_in(*SMALL)
    assert ServiceClassification.objects.count() == 3


@pytest.mark.parametrize("row", ["Massage,Hilot,x,60 minutes,550", "Massage,Hilot,x,y,1,200,60"])
def test_a_row_with_too_few_or_too_many_cells_is_named(row):
    found = row.count(",") + 1
    assert problems_of(row) == [f"line 2: {found} cells, where the header has 6."]


@pytest.mark.parametrize("row", ['Massage,"Hi"lot,x,y,1,1', 'Massage,"Hilot,x,y,1,1'])
def test_a_quotation_mark_left_open_is_named_by_its_line(row):
    sentence = "A quotation mark isn't closed here, so nothing below it was read."
    assert problems_of(SMALL[0], row, SMALL[1]) == [f"line 3: {sentence}"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "The file is empty."),
        ("\n\n", "The file is empty."),
        ("category;service\n", "line 1: The columns must be separated by commas."),
        (HEADER.replace("price", "cost"), "line 1, column price: This column is missing."),
        (HEADER.replace("price", "cost"), "line 1, column cost: Unknown column."),
        (HEADER + ",price\n", "line 1, column price: This column appears more than once."),
        (f"{HEADER}\nMassage,Pi\xf1a".encode("latin-1"), "line 2: This file isn't UTF-8 text."),
        (HEADER.encode("utf-16"), "line 1: This file isn't UTF-8 text."),
    ],
)
def test_a_file_that_is_no_price_list_is_refused(save_as, content, sentence):
    with pytest.raises(CommandError) as caught:
        run(save_as(content))
    assert sentence in str(caught.value)


def test_a_file_that_is_not_there_or_is_none_is_refused(tmp_path):
    for path in (tmp_path, tmp_path / "none.csv"):
        with pytest.raises(CommandError, match="File not found"):
            run(str(path))


def test_a_header_alone_changes_nothing(save_as):
    assert run(save_as(HEADER)).startswith("0 rows: 0 added, 0 changed, 0 unchanged.\n")


# -- The command ------------------------------------------------------------------------------


def test_the_command_says_what_it_did(save_as):
    path = save_as("".join(sheet(*SMALL)))
    assert run(path) == "3 rows: 3 added, 0 changed, 0 unchanged.\n"
    assert run(path) == (
        "3 rows: 0 added, 0 changed, 3 unchanged.\n"
        "The menu is as the file says; nothing to change.\n"
    )


def test_a_dry_run_shows_each_change_and_writes_nothing(save_as):
    bring_in(*SMALL)
    before = everything()
    rows = (
        "Massage,Hilot,With coconut oil,60 minutes,575,60",
        "Massage,Hilot,With coconut oil,Two hours,950,120",
    )
    assert run(save_as("".join(sheet(*rows))), "--dry-run") == (
        "line 2: Massage > Hilot > 60 minutes: price 550.00 → 575.00\n"
        "line 3: Massage > Hilot > Two hours: added, 950.00, 120 min\n"
        "2 rows: 1 added, 1 changed, 0 unchanged.\n"
        "Prices not in the file, left as they are: 2.\n"
        "This was a dry run: nothing was written.\n"
    )
    assert everything() == before


def test_one_bad_row_and_nothing_is_imported(save_as):
    path = save_as("".join(sheet(*SMALL, "Massage,Hilot,With coconut oil,Short,free,30")))
    with pytest.raises(CommandError) as caught:
        run(path)
    assert str(caught.value) == (
        "Nothing was imported.\n"
        "line 5, column price: “free” isn't a price. Enter one like 150 or 150.00."
    )
    assert not ServiceCategory.objects.exists()


# -- The work it makes ------------------------------------------------------------------------


def many(count: int, *, category: str, price: int = 1) -> list[str]:
    return [f"{category},Service {at // 4},,Tier {at % 4},{price},60" for at in range(count)]


def test_the_number_of_statements_does_not_grow_with_the_file(captured_statements):
    if not connection.features.can_return_rows_from_bulk_insert:
        pytest.skip("MySQL does not tell the keys of new rows, so each is written alone")

    def statements(*rows: str) -> int:
        with captured_statements() as sent:
            bring_in(*rows)
        return sum("catalog_" in statement for statement in sent)

    for count, category in ((8, "Massage"), (40, "Face")):
        rows = many(count, category=category)
        # MariaDB is asked for the collations of these columns.
        asked = 1 if connection.vendor == "mysql" else 0
        assert statements(*rows) == 9 + asked, "three to read the menu, two to add on each level"
        assert statements(*rows) == 3
        assert statements(*many(count, category=category, price=2)) == 5


def test_only_what_differs_is_written(captured_statements):
    bring_in(*SMALL)
    with captured_statements() as sent:
        bring_in("Massage,Hilot,With coconut oil,60 minutes,600,60")
    updates = (statement for statement in sent if statement.startswith("UPDATE"))
    (update,) = (statement for statement in updates if "catalog_" in statement)
    assert "price" in update
    assert "duration_minutes" not in update
    assert "order" not in update


def test_a_database_that_does_not_tell_new_ids_gets_every_row_too(monkeypatch):
    monkeypatch.setattr(type(connection.features), "can_return_rows_from_bulk_insert", False)
    bring_in(*SMALL)
    monkeypatch.undo()
    assert not bring_in(*SMALL).changes
