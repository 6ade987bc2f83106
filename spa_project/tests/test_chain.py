"""Tests of the page that shows a manager all their branches."""

import datetime

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import Branch, Cashier, User, Workplace
from conftest import make_cashier, make_therapist_on_duty, make_user, open_socket, session_of
from payments.models import DrawerSession
from queueing import services
from queueing.models import Transaction
from queueing.services import Choice
from queueing.states import Status
from spa_project.chain.overview import ChainRow, overviews_of
from spa_project.lib.db.pool import pool
from spa_project.lib.realtime import hub
from spa_project.tests.one_branch import Audit

pytestmark = pytest.mark.django_db


@pytest.fixture
def chief(maria, other_branch) -> User:
    """Return a manager of two branches, Makati and Cebu."""
    Workplace.objects.create(user=maria, branch=other_branch)
    return maria


def rows_of(person: User) -> dict[str, ChainRow]:
    return {row["slug"]: row for row in overviews_of([person.pk])[person.pk]["branches"]}


def open_drawer(cashier: Cashier, day: datetime.date) -> None:
    branch = cashier.user.branch
    assert branch is not None
    Branch.objects.filter(pk=branch.pk).update(drawers=True)
    DrawerSession.objects.create(
        branch=branch,
        counter_number=cashier.counter_number,
        number=1,
        business_date=day,
        counts={},
        float_amount=0,
        by=cashier.user,
    )


def test_each_branch_has_its_own_figures(chief, other_branch, hour, make_transaction):
    make_transaction(Status.PAID)
    for _each in range(2):
        services.confirm_selection(other_branch, choices=[Choice(hour.pk)])
    rows = rows_of(chief)
    assert {
        slug: (row["waiting"], row["on_duty"], row["takings"]) for slug, row in rows.items()
    } == {
        "makati": (0, 1, "500.00"),
        "cebu": (2, 0, "0.00"),
    }


def test_yesterdays_takings_do_not_count(chief, branch, make_transaction):
    visit = make_transaction(Status.PAID)
    yesterday = branch.business_date() - datetime.timedelta(days=1)
    type(visit.payment).objects.update(business_date=yesterday)
    assert rows_of(chief)["makati"]["takings"] == "0.00"


def test_a_branch_whose_customers_wait_for_nobody_needs_a_look(chief, other_branch, hour):
    services.confirm_selection(other_branch, choices=[Choice(hour.pk)])
    assert rows_of(chief)["cebu"]["needs"] == ["nobody_on_duty"]
    make_therapist_on_duty("Olga", other_branch, "1")
    assert rows_of(chief)["cebu"]["needs"] == []


@pytest.mark.parametrize(("minutes", "needs"), [(29, []), (31, ["long_wait"])])
def test_a_long_wait_needs_a_look(chief, maya, branch, hour, minutes, needs):
    visit = services.confirm_selection(branch, choices=[Choice(hour.pk)])
    since = timezone.now() - datetime.timedelta(minutes=minutes, seconds=5)
    Transaction.objects.filter(pk=visit.pk).update(queued_at=since)
    row = rows_of(chief)["makati"]
    assert (row["longest_wait"], row["needs"]) == (minutes, needs)


@pytest.mark.parametrize(("days", "needs"), [(0, []), (1, ["drawer_open"])])
def test_a_drawer_that_nobody_closed_needs_a_look(chief, carl, branch, days, needs):
    open_drawer(carl, branch.business_date() - datetime.timedelta(days=days))
    assert rows_of(chief)["makati"]["needs"] == needs


def test_branches_that_need_a_look_come_first(chief, other_branch, branch, hour):
    assert list(rows_of(chief)) == ["cebu", "makati"]
    services.confirm_selection(branch, choices=[Choice(hour.pk)])
    assert list(rows_of(chief)) == ["makati", "cebu"]


def test_managers_see_their_own_branches_and_owners_all(chief, branch):
    Branch.objects.create(name="Davao", slug="davao")
    owner = make_user("Olivia", branch, is_staff=True, is_superuser=True)
    found = overviews_of([chief.pk, owner.pk])
    slugs = {pk: {row["slug"] for row in rows["branches"]} for pk, rows in found.items()}
    assert slugs == {chief.pk: {"makati", "cebu"}, owner.pk: {"makati", "cebu", "davao"}}


def test_the_statements_are_as_many_for_ten_branches_as_for_two(
    chief, carl, branch, captured_statements
):
    open_drawer(carl, branch.business_date())

    def count() -> int:
        with captured_statements() as statements:
            overviews_of([chief.pk])
        return len(statements)

    few = count()
    for number in range(8):
        # Where the business day may be another one, too.
        zone = "Pacific/Kiritimati" if number % 2 else "Pacific/Pago_Pago"
        place = Branch.objects.create(name=f"Branch {number}", slug=f"b{number}", time_zone=zone)
        open_drawer(make_cashier(f"C{number}", place, "1"), place.business_date())
        Workplace.objects.create(user=chief, branch=place)
    assert (few, count()) == (8, 8)
    assert len(rows_of(chief)) == 10


def test_each_statement_names_its_branches(chief, carl, branch):
    open_drawer(carl, branch.business_date())
    audit = Audit()
    with connection.execute_wrapper(audit):
        overviews_of([chief.pk])
    assert audit.seen == 8
    assert audit.found == []


@pytest.mark.parametrize("path", ["/chain/", "/api/snapshots/chain/"])
def test_only_managers_of_several_branches_see_them(chief, carl, other_branch, path):
    Workplace.objects.create(user=carl.user, branch=other_branch)
    lone = make_user("Lone", other_branch, is_staff=True)
    statuses = [session_of(it).get(path).status_code for it in (chief, carl.user, lone)]
    assert statuses == [200, 403, 403]


def test_only_managers_of_several_branches_have_a_link(chief, carl, other_branch):
    Workplace.objects.create(user=carl.user, branch=other_branch)
    lone = make_user("Lone", other_branch, is_staff=True)
    shown = ['href="/chain/"' in session_of(it).get("/").text for it in (chief, carl.user, lone)]
    assert shown == [True, False, False]


@pytest.mark.django_db(transaction=True)
@pytest.mark.asyncio
async def test_a_heartbeat_has_what_the_page_shows(chief, other_branch, hour, monkeypatch):
    monkeypatch.setattr(hub, "HEARTBEAT_SECONDS", 0.1)
    async with open_socket("/ws/chain/", chief) as page:
        first = await page.hear("snapshot")
        assert [row["waiting"] for row in first["data"]["branches"]] == [0, 0]
        await pool.run(services.confirm_selection, other_branch, choices=[Choice(hour.pk)])
        while (beat := await page.hear("heartbeat"))["data"]["branches"][0]["waiting"] == 0:
            pass
        assert beat["data"]["branches"][0]["slug"] == "cebu"


@pytest.mark.django_db(transaction=True)
@pytest.mark.asyncio
async def test_the_page_stays_open_when_its_manager_works_elsewhere(chief):
    async with open_socket("/ws/chain/", chief) as page:
        await page.hear("snapshot")
        assert (await page.ask("work_at", branch="cebu"))["ok"]
        assert (await page.ask("work_at", branch="makati"))["ok"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.asyncio
async def test_the_socket_refuses_whoever_manages_one_branch(maria):
    async with open_socket("/ws/chain/", maria) as page:
        assert await page.close_code() == 4403
