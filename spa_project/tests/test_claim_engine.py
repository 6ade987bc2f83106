"""Tests of a claim on MariaDB: its query plan, and the rows it locks.

With any other plan InnoDB locks each row it reads, and a second claimer is answered that the queue
is empty while fifty customers wait.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle
from typing import Any

import pytest
from django.db import connection
from django.db.transaction import atomic
from django.test.utils import CaptureQueriesContext

from accounts.models import Branch, Therapist
from catalog.models import Skill
from conftest import make_cashier, make_therapist
from payments import counter
from queueing import queries
from queueing import services as queueing
from queueing.access import next_in_lanes, next_in_line
from queueing.errors import QueueEmpty
from queueing.lanes import ANYONE, OF_GENDER, Lane
from queueing.lifecycle import advance
from queueing.models import SkillSet, Transaction
from queueing.queries import lanes_in, lock_next, waiting_in
from queueing.services import Choice
from queueing.skills import members_of
from queueing.states import Status
from spa_project.tests.concurrency import (
    PATIENCE,
    aside,
    is_mysql,
    rows_we_lock,
    sequence,
    wait_until,
)

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]

LINES = (Status.PENDING_THERAPIST, Status.FINISHED)
SIZES = (10, 1_000, 100_000)


def fill(branch: Branch, size: int, *statuses: Status) -> None:
    """Insert `size` transactions of each status into a branch, the first in the queue first."""
    for number, status in enumerate(statuses):
        with connection.cursor() as cursor:
            cursor.execute(
                f"""
                INSERT INTO queueing_transaction
                    (branch_id, business_date, running_number, code, `key`, status, version,
                     customer_name, room_number, total_amount, total_duration_minutes,
                     created_at, queued_at, paid_at, request_digest)
                SELECT %s, '2000-01-01', seq + %s, '0001', UUID(), %s, 1,
                       'Ana', '', 500, 60, NOW(6), NOW(6) + INTERVAL seq SECOND, NOW(6), ''
                FROM {sequence(size)} ORDER BY seq
                """,
                [branch.pk, number * size, status],
            )


def pick_of(branch: Branch, line: Status, lane: int = ANYONE) -> str:
    """Return the SQL statement with which a claim picks the next customer of a lane."""
    with atomic(), CaptureQueriesContext(connection) as captured:
        lock_next(branch.pk, line, lane)
    return captured[-1]["sql"]


def spread(branch: Branch, lanes: Sequence[int]) -> dict[int, list[int]]:
    """Spread those who wait over the lanes by turns; return the keys in each, in their order."""
    waiting = Transaction.objects.in_line(branch.pk, Status.PENDING_THERAPIST)
    found: dict[int, list[int]] = {lane: [] for lane in lanes}
    for pk, lane in zip(waiting.values_list("pk", flat=True), cycle(lanes), strict=False):
        found[lane].append(pk)
    for lane, keys in found.items():
        who, skill_set = Lane.of(lane)
        request = {"requested_therapist_id": who} if who > ANYONE else {}
        needs = {"skill_set_id": skill_set or None}
        Transaction.objects.filter(pk__in=keys).update(lane=lane, **request, **needs)
    return found


def collect_statistics() -> None:
    """Let MariaDB count the rows of the table, until it knows of all.

    It counts by itself too, ten seconds after many rows changed: a count that began when the table
    was still empty would replace this one.
    """

    def are_known() -> bool:
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE TABLE queueing_transaction")
            cursor.execute(
                "SELECT table_rows FROM information_schema.tables"
                " WHERE table_schema = DATABASE() AND table_name = 'queueing_transaction'"
            )
            return bool(cursor.fetchone()[0] >= Transaction.objects.count() / 2)

    wait_until(are_known, "statistics")


def plan_of(sql: str) -> dict[str, str]:
    # MySQL would draw a tree, and MariaDB has no name for its table.
    table = "FORMAT=TRADITIONAL" if is_mysql() else ""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {table} {sql}")
        [row] = cursor.fetchall()
        columns = [column[0] for column in cursor.description]
        return {name: value or "" for name, value in zip(columns, row, strict=True)}


def assert_picked_by_index(branch: Branch, line: Status) -> None:
    assert_read_by_index(pick_of(branch, line))


def assert_read_by_index(sql: str) -> None:
    assert "FOR UPDATE SKIP LOCKED" in sql
    plan = plan_of(sql)
    assert plan["key"] == "transaction_pick", plan
    assert "filesort" not in plan["Extra"], plan


@pytest.mark.sample(1)
@pytest.mark.parametrize("size", SIZES)
def test_the_pick_is_read_from_its_index_however_long_the_lines(branch, other_branch, size):
    """Both lines and the past hold `size` customers, here and in another branch of ten."""
    fill(branch, size, *LINES, Status.PAID)
    fill(other_branch, 10, *LINES)
    for line in LINES:
        assert_picked_by_index(branch, line)
    collect_statistics()
    for line in LINES:
        assert_picked_by_index(branch, line)
        assert_picked_by_index(other_branch, line)


def of_people(count: int) -> list[int]:
    """Return the lanes of so many therapists."""
    return list(range(1, count + 1))


def of_skills(count: int) -> list[int]:
    """Return lanes of which each needs another set of skills, of anyone, a woman or a therapist."""
    whose = [ANYONE, OF_GENDER["woman"], 7]
    return [Lane(whose[number % 3], number).number for number in range(1, count + 1)]


@pytest.mark.sample(2)
@pytest.mark.parametrize("lanes_of", [of_people, of_skills])
@pytest.mark.parametrize("count", [1, 5, 20])
def test_a_lane_is_picked_from_the_same_index_however_many_there_are(branch, count, lanes_of):
    """A thousand wait in `count` lanes; each statement reads the records of one."""
    fill(branch, 1_000, *LINES, Status.PAID)
    lanes = spread(branch, lanes_of(count))
    collect_statistics()
    for lane, waiting in lanes.items():
        sql = pick_of(branch, Status.PENDING_THERAPIST, lane)
        assert_read_by_index(sql)
        with atomic():
            first = lock_next(branch.pk, Status.PENDING_THERAPIST, lane)
            assert first is not None
            assert first.pk == waiting[0]


@pytest.mark.sample(2)
@pytest.mark.parametrize("lanes_of", [of_people, of_skills])
@pytest.mark.parametrize("count", [1, 5, 20])
def test_the_lanes_that_wait_are_listed_from_the_index_alone(branch, count, lanes_of):
    fill(branch, 1_000, *LINES, *[Status.PAID] * 8)
    lanes = list(spread(branch, lanes_of(count)))
    collect_statistics()
    with CaptureQueriesContext(connection) as captured:
        assert sorted(lanes_in(branch.pk)) == sorted(lanes)
        listed = waiting_in(branch.pk, lanes[:2], but_declining=0)
        assert len(listed) == 1_000 // count * min(count, 2)
    for each in captured:
        plan = plan_of(each["sql"])
        # MySQL may choose another index: what matters is that it reads those who wait (a thousand,
        # by its estimate) and not all ten thousand.
        assert is_mysql() or plan["key"] == "transaction_pick", plan
        assert int(plan["rows"]) <= 2_000, plan
        assert "filesort" not in plan["Extra"], plan


Claim = Callable[[Any], Transaction]


def claimers(branch: Branch, line: Status, count: int) -> tuple[Claim, list[Any]]:
    """Return the operation that claims from a queue, and people who may use it."""
    numbers = range(1, count + 1)
    if line == Status.FINISHED:
        cashiers = [make_cashier(f"Cashier{number}", branch, str(number)) for number in numbers]
        return counter.claim_next, cashiers
    therapists = [make_therapist(f"Therapist{number}", branch, str(number)) for number in numbers]
    return queueing.confirm_next, therapists


class OpenClaims:
    """Claims on threads of their own that stop inside their transaction until `finish`."""

    def __init__(self, *, before_the_change: bool) -> None:
        self._before_the_change = before_the_change
        self._main = threading.current_thread()
        self._stopped = threading.Semaphore(0)
        self._let_go = threading.Event()
        self._claims: list[Any] = []

    def advance(self, *args: Any, **kwargs: Any) -> Transaction:
        """Call the lifecycle's own `advance`, with the stop before or after it."""
        if self._before_the_change:
            self._stop()
        transaction = advance(*args, **kwargs)
        if not self._before_the_change:
            self._stop()
        return transaction

    def _stop(self) -> None:
        if threading.current_thread() is not self._main:
            self._stopped.release()
            assert self._let_go.wait(PATIENCE)

    def open(self, claim: Claim, person: Any) -> None:
        """Claim, and stop with the locks held."""
        self._claims.append(aside(claim, person))
        assert self._stopped.acquire(timeout=PATIENCE), self._claims[-1].exception(0)

    def finish(self) -> list[Transaction]:
        """Commit all claims; return the claimed customers."""
        self._let_go.set()
        return [claim.result(PATIENCE) for claim in self._claims]


