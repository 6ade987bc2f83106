"""Tests of the screen lock: the server keeps it, and only the person's PIN unlocks."""

import json
import re
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.logins import Login, login_of_session
from accounts.middleware import SNAPSHOTS, STILL_OPEN
from accounts.models import SessionLock, User
from accounts.screen_lock import set_pin, unlock
from accounts.tests.by_token import CLAIM, bearer, claim, log_in, post
from conftest import PASSWORD, open_socket, session_of
from spa_project.lib.db.pool import pool
from spa_project.lib.errors import DomainError, Locked
from spa_project.tests.concurrency import shared_workers

pytestmark = pytest.mark.django_db(transaction=True)

PIN = "4711"
WRONG = "1174"


workers = shared_workers(3)


def with_pin(user: User) -> Client:
    """Return the browser of a person with a PIN who has logged in."""
    set_pin(user, PIN)
    return session_of(User.objects.get(pk=user.pk))


def locked(user: User) -> Client:
    client = with_pin(user)
    assert post(client, "/api/lock/").json() == {"ok": True, "locked": True}
    return client


def tried(client: Client, pin: str) -> str:
    """Return the response to entering a PIN."""
    return str(post(client, "/api/unlock/", {"pin": pin}).json().get("code", "ok"))


def asked(client: Client) -> str:
    """Return the response to claiming the next customer from an empty line."""
    return str(post(client, CLAIM).json()["code"])


def test_a_locked_session_commands_nothing_until_its_pin_is_entered(maya):
    client = locked(maya.user)
    assert asked(client) == "locked"
    assert tried(client, WRONG) == "wrong_pin"
    assert asked(client) == "locked"
    assert tried(client, PIN) == "ok"
    assert asked(client) == "queue_empty"


@pytest.mark.asyncio
async def test_its_sockets_go_on_listening_and_command_nothing(maya, make_transaction):
    client = await pool.run(with_pin, maya.user)
    async with open_socket("/ws/therapist/", client=client) as desk:
        await desk.hear("snapshot")
        await pool.run(post, client, "/api/lock/")
        assert (await desk.ask("therapist_confirm_next"))["code"] == "locked"
        async with open_socket("/ws/therapist/", client=client) as second:
            await second.hear("snapshot")
            assert (await second.ask("therapist_confirm_next"))["code"] == "locked"
        assert await pool.run(tried, client, PIN) == "ok"
        assert (await desk.ask("therapist_confirm_next"))["code"] == "queue_empty"


@pytest.mark.parametrize(
    "path", ["/desk/", "/monitor/", "/accounts/pin/", "/admin/", "/", "/menu/"]
)
def test_no_other_page_opens_in_a_second_window(maya, path):
    response = locked(maya.user).get(path)
    assert (response.status_code, response.get("Location")) == (302, "/therapist/")


@pytest.mark.parametrize("path", ["/api/days/therapist/", "/api/snapshots/monitor/"])
def test_nothing_else_is_read(maya, path):
    assert locked(maya.user).get(path).json()["code"] == "locked"


#: All other URLs but the admin's: a new one must be added here or to `STILL_OPEN`.
CLOSED = {
    *(
        "home",
        "login",
        "admin-login",
        "pin",
        "menu",
        "desk",
        "monitor",
        "board",
        "cashier",
        "reports",
        "chain",
        "work_at",
        "api-1:chain_snapshot",
    ),
    *("drawer", "x_report", "z_report", "display", "api-1:display_snapshot"),
    *("ticket", "ticket_qr", "receipt", "receipt_qr", "refund", "picture"),
    *("api-docs", "openapi", "api-1:api-root", "api-1:login", "api-1:ws_ticket"),
    *(
        "api-1:menu",
        "api-1:therapists",
        "api-1:ticket",
        "api-1:board_snapshot",
        "api-1:monitor_snapshot",
        "api-1:turns",
    ),
    *("api-1:menu_snapshot", "api-1:therapist_day", "api-1:cashier_snapshot", "api-1:cashier_day"),
    *("api-1:receipt_to_refund", "api-1:sales", "api-1:tips"),
    *("first_day_branch", "first_day_rooms", "first_day_menu", "first_day_devices"),
    *("first_day_qr", "first_day_close", "first_day_pair", "changes"),
    "api-1:view",  # the commands
}


