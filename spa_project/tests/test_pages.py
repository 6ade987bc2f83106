"""Tests of the access to each page."""

import json
import re
from typing import Any

import pytest

from queueing.states import Status

STAFF_PAGES = {
    "/therapist/": {"maya"},
    "/cashier/": {"carl"},
    "/desk/": {"maya", "carl", "maria"},
    "/monitor/": {"maya", "carl", "mona", "maria"},
}


@pytest.mark.parametrize("path", ["/", "/menu/", "/menu/?kiosk=1", "/board/", "/accounts/login/"])
def test_a_visitors_page_opens_for_anyone(client, branch, hour, path):
    assert client.get(path).status_code == 200


@pytest.mark.parametrize("person", ["nobody", "maya", "carl", "mona", "maria"])
@pytest.mark.parametrize("path", STAFF_PAGES)
def test_a_staff_page_opens_for_its_roles(client, maya, carl, mona, maria, path, person):
    users = {"maya": maya.user, "carl": carl.user, "mona": mona, "maria": maria}
    if person in users:
        client.force_login(users[person])
    response = client.get(path)
    if person == "nobody":
        assert response.status_code == 302
        assert response["Location"] == f"/accounts/login/?next={path}"
    elif person in STAFF_PAGES[path]:
        assert response.status_code == 200
        assert response["Cache-Control"] == "no-store"
    else:
        assert response.status_code == 403


def data_in(page: str) -> dict[str, Any]:
    """Return the data that a page passes to its script."""
    found = re.search(r'<script id="page-data" type="application/json">(.*?)</script>', page)
    assert found
    data: dict[str, Any] = json.loads(found[1])
    return data


@pytest.mark.parametrize(
    ("path", "person"),
    [
        ("/therapist/", "maya"),
        ("/cashier/", "carl"),
        ("/desk/", "maria"),
        ("/monitor/", "mona"),
        ("/monitor/", "maria"),
        ("/board/", ""),
    ],
)
def test_a_page_brings_what_its_screen_shows_now(
    client, maya, carl, mona, maria, make_transaction, path, person
):
    make_transaction(Status.FINISHED)
    make_transaction(Status.PENDING_THERAPIST)
    if person:
        people = {"maya": maya.user, "carl": carl.user, "mona": mona, "maria": maria}
        client.force_login(people[person])
    data = data_in(client.get(path).content.decode())
    shown = client.get(data["snapshot_url"]).json()
    assert data["snapshot"]["transactions"]
    assert data["snapshot"] | {"server_now": ""} == shown | {"server_now": ""}


def test_a_ticket_page_opens_with_its_key(client, make_transaction):
    key = make_transaction(Status.PENDING_THERAPIST).key
    assert client.get(f"/ticket/{key}/").status_code == 200
    picture = client.get(f"/ticket/{key}/qr.svg")
    assert picture["Content-Type"] == "image/svg+xml"
    assert b"<svg" in picture.content
    assert client.get("/ticket/not-a-key/").status_code == 404
    assert client.get("/ticket/not-a-key/qr.svg").status_code == 404


def test_with_several_branches_a_visitor_chooses_once(client, branch, other_branch, hour):
    assert client.get("/menu/")["Location"] == "/"
    assert b"?branch=cebu" in client.get("/").content
    assert client.get("/menu/?branch=cebu").status_code == 200
    assert client.get("/menu/").status_code == 200, "the choice is remembered"
    assert client.get("/menu/?branch=nowhere")["Location"] == "/"


def test_a_closed_branch_says_so_and_names_the_open_ones(client, branch, other_branch):
    branch.active = False
    branch.save()
    page = client.get("/menu/?branch=makati").content.decode()
    assert "Makati is closed" in page
    assert "/menu/?branch=cebu" in page


def test_a_branch_that_has_closed_is_not_remembered(client, branch, other_branch):
    client.get("/menu/?branch=makati")
    branch.active = False
    branch.save()
    assert "Welcome to Cebu" in client.get("/").content.decode()
    assert "Makati" not in client.get("/menu/").content.decode()


def test_a_screen_of_the_waiting_room_goes_on_while_the_branch_is_closed(client, branch):
    branch.active = False
    branch.save()
    assert client.get("/board/?branch=makati").status_code == 200


def test_the_process_says_that_it_lives(client, db):
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 200


def test_a_page_that_is_none_says_so(client, branch):
    assert client.get("/nothing/").status_code == 404
