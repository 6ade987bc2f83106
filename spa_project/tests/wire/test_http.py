"""Tests of the promises of docs/protocol.md over HTTP, by a client written from that page."""

import datetime
from decimal import Decimal

import pytest

from tools.servers.clients import PASSWORD, is_csrf, log_in

pytestmark = pytest.mark.servers


def order(visitor, offer, **more):
    items = [{"service_classification_id": offer["id"], "quantity": 1}]
    return visitor.command("customer_confirm_selection", items=items, **more)


def refusal(reply) -> tuple[int, str]:
    """Return status and code of a refusal, which has a sentence for users too."""
    assert reply.data["ok"] is False
    assert reply.data["error"]
    return reply.status, reply.data["code"]


# -- Logging in -----------------------------------------------------------------------------------


def test_a_login_answers_a_token_its_end_and_the_person(visitor):
    reply = visitor.post("/api/login/", {"username": "therapist1", "password": PASSWORD})
    assert reply.status == 200
    assert reply.data.keys() == {"ok", "token", "expires_at", "user"}
    user = reply.data["user"]
    assert user.keys() == {"name", "roles", "branch"}
    assert (user["roles"], user["branch"]) == (["therapist"], "main")
    ends = datetime.datetime.fromisoformat(reply.data["expires_at"])
    left = ends - datetime.datetime.now(datetime.UTC)
    assert datetime.timedelta(hours=23) < left <= datetime.timedelta(days=1)


def test_an_unknown_name_and_a_wrong_password_are_the_same_refusal(visitor):
    replies = [
        visitor.post("/api/login/", {"username": name, "password": "not this one"})
        for name in ("nobody-at-all", "therapist5")
    ]
    assert [refusal(reply) for reply in replies] == [(401, "not_authenticated")] * 2
    assert replies[0].data == replies[1].data


def test_after_five_failures_even_the_right_password_waits_a_quarter_of_an_hour(visitor):
    for _each in range(5):
        visitor.post("/api/login/", {"username": "cashier2", "password": "not this one"})
    reply = visitor.post("/api/login/", {"username": "cashier2", "password": PASSWORD})
    assert refusal(reply) == (429, "rate_limited")
    assert 880 < reply.data["retry_after"] <= 900
    assert int(reply.headers["Retry-After"]) == reply.data["retry_after"]


@pytest.mark.parametrize("header", ["Authorization", "X_Auth_Token"])
def test_a_token_is_sent_in_either_header(visitor, staff, header):
    token = staff("therapist1").headers["Authorization"].removeprefix("Bearer ")
    value = f"Bearer {token}" if header == "Authorization" else token
    caller = visitor.with_headers(**{header: value})
    assert caller.get("/api/snapshots/therapist/").status == 200


def test_an_invalid_token_is_refused_even_with_a_valid_session(visitor, server):
    session = visitor.with_headers(Cookie=log_in(server, "therapist1"))
    assert session.get("/api/snapshots/therapist/").status == 200
    both = session.with_headers(X_Auth_Token="invalid").get("/api/snapshots/therapist/")
    assert refusal(both) == (401, "not_authenticated")


def test_a_token_in_the_address_is_not_accepted_over_http(visitor, staff):
    token = staff("therapist1").headers["Authorization"].removeprefix("Bearer ")
    reply = visitor.get(f"/api/snapshots/therapist/?auth_token={token}")
    assert refusal(reply) == (401, "not_authenticated")


@pytest.mark.parametrize(("everywhere", "left"), [({}, 200), ({"all": True}, 401)])
def test_a_logout_ends_one_token_or_all_of_the_person(visitor, everywhere, left):
    login = {"username": "therapist4", "password": PASSWORD}
    one, two = (
        visitor.with_headers(X_Auth_Token=visitor.post("/api/login/", login).data["token"])
        for _each in range(2)
    )
    assert one.post("/api/logout/", everywhere).data == {"ok": True}
    assert one.get("/api/snapshots/therapist/").status == 401
    assert two.get("/api/snapshots/therapist/").status == left


def test_a_session_sends_the_csrf_token_and_nobody_else_does(visitor, server, offers):
    cookie = log_in(server, "manager1")
    session = visitor.with_headers(Cookie=cookie)
    assert refusal(session.command("staff_reopen", code="9999")) == (403, "not_allowed")
    token = next(
        value
        for name, value in (each.split("=", 1) for each in cookie.split("; "))
        if is_csrf(name)
    )
    with_token = session.with_headers(X_CSRFToken=token)
    assert refusal(with_token.command("staff_reopen", code="9999")) == (
        404,
        "transaction_not_found",
    )
    assert order(visitor, offers[0]).status == 200


