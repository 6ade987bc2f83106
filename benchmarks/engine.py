"""Benchmark of the claim engine against hand-written SQL, on one private MariaDB.

    make bench

It prints one table with ratios and writes it to docs/performance.md. The two sides alternate in one
run, so that their ratio means something even on a busy machine.
"""

import concurrent.futures
import multiprocessing
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING

from benchmarks.report import Result, table, write
from tools.servers import MariaDB

if TYPE_CHECKING:
    from accounts.models import Therapist
    from benchmarks.by_hand import Hand
    from benchmarks.floor import Floor

ROUNDS = 5
CLAIMS = 800
LIVES = 120
PROCESSES = 2
CLAIMERS = 8  # in each process
HISTORY = 1_000_000


def set_up(url: str) -> None:
    """Set Django up on this database, with an empty schema."""
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "spa_project.settings",
        "DATABASE_URL": url,
        "SECRET_KEY": "only-for-measuring-" * 4,
        "REDIS_URL": "",
    }
    import django

    django.setup()


def hand(floor: "Floor") -> "Hand":
    """Return a connection for the hand-written side."""
    from django.conf import settings

    from benchmarks.by_hand import Hand

    return Hand(settings.DATABASES["default"], floor.branch.pk)


@contextmanager
def stopwatch() -> Iterator[list[float]]:
    """Measure the seconds of the block, as the only entry of the list."""
    taken: list[float] = []
    begin = time.perf_counter()
    yield taken
    taken.append(time.perf_counter() - begin)


def take_turns(
    ours: Callable[[], float], theirs: Callable[[], float], rounds: int = ROUNDS
) -> tuple[float, float]:
    """Return the median rate of each side; the sides alternate, so that both meet the same load."""
    sides = [(ours, list[float]()), (theirs, list[float]())]
    ours(), theirs()  # warm-up
    for _round in range(rounds):
        for side, rates in sides:
            rates.append(side())
        sides.reverse()  # neither side always goes first
    found = {side: statistics.median(rates) for side, rates in sides}
    return found[ours], found[theirs]


def fresh_line(floor: "Floor", waiting: int) -> None:
    """Empty the floor but for `waiting` customers in the therapists' queue."""
    from benchmarks.floor import add_waiting, free_everyone

    free_everyone()
    add_waiting(floor, waiting)


# -- One thread ---------------------------------------------------------------------------------


def claims_by_service(floor: "Floor") -> float:
    """Return claims per second by the services; each therapist claims one customer."""
    from queueing.services import confirm_next

    fresh_line(floor, CLAIMS)
    with stopwatch() as taken:
        for therapist in floor.therapists[:CLAIMS]:
            confirm_next(therapist)
    return CLAIMS / taken[0]


def claims_by_hand(floor: "Floor") -> float:
    """Return claims per second by hand."""
    fresh_line(floor, CLAIMS)
    other = hand(floor)
    with stopwatch() as taken:
        for therapist in floor.therapists[:CLAIMS]:
            assert other.claim(therapist.pk, therapist.user_id, therapist.room_number)
    other.close()
    return CLAIMS / taken[0]


def lives_by_service(floor: "Floor") -> float:
    """Return visits per second by the services, confirm to paid, one after the other."""
    from benchmarks.floor import free_everyone
    from payments.counter import claim_next as claim_finished
    from payments.payment import pay
    from queueing import services
    from queueing.models import RoomStatus
    from queueing.services import Choice

    free_everyone()
    therapist, cashier = floor.therapists[0], floor.cashiers[0]
    choices = [Choice(offer.pk) for offer in floor.offers]
    with stopwatch() as taken:
        for _life in range(LIVES):
            pk = services.confirm_selection(floor.branch, choices=choices).pk
            services.confirm_next(therapist)
            services.start_service(therapist, transaction_id=pk)
            services.finish_service(therapist, transaction_id=pk)
            services.room_set_status(floor.branch, therapist.room_number, RoomStatus.AVAILABLE)
            claim_finished(cashier)
            pay(cashier, transaction_id=pk, amount_paid=Decimal("1500.00"))
    return LIVES / taken[0]


