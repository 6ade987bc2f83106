"""Paired devices: kiosks and waiting room screens with rate limits of their own, until revoked."""

import datetime

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import Branch, PairedDevice, User
from spa_project.lib import known_clients

#: A pairing ends by itself when its cookie does.
LASTS = datetime.timedelta(seconds=known_clients.SECONDS)


def pair(request: HttpRequest, branch: Branch, by: User, label: str) -> PairedDevice:
    """Pair this browser, so that its response names it by a cookie."""
    device = PairedDevice.objects.create(branch=branch, paired_by=by, label=label)
    known_clients.pair_device(request, device.name)
    return device


def revoke(devices: QuerySet[PairedDevice]) -> int:
    """Revoke pairings; return how many were in force.

    This process counts the devices by their address at once, others with their next heartbeat.
    """
    in_force = devices.filter(revoked_at=None)
    names = list(in_force.values_list("name", flat=True))
    PairedDevice.objects.filter(name__in=names).update(revoked_at=timezone.now())
    known_clients.revoke(names)
    return len(names)


def read_revoked() -> None:
    """Read which devices are revoked, those whose cookie still lasts; with every heartbeat."""
    lasting = PairedDevice.objects.filter(paired_at__gt=timezone.now() - LASTS)
    revoked = lasting.exclude(revoked_at=None).values_list("name", flat=True)
    known_clients.set_revoked(list(revoked))
