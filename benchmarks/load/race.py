"""L5: twenty processes claim from the same queues, and nobody is claimed twice."""

import datetime
import multiprocessing
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.engine import set_up
from benchmarks.load.bars import COUNT, MILLISECONDS, RATE, Bar, Figures, judge, percentile
from benchmarks.load.dataset import Scene
from benchmarks.report import Result, say

if TYPE_CHECKING:
    from spa_project.tests.concurrency import Workers

PROCESSES = 20
WAITING = 1_000
#: Customers of the one process that claims alone.
WAITING_FOR_ONE = 200
LINES = ("therapists", "cashiers")

RATES, P95, LONGEST, WRONG = "claims/s", "a claim, p95", "the longest claim", "claimed not once"
BARS = {
    "MariaDB": {
        RATES: Bar(400, RATE, is_least=True),
        P95: Bar(100, MILLISECONDS),
        WRONG: Bar(0, COUNT),
    },
    "SQLite": {
        RATES: Bar(200, RATE, is_least=True),
        LONGEST: Bar(5_000, MILLISECONDS),
        WRONG: Bar(0, COUNT),
    },
}


class Claim(NamedTuple):
    """Claimed customer, and the begin and end of the claim (monotonic)."""

    customer: int
    began: float
    ended: float


def race(scene: Scene) -> list[Result]:
    """Measure L5, against one process that claims alone."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE spa_race")
    with tempfile.TemporaryDirectory(prefix="spa-race-") as directory:
        urls = {
            "MariaDB": f"{scene.stage.database_url}_race",
            "SQLite": f"sqlite:///{directory}/spa.sqlite3",
        }
        return [result for name, url in urls.items() for result in _elsewhere(name, url)]


def _elsewhere(name: str, url: str) -> list[Result]:
    """Run in a process of its own: Django knows one default database."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_race, name, url).result()


def _race(name: str, url: str) -> list[Result]:
    """Race for both queues on one database."""
    set_up(url)
    from django.core.management import call_command
    from django.db.transaction import atomic

    from benchmarks.floor import build
    from spa_project.tests.concurrency import Workers

    call_command("migrate", verbosity=0)
    with atomic():
        build(staff=WAITING + PROCESSES)
    workers = Workers(PROCESSES)
    results = []
    for line in LINES:
        alone = _claims(workers, line, 1, WAITING_FOR_ONE)
        many = _claims(workers, line, PROCESSES, WAITING)
        results += judge(BARS[name], many, alone, of=f"{name}, {line}: ")
        say(f"  {name}, {line}: {many}")
    workers.stop()
    return results


def _claims(workers: "Workers", line: str, processes: int, waiting: int) -> Figures:
    """Claim a whole queue until it is empty; every process has its share of the staff."""
    line_up(line, waiting + processes)
    numbers = range(processes)
    # A serving process is warm, too.
    first = workers.at_once([(claim, line, waiting + n, waiting + n + 1, 1) for n in numbers])
    shares = workers.at_once([(claim, line, n, waiting, processes) for n in numbers])
    for outcome in (*first, *shares):
        if isinstance(outcome, Exception):
            raise outcome
    claims: list[Claim] = [*chain.from_iterable(shares)]
    claimed = Counter(each.customer for each in chain(claims, *first))
    took = max(each.ended for each in claims) - min(each.began for each in claims)
    times = [each.ended - each.began for each in claims]
    return {
        RATES: len(claims) / took,
        P95: percentile(times, 95),
        LONGEST: 1000 * max(times),
        WRONG: float(_wrong(claimed)),
    }


def _wrong(claimed: Counter[int]) -> int:
    """Return how many customers were not claimed exactly once, by the answers or by the history."""
    from queueing.models import Transaction, TransactionEvent

    customers = set(Transaction.objects.values_list("pk", flat=True))
    recorded = Counter(TransactionEvent.objects.values_list("transaction_id", flat=True))
    return sum(not claimed[pk] == recorded[pk] == 1 for pk in customers)


def line_up(line: str, count: int) -> None:
    """Empty the floor but for `count` customers in one of the queues."""
    from django.db import connection
    from django.utils import timezone

    from accounts.models import Branch
    from queueing.models import Transaction, TransactionEvent
    from queueing.states import Status

    TransactionEvent.objects.all().delete()
    Transaction.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE queueing_room SET status = 'available'")
    now, branch = timezone.now(), Branch.objects.get()
    Transaction.objects.bulk_create(
        Transaction(
            branch=branch,
            business_date=now.date(),
            running_number=number,
            code=f"{number:04}",
            status=Status.PENDING_THERAPIST if line == "therapists" else Status.FINISHED,
            version=1,
            queued_at=now + datetime.timedelta(milliseconds=number),
        )
        for number in range(1, count + 1)
    )


def claim(line: str, first: int, last: int, step: int) -> list[Claim]:
    """Claim one customer for each of these members of staff, in one of the processes."""
    from benchmarks.floor import load
    from payments.counter import claim_next as claim_finished
    from queueing.services import confirm_next

    floor = load()
    claims = []
    for number in range(first, last, step):
        began = time.monotonic()
        if line == "therapists":
            customer = confirm_next(floor.therapists[number])
        else:
            customer = claim_finished(floor.cashiers[number])
        claims.append(Claim(customer.pk, began, time.monotonic()))
    return claims
