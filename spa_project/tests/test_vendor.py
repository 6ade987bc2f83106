"""Tests that vendored files are listed with their licence and checksum."""

import hashlib
import json
import re
from pathlib import Path

import pytest
from django.conf import settings

from tools.artwork import ICONS, SPRITE

FOLDERS = (
    settings.BASE_DIR / "static" / "vendor",
    settings.BASE_DIR / "tools" / "screens" / "vendor",
)


def listed_in(folder: Path) -> list[dict[str, str]]:
    entries: list[dict[str, str]] = json.loads((folder / "manifest.json").read_text())["files"]
    return entries


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_every_vendored_file_is_listed(folder):
    listed = {entry[key] for entry in listed_in(folder) for key in ("file", "licence_file")}
    # Written by us: types for a listed module without any.
    declared = {path.name for path in folder.glob("*.d.ts")}
    assert declared <= {name.removesuffix(".js") + ".d.ts" for name in listed}
    assert {path.name for path in folder.iterdir()} == listed | declared | {"manifest.json"}


@pytest.mark.parametrize(
    ("folder", "entry"),
    [(folder, entry) for folder in FOLDERS for entry in listed_in(folder)],
    ids=lambda value: value["file"] if isinstance(value, dict) else "",
)
def test_a_vendored_file_is_what_its_sum_says(folder, entry):
    content = (folder / entry["file"]).read_bytes()
    assert hashlib.sha256(content).hexdigest() == entry["sha256"]
    assert entry["version"]
    assert entry["licence"] in {"MIT", "ISC", "MPL-2.0"}


def test_the_sprite_has_the_icons_it_should():
    assert re.findall(r'<symbol id="([\w-]+)"', SPRITE.read_text()) == list(ICONS)


def test_a_template_asks_only_for_icons_there_are():
    asked = set()
    for path in (settings.BASE_DIR / "templates").rglob("*.html"):
        asked |= set(re.findall(r'parts/_icon\.html" with name="([\w-]+)"', path.read_text()))
    assert asked <= set(ICONS)
    assert len(asked) > 10


def test_the_lock_of_the_script_tools_has_sums_and_names_no_registry():
    lock = json.loads((settings.BASE_DIR / "tools" / "frontend" / "package-lock.json").read_text())
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert packages
    assert [name for name, entry in packages.items() if "integrity" not in entry] == []
    assert [name for name, entry in packages.items() if "resolved" in entry] == []