def addresses(inside: URLResolver, path: str = "/", space: str = "") -> Iterator[tuple[str, str]]:
    """Return the name of every address but the admin's, with a path that leads to it."""
    for each in inside.url_patterns:
        there = path + re.sub(r"<[^>]*>", "x", str(each.pattern))
        if isinstance(each, URLPattern):
            yield space + (each.name or ""), there
        elif each.namespace != "admin":
            within = f"{each.namespace}:" if each.namespace else space
            yield from addresses(each, there, within)


def is_refused(client: Client, path: str) -> bool:
    response = client.get(path)
    refusal = json.dumps(Locked().as_reply()).encode()
    return response.get("Location") == "/therapist/" or response.content == refusal


def test_every_address_is_closed_to_a_locked_session_or_said_to_stay_open(maya):
    client = locked(maya.user)
    seen = {(name, is_refused(client, path)) for name, path in addresses(get_resolver())}
    still_open = STILL_OPEN | {"therapist", SNAPSHOTS["therapist"]}
    assert seen == {(name, False) for name in still_open} | {(name, True) for name in CLOSED}


@pytest.mark.parametrize(
    ("fixture", "page"), [("maya", "/therapist/"), ("carl", "/cashier/"), ("maria", "/desk/")]
)
def test_each_role_unlocks_on_its_own_page_and_sees_no_other(fixture, page, request):
    person = request.getfixturevalue(fixture)
    client = locked(getattr(person, "user", person))
    assert client.get("/monitor/")["Location"] == page
    shown = client.get(page)
    assert shown.status_code == 200
    assert shown.context["page_data"]["locked"] is True
    others = {"/therapist/", "/cashier/", "/desk/", "/reports/"} - {page}
    assert {client.get(other)["Location"] for other in others} == {page}


def test_no_ticket_and_no_other_pin_is_had(maya):
    client = locked(maya.user)
    assert post(client, "/api/ws-ticket/").json()["code"] == "locked"
    client.post("/accounts/pin/", {"pin": "9999", "again": "9999", "password": PASSWORD})
    assert tried(client, PIN) == "ok"


def test_after_a_reload_the_desk_is_still_covered(maya):
    client = locked(maya.user)
    page = client.get("/therapist/")
    assert page.status_code == 200
    assert page.context["page_data"]["locked"] is True
    assert "Maya" in page.content.decode()


def test_five_wrong_pins_end_the_session(maya):
    client = locked(maya.user)
    answers = [tried(client, WRONG) for _ in range(5)]
    assert answers == ["wrong_pin"] * 4 + ["not_authenticated"]
    assert tried(client, PIN) == "not_authenticated"
    assert client.get("/therapist/").status_code == 302
    assert not SessionLock.objects.exists()


def guess(user_id: int, login: Login, pin: str) -> str:
    """Make one attempt, in a process of its own."""
    try:
        unlock(User.objects.get(pk=user_id), login, pin)
    except DomainError as refusal:
        return refusal.code
    return "ok"


@pytest.mark.slow
def test_many_processes_at_once_have_five_tries_together(workers, maya):
    for _round in range(10):
        login = login_of_session(locked(maya.user).session)
        assert login is not None
        answers = workers.at_once([(guess, maya.user.pk, login, WRONG)] * 3)
        answers += workers.at_once([(guess, maya.user.pk, login, WRONG)] * 3)
        assert "not_authenticated" in answers
        assert guess(maya.user.pk, login, PIN) == "not_authenticated"


