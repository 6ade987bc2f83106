"""Tests of the monitor's figures: current with every heartbeat, takings for managers only."""

import datetime
import json

import pytest
import time_machine
from django.utils import timezone

from accounts.models import Branch
from conftest import make_cashier, open_socket, session_of
from queueing.models import Transaction
from queueing.screens import monitor_digests, takings_digests
from queueing.services import Choice
from queueing.states import Status
from queueing.statistics import statistics_of, takings_of
from spa_project.lib.db.pool import pool
from spa_project.lib.realtime.hub import hub

NOON = datetime.datetime(2026, 11, 22, 4, 0, tzinfo=datetime.UTC)  # in Manila


@pytest.fixture
def lasting(make_transaction):
    """Create a finished treatment of so many minutes."""

    def make(minutes: int, **fields) -> Transaction:
        transaction = make_transaction(Status.FINISHED)
        finish = fields.pop("service_finish_at", transaction.service_finish_at)
        start = finish - datetime.timedelta(minutes=minutes)
        Transaction.objects.filter(pk=transaction.pk).update(
            service_start_at=start, service_finish_at=finish, **fields
        )
        return transaction

    return make


def test_a_day_that_has_just_begun(branch, maya, noor, carl):
    assert statistics_of(branch) == {
        "served_today": 0,
        "served_last_hour": 0,
        "service_minutes": None,
        "therapists": 2,
        "cashiers": 1,
    }
    assert takings_of(branch) == {"revenue_today": "0.00"}


def test_treatments_are_counted_and_their_length_averaged(branch, lasting, make_transaction):
    lasting(50)
    lasting(71)
    make_transaction(Status.IN_SERVICE)
    statistics = statistics_of(branch)
    assert (statistics["served_today"], statistics["service_minutes"]) == (2, 60.5)


def test_only_treatments_of_the_last_sixty_minutes_tell_the_speed(branch, lasting):
    with time_machine.travel(NOON, tick=False):
        for minutes_ago in (59, 61):
            ago = datetime.timedelta(minutes=minutes_ago)
            lasting(30, service_finish_at=timezone.now() - ago)
        statistics = statistics_of(branch)
    assert (statistics["served_today"], statistics["served_last_hour"]) == (2, 1)


def test_yesterday_counts_no_more(branch, carl, make_transaction):
    with time_machine.travel(NOON):
        make_transaction(Status.PAID)
        assert statistics_of(branch)["served_today"] == 1
    with time_machine.travel(NOON + datetime.timedelta(days=1)):
        assert statistics_of(branch)["served_today"] == 0
        assert takings_of(branch) == {"revenue_today": "0.00"}


def test_another_branch_is_not_counted(other_branch, maya, carl, make_transaction):
    make_transaction(Status.PAID)
    assert statistics_of(other_branch)["served_today"] == 0
    assert statistics_of(other_branch)["therapists"] == 0
    assert takings_of(other_branch) == {"revenue_today": "0.00"}


def test_only_what_is_paid_is_revenue(branch, carl, make_transaction, hour, compress):
    make_transaction(Status.PAID, choices=[Choice(hour.pk), Choice(compress.pk)])
    make_transaction(Status.AWAITING_PAYMENT)
    assert takings_of(branch) == {"revenue_today": "600.50"}


@pytest.mark.parametrize("switch", ["person", "profile"])
def test_who_is_switched_off_is_not_on_duty(branch, maya, noor, switch):
    if switch == "person":
        noor.user.is_active = False
        noor.user.save()
    else:
        noor.active = False
        noor.save()
    assert statistics_of(branch)["therapists"] == 1


def test_they_cost_two_small_queries(branch, captured_statements, make_transaction):
    make_transaction(Status.PAID)
    with captured_statements() as statements:
        statistics_of(branch)
    assert len(statements) == 2


def test_snapshot_plus_heartbeats_is_the_snapshot_after(
    branch, maria, client, carl, make_transaction
):
    client.force_login(maria)
    shown = figures_in(client.get("/api/snapshots/monitor/").json())
    make_transaction(Status.PAID)
    make_transaction(Status.FINISHED)
    for read in (monitor_digests, takings_digests):
        shown |= figures_in(read([branch.pk])[branch.pk])
    assert shown == figures_in(client.get("/api/snapshots/monitor/").json())
    assert shown["revenue_today"] == "500.00"


def figures_in(message: dict) -> dict:
    return {name: message[name] for name in ("statistics", "revenue_today") if name in message}


@pytest.fixture
def beat(monkeypatch) -> None:
    """Send heartbeats many times a second."""
    monkeypatch.setattr("spa_project.lib.realtime.hub.HEARTBEAT_SECONDS", 0.05)


@pytest.mark.asyncio
@pytest.mark.django_db(transaction=True)
async def test_managers_hear_of_the_takings_and_nobody_else_does(beat, branch, maria, mona, maya):
    async with open_socket("/ws/monitor/", maria) as manager:
        assert (await manager.hear("snapshot"))["data"]["revenue_today"] == "0.00"
        for user in (mona, maya.user):
            async with open_socket("/ws/monitor/", user) as other:
                told = [await other.hear_any() for _each in range(4)]
                assert told[-1]["data"]["statistics"]["therapists"] == 1
                assert "revenue" not in json.dumps(told)
        while "revenue_today" not in (await manager.hear("heartbeat"))["data"]:
            pass


def test_over_http_managers_see_the_takings_and_nobody_else(branch, maria, mona):
    for user, sees in ((maria, True), (mona, False)):
        snapshot = session_of(user).get("/api/snapshots/monitor/").json()
        assert ("revenue_today" in snapshot) is sees
        assert "statistics" in snapshot


@pytest.mark.asyncio
@pytest.mark.django_db(transaction=True)
async def test_who_manages_no_more_hears_no_more_of_the_takings(beat, branch, maria):
    maria.is_monitor = True
    await pool.run(maria.save)
    async with open_socket("/ws/monitor/", maria) as socket:
        await socket.hear("snapshot")
        maria.is_staff = False
        await pool.run(maria.save)
        assert await socket.close_code() == 1012
    assert not hub.topics


@pytest.mark.asyncio
@pytest.mark.django_db(transaction=True)
async def test_who_moves_to_another_branch_comes_back_there(branch, other_branch: Branch, mona):
    async with open_socket("/ws/monitor/", mona) as socket:
        await socket.hear("snapshot")
        mona.branch = other_branch
        await pool.run(mona.save)
        assert await socket.close_code() == 1012


def test_the_heartbeats_statements_are_as_many_for_ten_branches_as_for_one(
    branch, captured_statements
):
    def count() -> int:
        keys = list(Branch.objects.values_list("pk", flat=True))
        with captured_statements() as statements:
            monitor_digests(keys)
            takings_digests(keys)
        return len(statements)

    one = count()
    for number in range(9):
        Branch.objects.create(name=f"Branch {number}", slug=f"b{number}")
    assert count() == one


def test_each_branch_has_its_own_figures(branch, other_branch, make_transaction):
    make_transaction(Status.PAID)
    make_cashier("Otto", other_branch, "9")
    found = monitor_digests([branch.pk, other_branch.pk])
    here, there = (found[it.pk]["statistics"] for it in (branch, other_branch))
    assert (here["served_today"], here["therapists"], here["cashiers"]) == (1, 1, 1)
    assert (there["served_today"], there["therapists"], there["cashiers"]) == (0, 0, 1)
    takings = takings_digests([branch.pk, other_branch.pk])
    assert takings[branch.pk] == {"revenue_today": "500.00"}
    assert takings[other_branch.pk] == {"revenue_today": "0.00"}
