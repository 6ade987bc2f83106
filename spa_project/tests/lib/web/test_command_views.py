"""Tests of the commands and snapshots over HTTP, and of the common response headers."""

import json

import pytest
from django.db import DataError, IntegrityError, InterfaceError, OperationalError
from django.test import Client

from conftest import PASSWORD
from queueing.models import Transaction
from queueing.states import Status
from spa_project.lib.commands import REGISTRY


def post(client: Client, command: str, data=None, query: str = "", **headers) -> tuple[int, dict]:
    body = data if isinstance(data, str) else json.dumps(data or {})
    response = client.post(
        f"/api/commands/{command}/{query}", body, content_type="application/json", **headers
    )
    return response.status_code, response.json()


@pytest.fixture
def as_maya(client, maya) -> Client:
    client.force_login(maya.user)
    return client


def test_a_customer_confirms_over_http(client, branch, hour):
    items = [{"service_classification_id": hour.pk}]
    status, reply = post(client, "customer_confirm_selection", {"items": items})
    assert status == 200
    assert reply["ok"]
    assert Transaction.objects.get().key == reply["key"]


def test_with_several_branches_the_address_names_one(client, branch, other_branch, hour):
    items = [{"service_classification_id": hour.pk}]
    status, _reply = post(client, "customer_confirm_selection", {"items": items})
    assert status == 400
    status, reply = post(
        client, "customer_confirm_selection", {"items": items}, query="?branch=cebu"
    )
    assert reply["transaction"]["branch"] == "cebu"


def test_a_therapist_claims_over_http(as_maya, make_transaction):
    waiting = make_transaction(Status.PENDING_THERAPIST)
    status, reply = post(as_maya, "therapist_confirm_next")
    assert status == 200
    assert reply["transaction"]["id"] == waiting.pk


def test_a_refusal_has_the_same_words_and_a_status(as_maya):
    status, reply = post(as_maya, "therapist_confirm_next")
    assert status == 409
    assert reply == {"ok": False, "code": "queue_empty", "error": "No one is waiting."}


def test_a_session_must_prove_that_the_page_is_ours(maya):
    client = Client(enforce_csrf_checks=True)
    client.force_login(maya.user)
    status, reply = post(client, "therapist_confirm_next")
    assert (status, reply["code"]) == (403, "not_allowed")
    client.get("/therapist/")
    token = client.cookies["csrftoken"].value
    status, reply = post(client, "therapist_confirm_next", HTTP_X_CSRFTOKEN=token)
    assert (status, reply["code"]) == (409, "queue_empty")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ("{nope", 400, "invalid"),
        ("[" * 100_000, 400, "invalid"),
        ("[]", 400, "invalid"),
        ('"text"', 400, "invalid"),
        (json.dumps({"customer_name": "x" * 70_000}), 400, "invalid"),
        ("{}", 400, "invalid"),
        ('{"items": [{"service_classification_id": 424242}]}', 404, "service_not_found"),
    ],
    ids=["no json", "too deep", "a list", "a text", "too big", "no items", "unknown service"],
)
def test_a_bad_body_is_refused_in_words(client, branch, body, status, code):
    assert post(client, "customer_confirm_selection", body)[0] == status
    assert post(client, "customer_confirm_selection", body)[1]["code"] == code


def test_an_unknown_command_is_named_as_such(client, db):
    assert post(client, "make_me_rich") == (
        404,
        {"ok": False, "code": "unknown_command", "error": "Unknown command."},
    )


