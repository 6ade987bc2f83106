"""Tests of `simulate`: a day at a running server, compared with the database at its end."""

import asyncio
import json
import random
import secrets
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from accounts.models import TurnMode
from queueing.lifecycle import advance
from queueing.management.commands import simulate
from queueing.simulation.customers import Customer
from queueing.simulation.day import Chances, Day, Tally
from queueing.simulation.opening import CROWD, SATURDAY, saturday, steadily
from queueing.simulation.staff import Therapist
from queueing.simulation.tickets import wrong_tickets
from queueing.states import Status
from tools.servers import PROJECT, AppServer, migrate, run_quietly

PASSWORD = "a-long-walk-to-the-sea"
LOGINS = dict.fromkeys(("therapist1", "therapist2", "cashier1", "cashier2"), PASSWORD)


def logins_in(directory: Path) -> Path:
    path = directory / "logins.json"
    path.write_text(json.dumps(LOGINS | {"manager1": PASSWORD}))
    return path


@pytest.mark.sample(1)
@pytest.mark.servers
@pytest.mark.parametrize("mode", TurnMode)
def test_a_day_ends_with_a_summary_and_a_sound_ledger(tmp_path, mode):
    """It follows the branch's own setting: in a strict rotation every call has its turn."""
    settings = {
        "DATABASE_URL": f"sqlite:///{tmp_path}/spa.sqlite3",
        "REDIS_URL": "",
        "RATE_LIMITS": "off",
        "SECRET_KEY": secrets.token_urlsafe(45),
    }
    manage = [sys.executable, "manage.py"]
    migrate(**settings)
    run_quietly([*manage, "seed", "--therapists", "2", "--password", PASSWORD], **settings)
    in_mode = f"from accounts.models import Branch; Branch.objects.update(turn_mode='{mode}')"
    run_quietly([*manage, "shell", "-c", in_mode], **settings)
    with AppServer(**settings) as app:
        options = ["--url", app.url, "--logins", str(logins_in(tmp_path)), "--seed", "3"]
        done = subprocess.run(
            [*manage, "simulate", *options, "--customers", "6", "--speed", "4000"],
            cwd=PROJECT,
            env=app.environment(),
            capture_output=True,
            text=True,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "customers              6" in done.stdout
    assert "--seed 3" in done.stdout
    assert "The data is consistent" in done.stdout
    has_turns = "from queueing.models import TurnEntry; assert TurnEntry.objects.exists() == "
    run_quietly([*manage, "shell", "-c", f"{has_turns}{mode == TurnMode.STRICT}"], **settings)


def test_a_ticket_that_shows_something_else_than_the_database_is_found(make_transaction):
    paid = make_transaction(Status.PAID)
    ticket = {"code": paid.code, "status": "paid", "version": paid.version}
    assert wrong_tickets(Tally(tickets={paid.key: ticket})) == []
    for wrong in ({"status": "finished"}, {"version": paid.version - 1}):
        assert len(wrong_tickets(Tally(tickets={paid.key: ticket | wrong}))) == 1
    assert len(wrong_tickets(Tally(tickets={"unknown": ticket}))) == 1


def test_a_ticket_need_not_show_a_refund_of_later_but_no_older_state(carl, make_transaction):
    paid = make_transaction(Status.PAID)
    told = paid.version
    for _each in range(2):
        refunded = advance(paid, Status.PAID, by=carl.user, reason="refund")
    assert refunded.version == told + 2
    ticket = {"code": paid.code, "status": "paid"}
    for version, wrong in ((told - 1, 1), (told, 0), (told + 2, 0), (told + 3, 1)):
        tally = Tally(tickets={paid.key: ticket | {"version": version}})
        assert len(wrong_tickets(tally)) == wrong, version


def test_without_logins_or_a_server_it_says_what_is_missing(tmp_path):
    with pytest.raises(CommandError, match="No logins"):
        call_command("simulate", "--logins", str(tmp_path / "none.json"))
    nobody = ["--url", "http://127.0.0.1:1", "--logins", str(logins_in(tmp_path))]
    with pytest.raises(CommandError, match="does not let us in"):
        call_command("simulate", *nobody)


def test_a_steady_floor_leaves_a_therapist_and_a_cashier_to_who_looks(tmp_path):
    staff = simulate._staff(logins_in(tmp_path), leave_free=True)
    assert set(staff) == {"therapist1", "cashier1"}
    assert set(simulate._staff(logins_in(tmp_path), leave_free=False)) == set(LOGINS)


def test_a_saturday_has_its_customers_between_opening_and_closing_the_same_for_a_seed():
    day = list(saturday(200, random.Random(7)))
    assert day == sorted(day) == list(saturday(200, random.Random(7)))
    assert len(day) == 200
    assert 0 <= day[0] <= day[-1] <= len(SATURDAY) * 60
    in_the_first_hour = sum(minute < 60 for minute in day)
    in_the_sixth = sum(300 <= minute < 360 for minute in day)
    assert in_the_first_hour < in_the_sixth


def test_a_steady_floor_is_busy_at_once_and_goes_on():
    minutes = steadily(20, random.Random(7))
    crowd = [next(minutes) for _each in range(CROWD)]
    assert crowd[-1] < 10
    later = [next(minutes) for _each in range(500)]
    assert 15 < (later[-1] - crowd[-1]) / 500 < 25


NOBODY = {"missing_skills": ["Hot stone"], "therapists": [], "genders": []}
EVERYBODY = {
    "missing_skills": [],
    "therapists": [{"id": 3, "name": "Maya"}],
    "genders": [{"preference": "woman"}],
}
OFFERS: list[dict] = [{"id": 1, "skill": None}, {"id": 2, "skill": "Hot stone"}]


def orders(read_choices, **chances) -> list[dict]:
    """Return what a hundred simulated customers order."""

    def never(*_args):
        raise AssertionError

    day = Day(never, OFFERS, 0, random.Random(7), read_choices, chances=Chances(**chances))
    customer = Customer(day, patience=60)
    return [asyncio.run(customer._order()) for _each in range(100)]


def test_simulated_customers_ask_for_a_therapist_or_a_gender_who_is_there():
    asked = orders(lambda items: EVERYBODY, asks_for_one=300, asks_for_a_gender=500)
    requests = {(it.get("requested_therapist_id"), it.get("preference")) for it in asked}
    assert requests == {(3, None), (3, "anyone"), (None, "woman"), (None, None)}


def test_simulated_customers_leave_out_what_nobody_on_duty_can_do_or_wait():
    def choices(items):
        return NOBODY if 2 in items else EVERYBODY

    chosen = orders(choices, waits_for_a_skill=0)
    assert {item["service_classification_id"] for it in chosen for item in it["items"]} == {1}
    waiting = orders(choices, waits_for_a_skill=1000)
    assert 2 in {item["service_classification_id"] for it in waiting for item in it["items"]}


class Tablet:
    """A simulated therapist's socket: its claims are answered with these, then never again."""

    def __init__(self, *answers: dict) -> None:
        self._answers = list(answers)
        self.waited = 0

    async def ask(self, command: str) -> dict:
        return self._answers.pop(0)

    async def news(self, within: float) -> None:
        self.waited += 1


def test_a_simulated_therapist_waits_for_news_until_it_is_their_turn():
    def never(*_args):
        raise AssertionError

    day = Day(never, OFFERS, 0, random.Random(7))
    therapist = Therapist(day, "therapist1")
    refused = {"ok": False, "code": "not_your_turn", "error": "Noor is next."}
    tablet = Tablet(refused, refused, {"ok": True, "transaction": {"id": 1}})
    therapist._line = tablet  # type: ignore[assignment]
    served = []

    async def serve(visit: dict) -> None:
        served.append(visit)
        raise asyncio.CancelledError

    therapist._serve = serve  # type: ignore[method-assign]
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(therapist._serve_all())
    assert served == [{"id": 1}]
    assert tablet.waited == day.tally.counts["waits for turns"] == 2