@contextmanager
def open_claims(monkeypatch, *, before_the_change: bool) -> Iterator[OpenClaims]:
    claims = OpenClaims(before_the_change=before_the_change)
    monkeypatch.setattr("queueing.services.advance", claims.advance)
    monkeypatch.setattr("payments.counter.advance", claims.advance)
    try:
        yield claims
    finally:
        claims.finish()


@pytest.mark.sample(8)
@pytest.mark.parametrize("before_the_change", [True, False], ids=["picked", "changed"])
@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("held", range(1, 9))
def test_open_claims_hide_nobody_but_whom_they_hold(
    branch, monkeypatch, held, line, before_the_change
):
    """`held` of `held + 1` waiting are locked: the next claimer gets the last, never “nobody”."""
    fill(branch, held + 1, line)
    waiting = list(Transaction.objects.in_line(branch.pk, line))
    claim, [*holders, next_one] = claimers(branch, line, held + 1)
    with open_claims(monkeypatch, before_the_change=before_the_change) as claims:
        for holder in holders:
            claims.open(claim, holder)
        assert claim(next_one) == waiting[-1]
        assert claims.finish() == waiting[:-1]


@pytest.mark.sample(2)
@pytest.mark.parametrize("before_the_change", [True, False], ids=["picked", "changed"])
@pytest.mark.parametrize("count", [1, 5, 20])
def test_open_claims_of_every_lane_hide_nobody_else(branch, monkeypatch, count, before_the_change):
    """One claim of each lane is held: the next of each therapist gets the second of their lane.

    In the common lane, from which all may call, nobody is hidden either.
    """
    therapists = claimers(branch, Status.PENDING_THERAPIST, 2 * count)[1]
    asked, others = therapists[:count], therapists[count:]
    fill(branch, 2 * (count + 1), Status.PENDING_THERAPIST)
    lanes = spread(branch, [*(each.pk for each in asked), ANYONE])
    with open_claims(monkeypatch, before_the_change=before_the_change) as claims:
        for therapist in asked:
            claims.open(queueing.confirm_next, therapist)
        got = [queueing.confirm_next(other).pk for other in others[:2]]
        assert got == lanes[ANYONE][: len(got)]
        assert [each.pk for each in claims.finish()] == [lanes[each.pk][0] for each in asked]
    for therapist in asked:
        with atomic():
            assert next_in_lanes(therapist, branch, "").pk == lanes[therapist.pk][1]