def test_only_who_has_a_pin_can_lock_and_tokens_cannot_be_locked(visitor, server, staff):
    cookie = log_in(server, "therapist1")
    token = next(
        each.split("=", 1)[1] for each in cookie.split("; ") if is_csrf(each.split("=")[0])
    )
    session = visitor.with_headers(Cookie=cookie, X_CSRFToken=token)
    assert session.post("/api/lock/").data == {"ok": True, "locked": False}


# -- Commands -------------------------------------------------------------------------------------


def test_an_order_answers_with_the_transaction_and_its_key(visitor, offers):
    reply = order(visitor, offers[0], customer_name="Ana", expected_total=offers[0]["price"])
    assert reply.status == 200
    transaction = reply.data["transaction"]
    assert transaction["status"] == "pending_therapist"
    assert transaction["total_amount"] == offers[0]["price"]
    ticket = visitor.get(f"/api/tickets/{reply.data['key']}/").data
    assert ticket["transaction"] == transaction
    assert ticket["before"] == 0


def test_a_transaction_has_the_shape_of_the_page(visitor, offers):
    transaction = order(visitor, offers[0]).data["transaction"]
    assert transaction.keys() == {
        *("id", "version", "code", "status", "customer_name", "branch"),
        *("therapist", "therapist_id", "cashier", "cashier_id", "counter_number"),
        *("room_number", "calls", "held_until", "total_amount", "total_duration_minutes"),
        *("created_at", "queued_at", "selection_confirmed_at", "therapist_confirmed_at"),
        *("service_start_at", "service_finish_at", "cashier_claimed_at", "paid_at", "items"),
        *("requested_therapist", "requested_therapist_id", "preference", "request_until"),
        *("skills", "quoted_wait", "has_note", "note_unread", "declined"),
        *("amount_due", "discounts", "tax", "tip_amount", "tenders", "received_amount"),
        "refunded_amount",
    }
    [item] = transaction["items"]
    assert item.keys() == {
        *("id", "service_id", "service_classification_id", "service_name"),
        *("classification", "price", "duration_minutes", "consent"),
    }
    created = datetime.datetime.fromisoformat(transaction["created_at"])
    assert created.utcoffset() is not None


def test_a_sent_key_makes_one_order_and_another_content_is_a_conflict(visitor, offers):
    first = order(visitor, offers[0], request_id="wire-test-0001")
    again = order(visitor, offers[0], request_id="wire-test-0001")
    assert again.data["transaction"]["id"] == first.data["transaction"]["id"]
    assert again.data["key"] == first.data["key"]
    other = order(visitor, offers[1], request_id="wire-test-0001")
    assert refusal(other) == (409, "conflict")
    displayed = order(
        visitor, offers[0], request_id="wire-test-0001", expected_total=offers[0]["price"]
    )
    assert refusal(displayed) == (409, "conflict")


@pytest.mark.parametrize("key", ["seven77", "x" * 65, "with space", "ü" * 8])
def test_a_key_is_eight_to_64_letters_digits_and_dashes(visitor, offers, key):
    reply = order(visitor, offers[0], request_id=key)
    assert refusal(reply) == (400, "invalid")
    assert reply.data["field"] == "request_id"


def test_another_price_than_displayed_is_refused_with_the_new_one(visitor, offers):
    reply = order(visitor, offers[0], expected_total="1.00")
    assert refusal(reply) == (409, "price_changed")
    assert reply.data["total_amount"] == offers[0]["price"]
    assert reply.data["menu"] == visitor.get("/api/menu/").data["version"]


@pytest.mark.parametrize(
    ("command", "data", "expected", "field"),
    [
        ("no_such_command", {}, (404, "unknown_command"), None),
        ("customer_confirm_selection", {"items": []}, (400, "empty_selection"), None),
        ("customer_confirm_selection", {}, (400, "invalid"), "items"),
        (
            "customer_confirm_selection",
            {"items": [{"service_classification_id": 1, "quantity": "two"}]},
            (400, "invalid"),
            "items.0.quantity",
        ),
        (
            "customer_confirm_selection",
            {"items": [{"service_classification_id": 999_999}]},
            (404, "service_not_found"),
            None,
        ),
        ("customer_cancel", {"key": "x" * 32}, (404, "transaction_not_found"), None),
        ("therapist_confirm_next", {}, (401, "not_authenticated"), None),
    ],
)
def test_a_visitors_refusal_has_the_code_and_status_of_the_page(
    visitor, command, data, expected, field
):
    reply = visitor.command(command, **data)
    assert refusal(reply) == expected
    assert reply.data.get("field") == field