STAFF_COMMANDS = {
    "therapist_confirm_next": {"maya"},
    "therapist_start_service": {"maya"},
    "therapist_add_service": {"maya"},
    "therapist_remove_item": {"maya"},
    "therapist_finish_service": {"maya"},
    "room_set_status": {"maya", "maria"},
    "cashier_claim_next": {"carl"},
    "cashier_claim": {"carl"},
    "cashier_release": {"carl", "maria"},
    "cashier_pay": {"carl"},
    "cashier_payment_result": {"carl", "maria"},
    "cashier_add_item": {"carl", "maria"},
    "cashier_remove_item": {"carl", "maria"},
    "cashier_apply_discount": {"carl", "maria"},
    "cashier_remove_discount": {"carl", "maria"},
    "cashier_refund": {"carl"},
}
DATA = {
    "therapist_start_service": {"transaction_id": 1},
    "therapist_add_service": {"transaction_id": 1, "service_classification_id": 1},
    "therapist_remove_item": {"transaction_id": 1, "item_id": 1},
    "therapist_finish_service": {"transaction_id": 1},
    "room_set_status": {"room_number": "1", "status": "available"},
    "cashier_claim": {"code": "0001"},
    "cashier_release": {"transaction_id": 1},
    "cashier_pay": {"transaction_id": 1, "amount_paid": "1"},
    "cashier_payment_result": {"transaction_id": 1, "approved": True},
    "cashier_add_item": {"transaction_id": 1, "service_classification_id": 1},
    "cashier_remove_item": {"transaction_id": 1, "item_id": 1, "reason": "no"},
    "cashier_apply_discount": {"transaction_id": 1, "discount": "promo"},
    "cashier_remove_discount": {"transaction_id": 1, "discount": "promo"},
    "cashier_refund": {"receipt_number": 1, "reason": "ill", "request_id": "refund-01"},
}


@pytest.mark.parametrize("person", ["nobody", "maya", "carl", "mona", "maria"])
@pytest.mark.parametrize("command", STAFF_COMMANDS)
def test_who_may_do_what(client, maya, carl, mona, maria, command, person):
    users = {"maya": maya.user, "carl": carl.user, "mona": mona, "maria": maria}
    if person in users:
        client.force_login(users[person])
    status, _reply = post(client, command, DATA.get(command))
    if person in STAFF_COMMANDS[command]:
        assert status not in (401, 403)
    else:
        assert status == (401 if person == "nobody" else 403)


def test_the_menu_is_sent_once_to_who_has_it(client, hour):
    first = client.get("/api/menu/")
    assert first.json()["categories"][0]["services"][0]["classifications"][0]["price"] == "500.00"
    again = client.get("/api/menu/", headers={"if-none-match": first["ETag"]})
    assert again.status_code == 304
    hour.price = 600
    hour.save()
    assert client.get("/api/menu/", headers={"if-none-match": first["ETag"]}).status_code == 200


@pytest.mark.parametrize("screen", ["therapist", "cashier", "monitor", "board"])
def test_a_snapshot_over_http_changes_with_the_floor_only(
    client, maya, carl, make_transaction, screen
):
    client.force_login(carl.user if screen == "cashier" else maya.user)
    address = f"/api/snapshots/{screen}/"
    first = client.get(address)
    assert first.json()["transactions"] == []
    same = client.get(address, headers={"if-none-match": first["ETag"]})
    assert same.status_code == 304
    make_transaction(Status.FINISHED if screen == "cashier" else Status.PENDING_THERAPIST)
    changed = client.get(address, headers={"if-none-match": first["ETag"]})
    assert len(changed.json()["transactions"]) == 1


@pytest.mark.parametrize("screen", ["therapist", "cashier", "monitor"])
def test_a_strangers_snapshot_is_refused(client, branch, screen):
    response = client.get(f"/api/snapshots/{screen}/")
    assert (response.status_code, response.json()["code"]) == (401, "not_authenticated")


def test_a_ticket_opens_with_its_key_only(client, make_transaction):
    ticket = make_transaction(Status.PENDING_THERAPIST)
    shown = client.get(f"/api/tickets/{ticket.key}/").json()["transaction"]
    assert shown["code"] == ticket.code
    response = client.get("/api/tickets/0001/")
    assert (response.status_code, response.json()["code"]) == (404, "transaction_not_found")


def test_the_openapi_document_names_every_command(client, db):
    document = client.get("/api/openapi.json").json()
    paths = document["paths"]
    for command in ("customer_confirm_selection", *STAFF_COMMANDS):
        body = paths[f"/api/commands/{command}/"]["post"]["requestBody"]
        schema = body["content"]["application/json"]["schema"]
        assert {"type": "null"} in schema.get("anyOf", []) or schema["required"]
    assert "ChosenItem" in document["components"]["schemas"]


