"""Endpoints for liveness, readiness and metrics."""

import ipaddress
import time
from collections.abc import Iterator
from functools import cache

from django.db import Error as DatabaseError
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import Http404, HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from spa_project.lib.client_address import client_address
from spa_project.lib.realtime.hub import hub

#: Seconds within which a message through the channel layer must come back.
ECHO_SECONDS = 1.0
#: Seconds by which our clock may differ from the database's.
CLOCK_SECONDS = 1.0


def healthz(request: HttpRequest) -> HttpResponse:
    """Return 200 while the process answers."""
    return _said("ok")


def readyz(request: HttpRequest) -> HttpResponse:
    """Return 200 when the database answers and is migrated, else 503.

    A missing channel layer (events are delayed), a read-only database (commands are refused as
    busy) and a clock that differs from the database's are reported, but do not change the status.
    """
    try:
        missing = _migrations() - set(MigrationRecorder(connection).applied_migrations())
        degraded = next(_degradations(), None)
    except DatabaseError:
        return _said("the database does not answer", status=503)
    if missing:
        names = ", ".join(".".join(each) for each in sorted(missing))
        return _said(f"not migrated: {names}", status=503)
    return _said(f"degraded: {degraded}" if degraded else "ok")


def metrics(request: HttpRequest) -> HttpResponse:
    """Return this process's metrics as Prometheus text, on loopback only; needs no database."""
    if not _is_from_here(request):
        raise Http404
    return HttpResponse(generate_latest(), content_type=CONTENT_TYPE_LATEST)


@cache
def _migrations() -> frozenset[tuple[str, str]]:
    """Return all migrations in the code."""
    return frozenset(MigrationLoader(None).disk_migrations)


def _degradations() -> Iterator[str]:
    """Yield what does not keep the process from working."""
    if _is_read_only():
        yield "the database is read-only"
    if abs(seconds := _seconds_ahead_of_the_database()) > CLOCK_SECONDS:
        where = "ahead of" if seconds > 0 else "behind"
        yield f"the clock is {abs(seconds):.1f} s {where} the database's"
    if not hub.echo_received(ECHO_SECONDS):
        yield "the layer gives no echo"


def _is_read_only() -> bool:
    """Return whether the server refuses every change; SQLite has no such switch."""
    if connection.vendor != "mysql":
        return False
    with connection.cursor() as cursor:
        cursor.execute("SHOW GLOBAL VARIABLES LIKE 'read_only'")
        return bool(cursor.fetchone()[1] != "OFF")


def _seconds_ahead_of_the_database() -> float:
    """Return by how much our clock is ahead; a slow answer counts for at most half its time."""
    asked = time.time()
    theirs = _database_time()
    return (asked + time.time()) / 2 - theirs


def _database_time() -> float:
    """Return the time by the database's clock; SQLite has ours."""
    if connection.vendor != "mysql":
        return time.time()
    with connection.cursor() as cursor:
        cursor.execute("SELECT UNIX_TIMESTAMP(NOW(6))")
        return float(cursor.fetchone()[0])


def _is_from_here(request: HttpRequest) -> bool:
    """Return whether a request came over a Unix socket or from a loopback address."""
    address = client_address(request)
    return not address or ipaddress.ip_address(address).is_loopback


def _said(what: str, status: int = 200) -> HttpResponse:
    return HttpResponse(f"{what}\n", status=status, content_type="text/plain")
