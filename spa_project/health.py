"""Whether the process lives, whether it can work, and what it has counted."""

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

#: Seconds for a message to go through the layer and come back.
ECHO_SECONDS = 1.0


def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return _said("ok")


def readyz(request: HttpRequest) -> HttpResponse:
    """The database answers and is migrated; 503 otherwise.

    Without the layer people work on and screens follow more slowly; while the database is
    read-only, screens go on and every command is told "busy": both are only told.
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
    return _said("ok" if hub.hears_itself(ECHO_SECONDS) else "degraded: the layer gives no echo")


def metrics(request: HttpRequest) -> HttpResponse:
    """This process's figures as Prometheus text, for this machine alone; needs no database."""
    if not _is_from_here(request):
        raise Http404
    return HttpResponse(generate_latest(), content_type=CONTENT_TYPE_LATEST)


@cache
def _migrations() -> frozenset[tuple[str, str]]:
    """All there are in the code."""
    return frozenset(MigrationLoader(None).disk_migrations)


def _is_read_only() -> bool:
    """Whether the server refuses every change; SQLite has no such switch."""
    if connection.vendor != "mysql":
        return False
    with connection.cursor() as cursor:
        cursor.execute("SHOW GLOBAL VARIABLES LIKE 'read_only'")
        return bool(cursor.fetchone()[1] != "OFF")


def _is_from_here(request: HttpRequest) -> bool:
    """Over a Unix socket, or from a loopback address: the proxy's own word where there is one."""
    address = client_address(request)
    return not address or ipaddress.ip_address(address).is_loopback


def _said(what: str, status: int = 200) -> HttpResponse:
    return HttpResponse(f"{what}\n", status=status, content_type="text/plain")