def lives_by_hand(floor: "Floor") -> float:
    """Return visits per second by hand."""
    from benchmarks.floor import free_everyone

    free_everyone()
    therapist, cashier = floor.therapists[0], floor.cashiers[0]
    offer_ids = [offer.pk for offer in floor.offers]
    day = floor.branch.business_date()
    other = hand(floor)
    with stopwatch() as taken:
        for _life in range(LIVES):
            pk = other.confirm(offer_ids, day)
            other.claim(therapist.pk, therapist.user_id, therapist.room_number)
            other.start(pk, therapist.pk, therapist.user_id)
            other.finish(pk, therapist.pk, therapist.user_id, therapist.room_number)
            other.ready(therapist.room_number)
            other.claim_finished(cashier.pk, cashier.user_id)
            other.pay(pk, cashier.pk, cashier.user_id, Decimal("1500.00"))
    other.close()
    return LIVES / taken[0]


# -- Many claimers ------------------------------------------------------------------------------


def claim_in_threads(url: str, process: int, by_hand: bool, begin_at: float) -> float:
    """Run one process of claimers; return the time it was done.

    By hand each claimer has a thread and a connection. The services share the threads of the
    process's pool, as in a serving process (spa_project/lib/db/pool.py).
    """
    set_up(url)
    from django.conf import settings
    from django.db import connection

    from benchmarks.floor import load
    from queueing.services import confirm_next

    floor = load()
    mine = floor.therapists[process::PROCESSES]
    threads = CLAIMERS if by_hand else settings.DB_THREADS

    def work(slot: int) -> None:
        other = hand(floor) if by_hand else None

        def claim(therapist: "Therapist") -> None:
            if other is not None:
                other.claim(therapist.pk, therapist.user_id, therapist.room_number)
            else:
                confirm_next(therapist)

        share = mine[slot::threads]
        warm_ups = CLAIMERS // threads
        for therapist in share[:warm_ups]:
            claim(therapist)  # a serving process is warm, too
        time.sleep(max(0.0, begin_at - time.time()))  # all claimers begin together
        for therapist in share[warm_ups:]:
            claim(therapist)
        (other or connection).close()

    with concurrent.futures.ThreadPoolExecutor(threads) as executor:
        list(executor.map(work, range(threads)))
    return time.time()


def claims_in_processes(url: str, floor: "Floor", *, by_hand: bool) -> float:
    """Return claims per second of all claimers together."""
    fresh_line(floor, CLAIMS)
    begin_at = time.time() + 3
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(PROCESSES, mp_context=context) as pool:
        jobs = [
            pool.submit(claim_in_threads, url, process, by_hand, begin_at)
            for process in range(PROCESSES)
        ]
        ended = max(job.result() for job in jobs)
    return (CLAIMS - PROCESSES * CLAIMERS) / (ended - begin_at)


# -- History ------------------------------------------------------------------------------------


def claim_times(floor: "Floor") -> list[float]:
    """Return the seconds of each of `CLAIMS` claims; the queue is filled anew, history stays."""
    from django.db import connection

    from benchmarks.floor import add_waiting
    from queueing.models import Transaction, TransactionEvent, TransactionItem
    from queueing.services import confirm_next

    TransactionEvent.objects.all().delete()
    TransactionItem.objects.all().delete()
    Transaction.objects.filter(running_number__lte=CLAIMS).delete()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE queueing_room SET status = 'available'")
    add_waiting(floor, CLAIMS)
    times = []
    for therapist in floor.therapists[:CLAIMS]:
        with stopwatch() as taken:
            confirm_next(therapist)
        times += taken
    return times


def p99(times: Sequence[float]) -> float:
    """Return the 99th percentile of the times."""
    return statistics.quantiles(times, n=100)[98]


def history_result(floor: "Floor") -> Result:
    """Return how much a long history slows the slowest claims."""
    from benchmarks.floor import add_history, free_everyone

    free_everyone()
    add_history(floor, 1_000, first=CLAIMS + 1)
    claim_times(floor)
    short = statistics.median(p99(claim_times(floor)) for _round in range(ROUNDS))
    add_history(floor, HISTORY - 1_000, first=CLAIMS + 1_001)
    claim_times(floor)
    long = statistics.median(p99(claim_times(floor)) for _round in range(ROUNDS))
    return Result(
        f"claim p99 with {HISTORY:,} paid rows, against 1,000",
        f"{long * 1000:.2f} ms",
        f"{short * 1000:.2f} ms",
        long / short,
        "at most 1.20",
        long / short <= 1.2,
    )


