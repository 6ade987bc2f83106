"""Tests of the installable application: manifest, service worker, and the offline page."""

import json

import pytest
from django.conf import settings


def test_the_manifest_names_the_spa_and_its_icons(client, branch):
    answer = client.get("/manifest.webmanifest")
    assert answer["Content-Type"] == "application/manifest+json"
    manifest = answer.json()
    assert manifest["name"] == "Makati"
    assert {icon["purpose"] for icon in manifest["icons"]} == {"any", "maskable"}
    for icon in manifest["icons"]:
        assert (settings.BASE_DIR / icon["src"].lstrip("/")).read_bytes()[1:4] == b"PNG"


def test_the_worker_keeps_the_offline_page_and_no_data(client, branch):
    answer = client.get("/service-worker.js")
    assert answer["Content-Type"].startswith("text/javascript")
    script = answer.content.decode()
    shell = json.loads(script.split("const SHELL = ")[1].split(";\n")[0])
    assert shell["page"] == "/offline/"
    assert all(path.startswith("/static/") for path in shell["files"])
    assert "/api/" not in script


def test_another_language_is_another_shell(client, branch):
    english = client.get("/service-worker.js").content
    assert client.get("/service-worker.js", headers={"Accept-Language": "es"}).content != english


def test_the_offline_page_tries_again_by_itself(client, branch):
    page = client.get("/offline/").content.decode()
    assert "js/pages/offline.js" in page
    assert "page-data" not in page


@pytest.mark.parametrize("path", ["/", "/menu/", "/accounts/login/"])
def test_a_visitors_page_offers_the_languages(client, branch, hour, path):
    page = client.get(path).content.decode()
    for code, name in settings.LANGUAGES:
        assert f'value="{code}"' in page
        assert name in page


def test_a_chosen_language_is_remembered(client, branch):
    answer = client.post("/language/", {"language": "es", "next": "/menu/"})
    assert answer["Location"] == "/menu/"
    assert '<html lang="es"' in client.get("/").content.decode()