def test_staff_are_refused_with_the_codes_of_the_page(staff, visitor, offers):
    therapist, cashier = staff("therapist1"), staff("cashier1")
    assert refusal(therapist.command("therapist_confirm_next")) == (409, "queue_empty")
    assert refusal(cashier.command("cashier_claim_next")) == (409, "queue_empty")
    assert refusal(cashier.command("therapist_confirm_next")) == (403, "not_allowed")
    order(visitor, offers[0])
    visit = therapist.does("therapist_confirm_next")["transaction"]
    assert therapist.does("therapist_confirm_next")["transaction"]["id"] == visit["id"]
    other = staff("therapist2").command("therapist_start_service", transaction_id=visit["id"])
    assert refusal(other) == (404, "transaction_not_found")
    early = therapist.command("therapist_finish_service", transaction_id=visit["id"])
    assert refusal(early) == (409, "wrong_state")
    nowhere = {"room_number": "no such", "status": "available"}
    assert refusal(therapist.command("room_set_status", **nowhere)) == (403, "not_allowed")
    missing = staff("manager1").command("room_set_status", **nowhere)
    assert refusal(missing) == (409, "room_not_ready")


def test_an_error_is_in_the_language_of_the_cookie_or_the_header(visitor):
    data = {"key": "x" * 32}
    english = visitor.command("customer_cancel", **data).data["error"]
    header = visitor.with_headers(Accept_Language="es").command("customer_cancel", **data)
    cookie = visitor.with_headers(Accept_Language="fil", Cookie="django_language=es")
    assert header.data["error"] != english
    assert cookie.command("customer_cancel", **data).data["error"] == header.data["error"]


def test_a_visit_from_order_to_receipt(visitor, staff, offers):
    therapist, cashier = staff("therapist1"), staff("cashier1")
    key = order(visitor, offers[0], customer_name="Ana").data["key"]
    visit = therapist.does("therapist_confirm_next")["transaction"]
    number = {"transaction_id": visit["id"]}
    assert (visit["status"], visit["calls"]) == ("therapist_confirmed", 1)
    assert therapist.does("therapist_recall", **number)["transaction"]["calls"] == 2
    therapist.does("therapist_start_service", **number)
    more = {"service_classification_id": offers[1]["id"]}
    wrong = therapist.command("therapist_add_service", **number, **more, expected_price="1.00")
    assert refusal(wrong) == (409, "price_changed")
    assert wrong.data["total_amount"] == offers[1]["price"]
    added = therapist.does(
        "therapist_add_service", **number, **more, expected_price=offers[1]["price"]
    )["transaction"]
    total = Decimal(offers[0]["price"]) + Decimal(offers[1]["price"])
    assert Decimal(added["total_amount"]) == total
    item = added["items"][1]["id"]
    one = therapist.does("therapist_remove_item", **number, item_id=item)["transaction"]
    last = therapist.command("therapist_remove_item", **number, item_id=one["items"][0]["id"])
    assert refusal(last) == (400, "empty_selection")
    therapist.does("therapist_finish_service", **number)
    monitor = staff("monitor1").get("/api/snapshots/monitor/").data
    [room] = [each for each in monitor["rooms"] if each["number"] == visit["room_number"]]
    assert room["status"] == "preparing"
    due = cashier.does("cashier_claim", code=visit["code"])["transaction"]["total_amount"]
    assert refusal(cashier.command("cashier_pay", **number, amount_paid=float(due))) == (
        400,
        "invalid",
    )
    short = cashier.command("cashier_pay", **number, amount_paid="0.01")
    assert refusal(short) == (409, "insufficient_payment")
    whole = str(int(Decimal(due)) + 20)
    pay = {**number, "amount_paid": whole, "expected_total": due, "request_id": "wire-pay-0001"}
    paid = cashier.does("cashier_pay", **pay)["transaction"]
    assert paid["status"] == "paid"
    payment = paid["payment"]
    assert payment.keys() == {
        *("amount_due", "amount_paid", "change_amount", "method", "reference"),
        *("receipt_number", "receipt_key", "created_at", "tip_amount"),
    }
    assert (payment["amount_due"], payment["amount_paid"], payment["change_amount"]) == (
        due,
        f"{whole}.00",
        "20.00",
    )
    again = cashier.does("cashier_pay", **pay)["transaction"]
    assert again["payment"] == payment
    other = cashier.command("cashier_pay", **pay | {"amount_paid": str(int(whole) + 1)})
    assert refusal(other) == (409, "conflict")
    assert visitor.get(f"/receipt/{payment['receipt_key']}/").status == 200
    assert visitor.get(f"/api/tickets/{key}/").data["transaction"]["status"] == "paid"
    assert refusal(cashier.command("undo", **number, version=paid["version"]))[0] in (404, 409)
    day = cashier.get("/api/days/cashier/").data
    assert day["payments"][0]["receipt_number"] == payment["receipt_number"]
    mine = therapist.get("/api/days/therapist/").data
    assert mine.keys() == {
        *("business_date", "customers", "minutes", "amount", "tips", "tips_paid_out"),
        *("refunded", "transactions", "seconds_behind"),
    }
    assert mine["transactions"][0]["id"] == visit["id"]


