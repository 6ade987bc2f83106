"""Tests of uploaded pictures: encoded anew, stored by content, refused when they are none."""

import io
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image

from catalog.serializers import serialize_menu
from catalog.tests.test_admin import formset, service_form

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


@pytest.fixture(autouse=True)
def media(settings, tmp_path) -> Path:
    """Return the folder of uploaded pictures."""
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT


@pytest.fixture
def manager(client, maria):
    """Return the browser of the manager Maria."""
    client.force_login(maria)
    return client


def picture(kind: str = "JPEG", size=(2000, 1000), *, turned: bool = False, mode="RGB") -> bytes:
    """Return a picture, red on the left and blue on the right, with a name in its EXIF."""
    image = Image.new(mode, size, "red")
    image.paste("blue", (size[0] // 2, 0, *size))
    exif = Image.Exif()
    exif[0x013B] = "Secret Photographer"
    if turned:
        exif[0x0112] = 6
    file = io.BytesIO()
    image.save(file, kind, exif=exif)
    return file.getvalue()


def upload(manager, massage, content: bytes, name: str = "hilot.jpg", **more):
    form = service_form(massage.category, name=massage.name, order=0, **more)
    form |= formset("classifications") | {"image": SimpleUploadedFile(name, content)}
    return manager.post(reverse("admin:catalog_service_change", args=[massage.pk]), form)


def stored(media: Path) -> dict[str, Path]:
    return {path.stem.split("-")[1]: path for path in (media / "menu").iterdir()}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_is_stored_in_two_sizes_without_its_metadata(manager, massage, media, kind):
    content = picture(kind)
    assert b"Secret Photographer" in content
    assert upload(manager, massage, content).status_code == 302
    for size, pixels in (("full", (1600, 800)), ("card", (640, 320))):
        content = stored(media)[size].read_bytes()
        assert b"Secret" not in content
        image = Image.open(io.BytesIO(content))
        assert (image.format, image.size, dict(image.getexif())) == ("WEBP", pixels, {})


def test_a_picture_is_turned_as_its_camera_was_held(manager, massage, media):
    upload(manager, massage, picture(turned=True))
    image = Image.open(io.BytesIO(stored(media)["full"].read_bytes()))
    assert image.size == (800, 1600)
    pixel: Any = image.convert("RGB").getpixel((400, 100))
    red, _green, blue = pixel
    assert red > 200 > 50 > blue


def test_transparency_stays(manager, massage, media):
    file = io.BytesIO()
    Image.new("RGBA", (50, 50), (0, 0, 0, 0)).save(file, "PNG")
    upload(manager, massage, file.getvalue())
    image = Image.open(io.BytesIO(stored(media)["full"].read_bytes()))
    pixel: Any = image.convert("RGBA").getpixel((5, 5))
    assert pixel[3] == 0


def test_the_same_picture_is_stored_once_and_a_removed_one_is_no_longer_shown(
    manager, massage, hour, media
):
    upload(manager, massage, picture(), image_url="/static/img/hilot.jpg")
    upload(manager, massage, picture(), name="other.jpg")
    assert len(stored(media)) == 2
    form = service_form(massage.category, name=massage.name, order=0, image_url="/static/a.jpg")
    form |= formset("classifications") | {"image-clear": "on"}
    manager.post(reverse("admin:catalog_service_change", args=[massage.pk]), form)
    assert serialize_menu()["categories"][0]["services"][0]["image_url"] == "/static/a.jpg"


def test_the_menu_names_the_uploaded_picture_and_anyone_gets_it(
    manager, massage, hour, media, client
):
    upload(manager, massage, picture(), image_url="/static/img/hilot.jpg")
    address = serialize_menu()["categories"][0]["services"][0]["image_url"]
    client.logout()
    answer = client.get(address)
    assert answer.content == stored(media)["card"].read_bytes()
    assert answer["Content-Type"] == "image/webp"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "immutable" in answer["Cache-Control"]


@pytest.mark.parametrize("name", ["../../spa.sqlite3", "x.webp", "0" * 32 + "-card.webp"])
def test_no_other_file_is_served(client, name):
    assert client.get(f"/media/menu/{name}").status_code == 404


def test_a_backup_contains_the_pictures(manager, massage, media, tmp_path, settings):
    from spa_project.backups import copy_pictures

    upload(manager, massage, picture())
    kept = tmp_path / "copies" / "media"
    copy_pictures(media, kept)
    again = tmp_path / "again"
    copy_pictures(kept, again)
    assert {path.name: path.read_bytes() for path in again.rglob("*.webp")} == {
        path.name: path.read_bytes() for path in media.rglob("*.webp")
    }
    assert len(list(again.rglob("*.webp"))) == 2


# -- What is refused ------------------------------------------------------------------------------

SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, rows: int) -> bytes:
    """Return a PNG of zeros that claims a size and has only some of its rows."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(bytes((width * 3 + 1) * rows), 9)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )


def jpeg_that_claims(width: int, height: int) -> bytes:
    """Return a small JPEG whose header claims another size."""
    content = bytearray(picture(size=(16, 16)))
    at = content.index(b"\xff\xc0") + 5
    content[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(content)


def long_text() -> bytes:
    """Return a PNG with a compressed comment of 400 MB."""
    comment = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(400_000_000), 1))
    small = png(8, 8, 8)
    return small[:33] + comment + small[33:]


REFUSED = {
    "script": lambda: b"#!/bin/sh\nrm -rf /\n",
    "page": lambda: b"<!doctype html><script>alert(1)</script>",
    "svg": lambda: SVG,
    "gif": lambda: b"GIF89a" + bytes(50),
    "empty png": lambda: b"\x89PNG\r\n\x1a\n",
    "cut off": lambda: picture()[:2000],
    "200 megapixels": lambda: jpeg_that_claims(20_000, 10_000),
    "100 megapixels": lambda: jpeg_that_claims(10_000, 10_000),
    "bomb": lambda: png(14_000, 14_000, 14_000),
    "small bomb": lambda: png(5000, 5000, 5000),
    "long text": long_text,
}
DECODE = """
import sys, time, io
import django; django.setup()
from django.core.exceptions import ValidationError
from spa_project.lib.web import pictures
content = sys.stdin.buffer.read()
started = time.process_time()
try:
    pictures.encode(io.BytesIO(content))
    print("taken")
except ValidationError as error:
    print(error.messages[0])
print(time.process_time() - started)
# Of this program alone; ru_maxrss counts what the test had before it was started, too.
[peak] = (line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(peak.split()[1])
"""


@pytest.mark.sample(4)
@pytest.mark.slow
@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_no_picture_is_refused_within_a_second_and_300_megabytes(kind):
    done = subprocess.run(
        [sys.executable, "-c", DECODE], input=REFUSED[kind](), capture_output=True, check=True
    )
    said, seconds, kilobytes = done.stdout.decode().splitlines()
    assert said != "taken"
    assert float(seconds) < 1
    assert int(kilobytes) < 300_000


@pytest.mark.sample(1)
@pytest.mark.slow
@pytest.mark.parametrize(("kind", "size"), [("JPEG", (9000, 7000)), ("PNG", (4000, 4000))])
def test_the_largest_pictures_need_no_more_than_300_megabytes(kind, size):
    content = picture(kind, size)
    done = subprocess.run(
        [sys.executable, "-c", DECODE], input=content, capture_output=True, check=True
    )
    said, _seconds, kilobytes = done.stdout.decode().splitlines()
    assert said == "taken"
    assert int(kilobytes) < 300_000


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("script", "isn&#x27;t a JPEG, PNG or WebP picture."),
        ("svg", "isn&#x27;t a JPEG, PNG or WebP picture."),
        ("cut off", "This picture is damaged."),
        ("200 megapixels", "This picture has too many pixels."),
        ("100 megapixels", "This picture has too many pixels."),
    ],
)
def test_the_form_says_why_and_nothing_is_stored(manager, massage, media, kind, sentence):
    page = upload(manager, massage, REFUSED[kind]()).text
    assert sentence in page
    assert not media.exists()
    massage.refresh_from_db()
    assert not massage.image


def test_more_than_8_megabytes_are_refused(manager, massage, media):
    page = upload(manager, massage, picture() + bytes(8 * 1024 * 1024)).text
    assert "The picture is larger than 8 MB." in page
