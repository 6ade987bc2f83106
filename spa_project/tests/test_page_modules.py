"""Tests that a page preloads every module of its script."""

import re
from pathlib import Path

import pytest
from django.conf import settings

STATIC = settings.BASE_DIR / "static"
PRELOAD = re.compile(r'<link rel="modulepreload" href="/static/([^"]+)">')
SCRIPT = re.compile(r'<script type="module" src="/static/(js/pages/[^"]+)">')


def needed_by(module: Path, known: set[Path]) -> set[Path]:
    """Return the files that a module imports, and those that these import."""
    known.add(module)
    for address in re.findall(r'from "([^"]+)"', module.read_text()):
        imported = (module.parent / address).resolve()
        if imported not in known:
            needed_by(imported, known)
    return known


@pytest.mark.parametrize("path", ["/menu/", "/board/", "/therapist/", "/desk/", "/monitor/"])
def test_a_page_names_every_module_it_needs(client, branch, maya, hour, path):
    client.force_login(maya.user)
    page = client.get(path).content.decode()
    [script] = SCRIPT.findall(page)
    needed = needed_by(STATIC / script, set()) - {STATIC / script}
    assert needed
    assert {STATIC / name for name in PRELOAD.findall(page)} == needed