def able(branch: Branch, count: int, *skills: Skill) -> list[Therapist]:
    """Create therapists with these skills."""
    therapists: list[Therapist] = claimers(branch, Status.PENDING_THERAPIST, count)[1]
    for therapist in therapists:
        therapist.skills.add(*skills)
    return therapists


def interned(*skills: Skill) -> int:
    """Return the key of the set of these skills."""
    members = members_of(skill.pk for skill in skills)
    return SkillSet.objects.get_or_create(members=members)[0].pk


@pytest.mark.sample(2)
@pytest.mark.parametrize("before_the_change", [True, False], ids=["picked", "changed"])
@pytest.mark.parametrize("held", [1, 4, 8])
def test_open_claims_of_skill_lanes_hide_nobody_but_whom_they_hold(
    branch, monkeypatch, held, before_the_change
):
    """Those who wait stand in the common lane and those of two skills, by turns."""
    skills = [Skill.objects.create(name=name) for name in ("Hot stone", "Prenatal")]
    *holders, next_one = able(branch, held + 1, *skills)
    fill(branch, held + 1, Status.PENDING_THERAPIST)
    sets = [interned(skills[0]), interned(*skills)]
    spread(branch, [ANYONE, *(Lane(ANYONE, pk).number for pk in sets)])
    waiting = list(Transaction.objects.in_line(branch.pk, Status.PENDING_THERAPIST))
    with open_claims(monkeypatch, before_the_change=before_the_change) as claims:
        for holder in holders:
            claims.open(queueing.confirm_next, holder)
        assert queueing.confirm_next(next_one) == waiting[-1]
        assert claims.finish() == waiting[:-1]


def test_a_pick_of_who_has_a_skill_locks_one_customer(branch):
    """Neither those before in the lane, nor those who need another skill."""
    skills = [Skill.objects.create(name=name) for name in ("Hot stone", "Prenatal")]
    [maya] = able(branch, 1, skills[0])
    fill(branch, 100, Status.PENDING_THERAPIST)
    stones, mothers = (Lane(ANYONE, interned(skill)).number for skill in skills)
    lanes = spread(branch, [mothers, stones])
    with atomic():
        assert next_in_lanes(maya, branch, "").pk == lanes[stones][0]
        wait_until(lambda: rows_we_lock() > 0, "locks")
        assert rows_we_lock() <= 2


