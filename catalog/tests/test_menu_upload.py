"""Tests of importing and exporting the menu in the admin: upload, preview, apply."""

import re
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from catalog.menu_import import importer, xlsx_format
from catalog.menu_import.rows import COLUMNS
from catalog.models import Service, ServiceClassification

HEADER = ",".join(COLUMNS)
ADDRESS = "/admin/catalog/pricelist/"

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager(client, maria):
    """Return the browser of the manager Maria."""
    client.force_login(maria)
    return client


def upload(manager, *rows: str, content: bytes = b"", name: str = "prices.csv"):
    content = content or "\r\n".join((HEADER, *rows)).encode()
    file = SimpleUploadedFile(name, content)
    return manager.post(f"{ADDRESS}import/", {"file": file})


def preview(manager) -> str:
    return manager.get(f"{ADDRESS}preview/").text


def apply(manager, page: str):
    seen = re.search(r'name="seen" value="(\w+)"', page)
    assert seen
    return manager.post(f"{ADDRESS}preview/", {"apply": "Import", "seen": seen[1]})


def test_a_price_list_is_uploaded_previewed_and_applied(manager, hour):
    answer = upload(
        manager,
        'Massage,Swedish Massage,,60 minutes,"₱2,400.00",60',
        "Massage,Hilot,,45 min,430,45",
    )
    assert answer["Location"] == f"{ADDRESS}preview/"
    page = preview(manager)
    assert "1 added, 1 changed, 0 unchanged." in re.sub(r"\s+", " ", page)
    assert "price 500.00 → 2400.00" in page
    assert "Massage › Hilot › 45 min" in page
    assert not Service.objects.filter(name="Hilot").exists(), "a preview writes nothing"
    assert apply(manager, page)["Location"] == ADDRESS
    hour.refresh_from_db()
    assert hour.price == Decimal(2400)
    assert Service.objects.filter(name="Hilot").exists()
    assert manager.get(f"{ADDRESS}preview/")["Location"] == f"{ADDRESS}import/"


def test_a_workbook_is_uploaded_like_csv(manager, hour):
    content = importer.export_workbook()
    upload(manager, content=content, name="prices.xlsx")
    assert "nothing to change" in preview(manager)


def test_errors_name_line_and_column_and_nothing_is_kept(manager, hour):
    page = upload(manager, "Massage,Hilot,,One,free,60", "Massage,,,One,1,1").text
    text = re.sub(r"<[^>]+>|\s+", " ", page)
    assert re.search(r" 2 +price +“free” isn&#x27;t a price", text)
    assert re.search(r" 3 +service +This cell is empty\.", text)
    assert manager.get(f"{ADDRESS}preview/").status_code == 302
    assert Service.objects.count() == 1


def test_names_that_look_alike_are_errors_of_the_upload(manager, hour):
    assert "nearly the same as" in upload(manager, "massage,Hilot,,One,1,1").text


def test_a_menu_that_changed_after_the_preview_is_not_overwritten(manager, hour):
    upload(manager, "Massage,Swedish Massage,,60 minutes,550,60")
    page = preview(manager)
    ServiceClassification.objects.update(price=480)
    answer = apply(manager, page)
    hour.refresh_from_db()
    assert hour.price == Decimal(480)
    assert "The menu changed after this preview." in answer.text
    assert "price 480.00 → 550.00" in answer.text
    apply(manager, answer.text)
    hour.refresh_from_db()
    assert hour.price == Decimal(550)


def test_nothing_is_applied_without_its_preview(manager, hour):
    upload(manager, "Massage,Swedish Massage,,60 minutes,550,60")
    manager.post(f"{ADDRESS}preview/", {"apply": "Import"})
    hour.refresh_from_db()
    assert hour.price == Decimal(500)


def test_an_upload_belongs_to_its_manager(manager, hour, client, branch):
    upload(manager, "Massage,Swedish Massage,,60 minutes,550,60")
    from conftest import make_user

    client.force_login(make_user("Manny", branch, is_staff=True))
    assert client.get(f"{ADDRESS}preview/").status_code == 302


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"\0" * 2_000_000, "The file is larger than 1.0\xa0MB."),
        (b"PK\x03\x04broken", "isn&#x27;t an Excel workbook"),
        (b"\xff\xfe", "isn&#x27;t UTF-8 text"),
        (b"\n", "The file is empty."),
    ],
)
def test_what_is_no_price_list_is_told(manager, hour, content, sentence):
    assert sentence in upload(manager, content=content).text


def test_more_than_any_upload_is_refused_before_it_is_read(manager, hour):
    answer = upload(manager, content=b"x" * 10_000_000)
    assert answer.status_code == 400


def test_other_pages_take_no_more_than_before(client, branch):
    answer = client.post("/accounts/login/", {"username": "x" * 70_000})
    assert answer.status_code == 400


def test_exports_are_what_an_import_reads(manager, hour):
    csv = manager.get(f"{ADDRESS}csv/")
    assert re.search(r'filename="menu-[\d-]+\.csv"', csv["Content-Disposition"])
    assert not importer.import_file(csv.content).changes
    book = manager.get(f"{ADDRESS}xlsx/")
    assert book["Content-Type"] == xlsx_format.CONTENT_TYPE
    assert not importer.import_file(book.content).changes
