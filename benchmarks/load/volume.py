"""L6: a spa with a million visits in its history, and a few customers."""

import datetime
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import replace

from benchmarks.lives import work
from benchmarks.load.bars import COUNT, MILLISECONDS, Bar, Figures, judge, percentile
from benchmarks.load.dataset import Scene
from benchmarks.load.screens import VISITS, order
from benchmarks.peers.servers import Side
from benchmarks.report import Result, say
from benchmarks.stage import Stage
from tools.servers import HOST, run_quietly

#: Visits in the history of a spa after a few days.
FEW = 1_000
SNAPSHOTS, PAGES = 60, 10
WORK_SECONDS = 8.0

CLAIM, SNAPSHOT = "a claim, p95", f"the monitor's snapshot with {VISITS} visits, p95"
SCANS = "statements that read a whole table"
BARS = {CLAIM: Bar(50, MILLISECONDS), SNAPSHOT: Bar(150, MILLISECONDS)}
PAGE_BARS = {
    "the admin's list of visits": Bar(1_000, MILLISECONDS),
    "the admin's list of visits, those paid": Bar(1_000, MILLISECONDS),
    "the admin's list of payments": Bar(1_000, MILLISECONDS),
    "the report of one day": Bar(2_000, MILLISECONDS),
    "the report of 92 days": Bar(2_000, MILLISECONDS),
}


def volume(scene: Scene) -> list[Result]:
    """Measure L6, against the same spa with the history of a few days."""
    _give_room()
    with tempfile.TemporaryDirectory(prefix="spa-static-") as static:
        stage = replace(scene.stage, static_root=static)
        run_quietly([sys.executable, "manage.py", "collectstatic", "--no-input"], **stage.settings)
        few, many = (_with_a_past(stage, rows) for rows in (FEW, scene.rows))
    bars = BARS | PAGE_BARS | {SCANS: Bar(0, COUNT)}
    return judge(bars, many, few, of=f"{scene.rows:,} visits: ")


def _give_room() -> None:
    """Give the database as much memory as deploy/mariadb.cnf does."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SET GLOBAL innodb_buffer_pool_size = 512 * 1024 * 1024")


def _with_a_past(stage: Stage, rows: int) -> Figures:
    from accounts.models import Branch
    from benchmarks.floor import free_everyone
    from benchmarks.load import archive
    from benchmarks.load.plans import scans

    free_everyone()
    begin = time.monotonic()
    items = archive.fill(Branch.objects.get(), rows)
    say(f"  {rows:,} visits, {items:,} items in {time.monotonic() - begin:.0f} s")
    with stage.ours() as side:
        figures = _at_work(stage, side) | _pages(stage, side)
    figures[SCANS] = float(len(scans(Branch.objects.get())))
    free_everyone()
    return figures


def _at_work(stage: Stage, side: Side) -> Figures:
    desks = replace(stage.our_desks(side, staff=1, monitors=1), one_by_one=True)
    work(desks, 1.0)  # warm-up
    claims = work(desks, WORK_SECONDS).times["therapist_confirm_next"]
    order(stage, [side], VISITS)
    snapshots = _times(side, stage.cookie("monitor1"), "/api/snapshots/monitor/", SNAPSHOTS)
    return {CLAIM: percentile(claims, 95), SNAPSHOT: percentile(snapshots, 95)}


def _pages(stage: Stage, side: Side) -> Figures:
    """Return the 95th percentile of each page."""
    from accounts.models import Branch

    manager = stage.cookie("manager1")
    yesterday = Branch.objects.get().business_date() - datetime.timedelta(days=1)
    quarter = yesterday - datetime.timedelta(days=91)
    addresses = (
        "/admin/queueing/transaction/",
        "/admin/queueing/transaction/?status__exact=paid",
        "/admin/payments/payment/",
        f"/reports/?first={yesterday}&last={yesterday}",
        f"/reports/?first={quarter}&last={yesterday}",
    )
    times = (_times(side, manager, address, PAGES) for address in addresses)
    figures = {what: percentile(each, 95) for what, each in zip(PAGE_BARS, times, strict=True)}
    say("  " + ", ".join(f"{what} {figure:.0f} ms" for what, figure in figures.items()))
    return figures


def _times(side: Side, cookie: str, address: str, count: int) -> Sequence[float]:
    """Return the seconds of so many requests, one after the other, without the first."""
    return [_time(side, cookie, address) for _each in range(count + 1)][1:]


def _time(side: Side, cookie: str, address: str) -> float:
    url = f"http://{HOST}:{side.port}{address}"
    begin = time.monotonic()
    with urllib.request.urlopen(urllib.request.Request(url, headers={"Cookie": cookie})) as reply:
        reply.read()
        assert reply.url == url, f"{address} led to {reply.url}"
    return time.monotonic() - begin