# -- Counts -------------------------------------------------------------------------------------


def snapshot_result(floor: "Floor") -> Result:
    """Return whether a desk's snapshot takes more queries when the queue is longer."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from queueing.events import THERAPISTS
    from queueing.snapshots import rooms_of, transactions_of

    counts = []
    for waiting in (10, 1_000):
        fresh_line(floor, waiting)
        with CaptureQueriesContext(connection) as captured:
            transactions_of(floor.branch, THERAPISTS.shows)
            rooms_of(floor.branch)
        counts.append(len(captured))
    return Result(
        "queries of a desk snapshot, 1,000 waiting against 10",
        str(counts[1]),
        str(counts[0]),
        counts[1] / counts[0],
        "constant",
        counts[0] == counts[1],
    )


def connections_result(database: MariaDB) -> Result:
    """Return the connections opened by 2,000 requests to a server process under load."""
    import urllib.request

    from django.db import connection

    from tools.servers import AppServer

    def opened() -> int:
        with connection.cursor() as cursor:
            cursor.execute("SHOW GLOBAL STATUS LIKE 'Connections'")
            return int(cursor.fetchone()[1])

    requests = 2_000
    environment = {key: os.environ[key] for key in ("DATABASE_URL", "SECRET_KEY", "REDIS_URL")}
    with AppServer(**environment) as app:

        def ask(_number: int) -> None:
            urllib.request.urlopen(f"{app.url}/api/menu/").read()

        with concurrent.futures.ThreadPoolExecutor(16) as threads:
            list(threads.map(ask, range(200)))
            before = opened()
            list(threads.map(ask, range(requests)))
            new = opened() - before
    return Result(
        f"database connections opened by {requests:,} requests",
        str(new),
        "",
        float(new),
        "0",
        new == 0,
    )


def rate_result(measure: str, rates: tuple[float, float], bar: float) -> Result:
    """Return a row that compares two rates."""
    ours, theirs = rates
    ratio = ours / theirs
    return Result(
        measure, f"{ours:,.0f}/s", f"{theirs:,.0f}/s", ratio, f"at least {bar:.2f}", ratio >= bar
    )


def measure(database: MariaDB) -> list[Result]:
    """Measure everything, in the order of the table."""
    set_up(database.url)
    from django.core.management import call_command

    from benchmarks.floor import build

    call_command("migrate", verbosity=0)
    floor = build(staff=CLAIMS)
    results = [
        rate_result(
            "claim_next, one thread, against the same statements by hand",
            take_turns(lambda: claims_by_service(floor), lambda: claims_by_hand(floor)),
            0.60,
        ),
        rate_result(
            "a customer's whole life, one thread, against SQL by hand",
            take_turns(lambda: lives_by_service(floor), lambda: lives_by_hand(floor)),
            0.35,
        ),
        rate_result(
            f"{PROCESSES * CLAIMERS} claimers in {PROCESSES} processes, against the same by hand",
            take_turns(
                lambda: claims_in_processes(database.url, floor, by_hand=False),
                lambda: claims_in_processes(database.url, floor, by_hand=True),
            ),
            0.80,
        ),
        snapshot_result(floor),
        connections_result(database),
        history_result(floor),
    ]
    return results


def main() -> int:
    """Measure, print and write docs/performance.md; return 1 when a bar was missed."""
    with MariaDB(durable=True) as database:
        results = measure(database)
        what_ran = versions()
    print(table(results))
    write("engine", table(results), what_ran)
    return int(not all(result.met for result in results))


def versions() -> str:
    """Return the machine and the versions of the software."""
    import django
    import MySQLdb
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT VERSION()")
        server = cursor.fetchone()[0]
    driver = ".".join(str(part) for part in MySQLdb.version_info[:3])
    return (
        f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}; "
        f"Python {platform.python_version()}, Django {django.__version__}, mysqlclient {driver}, "
        f"MariaDB {server} (`innodb_flush_log_at_trx_commit=1`)"
    )


if __name__ == "__main__":
    sys.exit(main())