def test_a_manager_ends_a_visit_without_a_bill_unless_asked(visitor, staff, offers):
    therapist, manager = staff("therapist2"), staff("manager1")
    for more, end in (({}, "cancelled"), ({"bill": True}, "finished")):
        order(visitor, offers[0])
        number = {"transaction_id": therapist.does("therapist_confirm_next")["transaction"]["id"]}
        room = therapist.does("therapist_start_service", **number)["transaction"]["room_number"]
        ended = manager.does("manager_cancel", **number, reason="Felt unwell", **more)
        assert ended["transaction"]["status"] == end
        therapist.does("room_set_status", room_number=room, status="available")


def test_a_doubtful_amount_is_asked_back_once(visitor, staff, offers):
    therapist, cashier = staff("therapist2"), staff("cashier1")
    order(visitor, offers[0])
    number = {"transaction_id": therapist.does("therapist_confirm_next")["transaction"]["id"]}
    therapist.does("therapist_start_service", **number)
    therapist.does("therapist_finish_service", **number)
    cashier.does("cashier_claim_next")
    reply = cashier.command("cashier_pay", **number, amount_paid="900000.00")
    assert refusal(reply) == (409, "amount_doubtful")
    card = cashier.command("cashier_pay", **number, amount_paid="900000.00", method="card")
    assert refusal(card) == (409, "not_the_total")
    none = cashier.command("cashier_pay", **number, amount_paid="900000.00", method="shells")
    assert refusal(none) == (409, "method_not_offered")
    confirmed = cashier.does("cashier_pay", **number, amount_paid="900000.00", confirmed=True)
    assert confirmed["transaction"]["status"] == "paid"


# -- Reading --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "who"),
    [
        ("/api/menu/", ""),
        ("/api/snapshots/board/?branch=main", ""),
        ("/api/snapshots/menu/?branch=main", ""),
        ("/api/snapshots/therapist/", "therapist1"),
        ("/api/snapshots/cashier/", "cashier1"),
        ("/api/snapshots/monitor/", "monitor1"),
        ("/api/days/therapist/", "therapist1"),
        ("/api/days/cashier/", "cashier1"),
        ("/api/turns/", "monitor1"),
        ("/api/openapi.json", ""),
    ],
)
def test_what_is_read_has_an_etag_and_is_not_sent_twice(visitor, staff, path, who):
    caller = staff(who) if who else visitor
    first = caller.get(path)
    assert first.status == 200
    again = caller.get(path, If_None_Match=first.headers["ETag"])
    assert (again.status, again.data) == (304, b"")


@pytest.mark.parametrize(
    ("path", "who", "expected"),
    [
        ("/api/snapshots/therapist/", "", (401, "not_authenticated")),
        ("/api/snapshots/therapist/", "cashier1", (403, "not_allowed")),
        ("/api/snapshots/monitor/", "", (401, "not_authenticated")),
        ("/api/tickets/unknown-key/", "", (404, "transaction_not_found")),
    ],
)
def test_what_may_not_be_read_is_refused_as_commands_are(visitor, staff, path, who, expected):
    assert refusal((staff(who) if who else visitor).get(path)) == expected


def test_only_managers_read_the_takings(staff):
    manager = staff("manager1").get("/api/snapshots/monitor/").data
    other = staff("monitor1").get("/api/snapshots/monitor/").data
    assert "revenue_today" in manager
    assert "revenue_today" not in other
    assert other["statistics"].keys() == {
        *("served_today", "served_last_hour", "service_minutes", "therapists", "cashiers")
    }