def test_a_right_pin_forgets_the_wrong_ones(maya):
    client = locked(maya.user)
    for _ in range(2):
        assert [tried(client, WRONG) for _ in range(4)] == ["wrong_pin"] * 4
        assert tried(client, PIN) == "ok"


def test_a_pin_is_asked_for_even_before_the_lock_has_arrived(maya):
    client = with_pin(maya.user)
    assert tried(client, WRONG) == "wrong_pin"
    assert asked(client) == "locked"


def test_without_a_pin_nothing_locks(maya):
    client = session_of(maya.user)
    assert post(client, "/api/lock/").json() == {"ok": True, "locked": False}
    assert asked(client) == "queue_empty"
    assert client.get("/therapist/").context["page_data"]["lock_minutes"] == 0


def test_a_lock_is_of_one_session(maya):
    locked(maya.user)
    assert asked(session_of(User.objects.get(pk=maya.user.pk))) == "queue_empty"


def test_a_token_is_no_screen(maya):
    set_pin(maya.user, PIN)
    by_token = bearer(log_in("maya"))
    assert post(Client(), "/api/lock/", **by_token).json()["code"] == "not_allowed"
    assert claim(**by_token)[1] == "queue_empty"


def test_a_foreign_page_locks_and_unlocks_nothing(maya):
    client = Client(enforce_csrf_checks=True)
    set_pin(maya.user, PIN)
    client.force_login(User.objects.get(pk=maya.user.pk))
    for path in ("/api/lock/", "/api/unlock/"):
        assert post(client, path, {"pin": PIN}).json()["code"] == "not_allowed"
    assert not SessionLock.objects.exists()


@pytest.mark.parametrize("pin", ["123", "1234567", "12a4", "", "１２３４"])
def test_what_is_no_pin_is_not_tried(maya, pin):
    client = locked(maya.user)
    assert [tried(client, pin) for _ in range(6)] == ["invalid"] * 6
    assert tried(client, PIN) == "ok"


def test_whoever_is_locked_out_may_log_out(maya):
    client = locked(maya.user)
    client.post("/accounts/logout/")
    assert not SessionLock.objects.exists()
    assert client.get("/therapist/").status_code == 302


def choose(client: Client, pin: str, *, again: str | None = None, password: str = PASSWORD) -> int:
    form = {"pin": pin, "again": pin if again is None else again, "password": password}
    return client.post("/accounts/pin/", form, REMOTE_ADDR="10.0.0.1").status_code


def pin_of(user: User) -> str:
    return User.objects.get(pk=user.pk).pin


def test_a_person_chooses_their_pin_and_it_is_hashed(maya):
    client = session_of(maya.user)
    assert choose(client, PIN) == 302
    assert PIN not in pin_of(maya.user)
    assert post(client, "/api/lock/").json()["locked"]
    assert tried(client, PIN) == "ok"
    assert choose(client, "") == 302
    assert pin_of(maya.user) == ""


@pytest.mark.parametrize(
    "wrong",
    [
        {"pin": "123"},
        {"pin": "12345678"},
        {"pin": PIN, "again": WRONG},
        {"pin": PIN, "password": ""},
    ],
)
def test_a_pin_that_cannot_be_is_not_taken(maya, wrong):
    assert choose(session_of(maya.user), **wrong) == 200
    assert pin_of(maya.user) == ""


def test_who_passes_by_sets_no_pin(maya):
    """Wrong passwords here count as they do at the login."""
    client = session_of(maya.user)
    answers = [choose(client, PIN, password="wrong") for _ in range(5)]
    assert answers == [200] * 4 + [429]
    assert choose(client, PIN) == 429
    assert pin_of(maya.user) == ""


def test_everyone_who_works_at_a_desk_may_have_a_screen_that_locks(carl, maria):
    assert session_of(carl.user).get("/accounts/pin/").status_code == 200
    assert session_of(maria).get("/accounts/pin/").status_code == 200


def test_a_wall_screen_has_no_pin(mona):
    assert session_of(mona).get("/accounts/pin/").status_code == 403
