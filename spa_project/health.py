"""Endpoints for liveness, readiness and metrics."""

import ipaddress
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


def healthz(request: HttpRequest) -> HttpResponse:
    """Return 200 while the process answers."""
    return _said("ok")


def readyz(request: HttpRequest) -> HttpResponse:
    """Return 200 when the database answers and is migrated, else 503.

    A missing channel layer (events are delayed) and a read-only database (commands are refused as
    busy) are reported, but do not change the status.
    """
    try:
        missing = _migrations() - set(MigrationRecorder(connection).applied_migrations())
        read_only = _is_read_only()
    except DatabaseError:
        return _said("the database does not answer", status=503)
    if missing:
        names = ", ".join(".".join(each) for each in sorted(missing))
        return _said(f"not migrated: {names}", status=503)
    if read_only:
        return _said("degraded: the database is read-only")
    return _said("ok" if hub.echo_received(ECHO_SECONDS) else "degraded: the layer gives no echo")


def metrics(request: HttpRequest) -> HttpResponse:
    """Return this process's metrics as Prometheus text, on loopback only; needs no database."""
    if not _is_from_here(request):
        raise Http404
    return HttpResponse(generate_latest(), content_type=CONTENT_TYPE_LATEST)


@cache
def _migrations() -> frozenset[tuple[str, str]]:
    """Return all migrations in the code."""
    return frozenset(MigrationLoader(None).disk_migrations)


def _is_read_only() -> bool:
    """Return whether the server refuses every change; SQLite has no such switch."""
    if connection.vendor != "mysql":
        return False
    with connection.cursor() as cursor:
        cursor.execute("SHOW GLOBAL VARIABLES LIKE 'read_only'")
        return bool(cursor.fetchone()[1] != "OFF")


def _is_from_here(request: HttpRequest) -> bool:
    """Return whether a request came over a Unix socket or from a loopback address."""
    address = client_address(request)
    return not address or ipaddress.ip_address(address).is_loopback


def _said(what: str, status: int = 200) -> HttpResponse:
    return HttpResponse(f"{what}\n", status=status, content_type="text/plain")
