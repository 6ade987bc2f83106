"""Tests of the addresses that other machines open: QR codes, and the demo on a local network."""

import pytest
import segno
from django.urls import reverse

from queueing.states import Status
from spa_project.lib import local_addresses
from spa_project.lib.local_addresses import reachable_addresses
from spa_project.lib.web.qr import public_address
from spa_project.management.commands.demo import open_to


@pytest.fixture
def lan(monkeypatch, settings):
    """Pretend that this machine has two addresses in its networks."""
    settings.ALLOWED_HOSTS, settings.PUBLIC_URL = ["127.0.0.1"], ""
    monkeypatch.setattr(local_addresses, "_address_of_default_route", lambda: "192.168.1.20")
    monkeypatch.setattr(
        local_addresses, "_addresses_of_name", lambda: ["127.0.1.1", "192.168.1.20", "10.8.0.2"]
    )


@pytest.mark.parametrize(
    ("bind", "addresses"),
    [
        ("0.0.0.0", ["192.168.1.20", "10.8.0.2"]),
        ("192.168.1.20", ["192.168.1.20"]),
        ("127.0.0.1", []),
        ("localhost", []),
    ],
)
def test_addresses_are_those_that_others_reach(lan, bind, addresses):
    assert reachable_addresses(bind) == addresses


def test_a_demo_on_a_local_network_answers_phones(lan, client, branch):
    assert client.get("/menu/", headers={"host": "192.168.1.20:8000"}).status_code == 400
    open_to("0.0.0.0", 8000)
    assert client.get("/menu/", headers={"host": "192.168.1.20:8000"}).status_code == 200
    assert client.get("/menu/", headers={"host": "elsewhere.example"}).status_code == 400


def test_a_demo_in_a_container_answers_at_the_address_of_its_published_port(
    lan, settings, client, branch
):
    settings.PUBLIC_URL = "http://192.168.77.5:8000/"
    assert open_to("0.0.0.0", 8000)[0] == "http://192.168.77.5:8000"
    assert client.get("/menu/", headers={"host": "192.168.77.5:8000"}).status_code == 200
    assert client.get("/menu/", headers={"host": "elsewhere.example"}).status_code == 400


def test_codes_on_a_till_at_this_machine_lead_to_its_address_in_the_network(
    lan, client, make_transaction, monkeypatch
):
    open_to("0.0.0.0", 8000)
    drawn: list[str] = []
    make_qr = segno.make_qr

    def draw(address: str) -> segno.QRCode:
        drawn.append(address)
        return make_qr(address)

    monkeypatch.setattr(segno, "make_qr", draw)
    paid = make_transaction(Status.PAID)
    host = {"host": "127.0.0.1:8000"}
    for name, key in (("ticket", paid.key), ("receipt", paid.payment.receipt_key)):
        assert client.get(reverse(f"{name}_qr", args=[key]), headers=host).status_code == 200
        assert drawn.pop() == f"http://192.168.1.20:8000{reverse(name, args=[key])}"


def test_without_a_public_address_codes_lead_to_the_pages_own_host(rf, settings):
    settings.ALLOWED_HOSTS, settings.PUBLIC_URL = ["spa.example"], ""
    request = rf.get("/", headers={"host": "spa.example"})
    assert public_address(request, "/ticket/a/") == "http://spa.example/ticket/a/"
    settings.PUBLIC_URL = "https://public.example/"
    assert public_address(request, "/ticket/a/") == "https://public.example/ticket/a/"


@pytest.mark.parametrize("pattern", ["*", ".spa.example"])
def test_codes_lead_to_configured_names_only(rf, settings, pattern):
    settings.ALLOWED_HOSTS, settings.PUBLIC_URL = [pattern, "spa.example"], ""
    forged = rf.get("/", headers={"host": "elsewhere.spa.example"})
    assert public_address(forged, "/ticket/x/") == "http://spa.example/ticket/x/"
    right = rf.get("/", headers={"host": "spa.example:8000"})
    assert public_address(right, "/ticket/x/") == "http://spa.example:8000/ticket/x/"