@pytest.mark.parametrize("statement", ["lock_therapist", "lanes_in"])
def test_a_customer_who_changes_lanes_while_a_therapist_looks_is_not_missed(
    branch, monkeypatch, statement
):
    """Staff give the only customer a request, or end it, after one of the look's statements.

    A look for one in the lanes lists them by one statement, so the customer is in it once.
    """
    [maya] = claimers(branch, Status.PENDING_THERAPIST, 1)[1]
    Therapist.objects.filter(pk=maya.pk).update(gender="woman")
    fill(branch, 1, Status.PENDING_THERAPIST)
    anyone = {"lane": ANYONE, "preference": ""}
    woman = {"lane": OF_GENDER["woman"], "preference": "woman"}
    before, after = (anyone, woman) if statement == "lock_therapist" else (woman, anyone)
    Transaction.objects.update(**before)
    read = getattr(queries, statement)

    def read_then_change(*args: Any) -> Any:
        found = read(*args)
        aside(Transaction.objects.update, **after).result(PATIENCE)
        return found

    monkeypatch.setattr(queries, statement, read_then_change)
    assert queueing.confirm_next(maya) == Transaction.objects.get()


def test_a_pick_among_lanes_locks_one_customer(branch):
    """Neither the heads of the other lanes nor those before the customer in them."""
    fill(branch, 100, Status.PENDING_THERAPIST)
    [maya, *_others] = claimers(branch, Status.PENDING_THERAPIST, 5)[1]
    lanes = spread(branch, [ANYONE, *range(maya.pk + 1, maya.pk + 5), OF_GENDER["woman"]])
    with atomic():
        assert next_in_lanes(maya, branch, "woman").pk == lanes[ANYONE][0]
        wait_until(lambda: rows_we_lock() > 0, "locks")
        assert rows_we_lock() <= 2


def be_impatient() -> None:
    """Let a lock wait of this test's own connection fail at once instead of after seconds."""
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION innodb_lock_wait_timeout = 0")


@pytest.fixture
def impatient(db) -> Iterator[None]:
    be_impatient()
    yield
    connection.close()  # the next test gets one with the usual timeout


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("line", LINES)
def test_an_open_claim_delays_neither_new_customers_nor_edits(branch, hour, monkeypatch, line):
    fill(branch, 50, line)
    [_claimed, *others] = Transaction.objects.in_line(branch.pk, line)
    claim, [holder] = claimers(branch, line, 1)
    with open_claims(monkeypatch, before_the_change=False) as claims:
        claims.open(claim, holder)
        queueing.confirm_selection(branch, choices=[Choice(hour.pk)])
        for other in others:
            Transaction.objects.filter(pk=other.pk).update(customer_name="Bea")


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("line", LINES)
def test_a_look_at_an_empty_line_delays_no_new_customer(branch, other_branch, hour, line):
    def look() -> None:
        with atomic():
            with pytest.raises(QueueEmpty):
                next_in_line(branch, line)
            looked.set()
            assert confirmed.wait(PATIENCE)

    looked, confirmed = threading.Event(), threading.Event()
    looking = aside(look)
    assert looked.wait(PATIENCE)
    for place in (branch, other_branch):
        queueing.confirm_selection(place, choices=[Choice(hour.pk)])
    confirmed.set()
    looking.result(PATIENCE)


@pytest.mark.parametrize("line", LINES)
def test_a_pick_locks_one_customer_however_many_wait(branch, line):
    fill(branch, 1_000, line)
    with atomic():
        next_in_line(branch, line)
        wait_until(lambda: rows_we_lock() > 0, "locks")
        assert rows_we_lock() <= 2  # its record in the pick index, and the row


def test_a_therapists_pick_locks_one_customer_and_none_who_declined(branch):
    fill(branch, 100, Status.PENDING_THERAPIST)
    [maya, noor] = claimers(branch, Status.PENDING_THERAPIST, 2)[1]
    waiting = Transaction.objects.in_line(branch.pk, Status.PENDING_THERAPIST)
    first, second, *_others = waiting
    Transaction.objects.filter(pk=first.pk).update(declined_therapist=maya)
    with atomic():
        assert next_in_lanes(maya, branch, "") == second
        wait_until(lambda: rows_we_lock() > 0, "locks")
        assert rows_we_lock() <= 2
        assert aside(queueing.confirm_next, noor).result(PATIENCE) == first