def test_the_openapi_document_says_which_operations_need_a_login(client, db):
    document = client.get("/api/openapi.json").json()
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    needed = {
        operation["operationId"]
        for methods in document["paths"].values()
        for operation in methods.values()
        if operation.get("security")
    }
    assert needed == {name for name, command in REGISTRY.items() if command.roles} | {
        "logout",
        "ws_ticket",
        "lock",
        "unlock",
        "snapshot_therapist",
        "snapshot_chain",
        "snapshot_monitor",
        "snapshot_display",
        "snapshot_cashier",
        "day_cashier",
        "day_therapist",
        "receipt_to_refund",
        "sales",
        "tips",
        "turns",
    }


def test_every_page_carries_the_content_policy(client, branch):
    policy = client.get("/")["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy


def test_a_fault_leaks_nothing(client, branch, hour, monkeypatch):
    def fail(*_args, **_kwargs):
        raise ZeroDivisionError("the secret of the house")

    monkeypatch.setattr("queueing.services.confirm_selection", fail)
    items = [{"service_classification_id": hour.pk}]
    status, reply = post(client, "customer_confirm_selection", {"items": items})
    assert (status, reply["code"]) == (500, "server_error")
    assert "secret" not in json.dumps(reply)


def test_a_wrong_password_is_told(client, maya):
    address = "/accounts/login/"
    assert b"maya" not in client.get(address).content
    response = client.post(address, {"username": "maya", "password": "wrong"})
    assert response.status_code == 200
    assert response.context["form"].errors
    response = client.post(address, {"username": "maya", "password": PASSWORD})
    assert response.status_code == 302


PAGES = ("/", "/menu/", "/board/", "/accounts/login/", "/admin/login/", "/api/menu/", "/api/docs")


@pytest.mark.parametrize("path", PAGES)
def test_every_answer_tells_the_browser_what_it_may_not(client, branch, hour, path):
    response = client.get(path)
    assert response.status_code == 200
    assert response["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'")
    assert "unsafe" not in response["Content-Security-Policy"]
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["X-Frame-Options"] == "DENY"
    assert response["Referrer-Policy"] == "same-origin"
    assert response["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in response["Permissions-Policy"]
    assert "no-store" in response["Cache-Control"]


def test_a_session_is_no_scripts_business(client, maya):
    client.post("/accounts/login/", {"username": "maya", "password": PASSWORD})
    cookie = client.cookies["sessionid"]
    assert cookie["httponly"]
    assert (cookie["samesite"], cookie["path"]) == ("Lax", "/")


def test_a_logout_empties_what_the_browser_keeps(client, maya):
    client.force_login(maya.user)
    response = client.post("/accounts/logout/", secure=True)
    assert response["Clear-Site-Data"] == '"storage"'


def test_the_api_is_shown_on_a_page(client, db):
    page = client.get("/api/docs").content.decode()
    for command in ("customer_confirm_selection", *STAFF_COMMANDS):
        assert f"POST /api/commands/{command}/" in page
    assert 'src="http' not in page


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        (OperationalError(2013, "Lost connection"), 503, "busy"),
        (OperationalError(1047, "WSREP has not yet prepared node"), 503, "busy"),
        (InterfaceError(0, ""), 503, "busy"),
        (DataError(1406, "Data too long for column"), 500, "server_error"),
        (IntegrityError(4025, "CONSTRAINT failed"), 500, "server_error"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_only_a_fault_that_may_pass_is_busy(as_maya, monkeypatch, caplog, fault, status, code):
    def fail(*args):
        raise fault

    monkeypatch.setattr("queueing.services.confirm_next", fail)
    heard, reply = post(as_maya, "therapist_confirm_next")
    assert (heard, reply["code"]) == (status, code)
    assert "The database failed therapist_confirm_next" in caplog.text
