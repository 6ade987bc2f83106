"""Setup: what managers configure, and screens display or decide by.

A branch's setup is its own row, its rooms and its staff; the menu and the payment methods belong to
the setup of every branch. Whoever changes a row of it (admin, import, command, shell), the setup
version of the branches concerned is incremented in the same transaction, and published after its
commit. The version is part of every snapshot and digest, so that a screen which misses the event
reads a new snapshot after the next heartbeat.
"""

from collections.abc import Mapping
from typing import Any

from django.db import models, transaction
from django.db.models import F
from django.db.models.signals import post_delete, post_save, pre_save

from accounts.models import Branch, Cashier, Therapist, TherapistSkill, User, Workplace
from catalog.models import (
    NoteMark,
    PriceList,
    Service,
    ServiceCategory,
    ServiceClassification,
    Skill,
)
from catalog.serializers import menu_version
from queueing.events import (
    AUDIENCES,
    MENU_AUDIENCES,
    MENU_EVENT,
    SETUP_EVENT,
    menu_topic,
    ticket_topic,
)
from queueing.models import Room, SetupVersion, Transaction
from queueing.states import OPEN
from spa_project.lib.db.counters import increment
from spa_project.lib.db.tracked import bulk_changed
from spa_project.lib.realtime.publish import publish_to_all

#: With the proxy, whose rows Django saves under its own name.
MENU = (ServiceCategory, Service, ServiceClassification, PriceList, Skill, NoteMark)
#: Columns that no screen shows or decides by.
NO_SETUP = frozenset({"last_login", "password", "pin", "login_epoch"})


def setup_changed(branch_id: int | None, *, menu: bool = False) -> None:
    """Increment the setup version of a branch, None for all, and publish it after the commit."""
    versions = _incremented(branch_id)

    # A transaction may change many rows; only its last change is published.
    def send() -> None:
        latest = set(SetupVersion.objects.filter(pk__in=versions).values_list("pk", "last"))
        _publish(dict(latest.intersection(versions.items())), menu=menu)

    transaction.on_commit(send, robust=True)


def _incremented(branch_id: int | None) -> dict[int, int]:
    """Return the new versions by branch."""
    if branch_id is not None:
        return {branch_id: increment(SetupVersion, branch_id=branch_id)}
    SetupVersion.objects.update(last=F("last") + 1)
    return dict(SetupVersion.objects.values_list("branch_id", "last"))


def _publish(versions: Mapping[int, int], *, menu: bool) -> None:
    """Publish to every screen of these branches; customers' tickets read the digest as well."""
    news = {"version": menu_version()} if menu and versions else None
    for branch_id, version in versions.items():
        topics = [audience.topic(branch_id) for audience in AUDIENCES] + [menu_topic(branch_id)]
        if not menu:
            topics += map(ticket_topic, _open_transactions(branch_id))
        publish_to_all(topics, SETUP_EVENT, {"version": version})
        if news:
            menus = [it.topic(branch_id) for it in MENU_AUDIENCES] + [menu_topic(branch_id)]
            publish_to_all(menus, MENU_EVENT, news)


def _open_transactions(branch_id: int) -> models.QuerySet[Transaction, int]:
    rows = Transaction.objects.filter(branch_id=branch_id, status__in=OPEN)
    return rows.values_list("pk", flat=True)


# -- Receivers ----------------------------------------------------------------------------------


def track(model: type[models.Model], *, menu: bool = False) -> None:
    """Count every change of this model's rows as one of every branch's setup."""

    def changed(sender: Any, **_: Any) -> None:
        setup_changed(None, menu=menu)

    for signal in (post_save, post_delete, bulk_changed):
        signal.connect(changed, sender=model, weak=False)


def connect_receivers() -> None:
    """Have every change of the setup counted, once, when the app is ready."""
    for level in MENU:
        track(level, menu=True)
    pre_save.connect(_follow_new_number, sender=Room)
    post_save.connect(_branch_changed, sender=Branch)
    for model in (Room, User):
        pre_save.connect(_may_move, sender=model)
        post_save.connect(_row_of_branch_changed, sender=model)
        post_delete.connect(_row_of_branch_changed, sender=model)
    for profile in (Therapist, Cashier, Workplace):
        post_save.connect(_profile_changed, sender=profile)
        post_delete.connect(_profile_changed, sender=profile)
    post_save.connect(_skills_changed, sender=TherapistSkill)
    post_delete.connect(_skills_changed, sender=TherapistSkill)


def _branch_changed(sender: Any, instance: Branch, **_: Any) -> None:
    setup_changed(instance.pk)


def _may_move(sender: Any, instance: Room | User, update_fields: Any = None, **_: Any) -> None:
    """Count the change in the branch that the room or person leaves."""
    if instance.pk is None or _is_no_setup(update_fields):
        return
    left = sender._base_manager.filter(pk=instance.pk).values_list("branch_id", flat=True).first()
    if left is not None and left != instance.branch_id:
        setup_changed(left)


def _follow_new_number(sender: Any, instance: Room, **_: Any) -> None:
    """Show the customers of a room its new number; those who have left keep the old one."""
    before = Room.objects.filter(pk=instance.pk).first() if instance.pk else None
    if before is not None and before.number != instance.number:
        visits = Transaction.objects.filter(branch_id=before.branch_id, status__in=OPEN)
        visits.filter(room_number=before.number).update(room_number=instance.number)


def _row_of_branch_changed(
    sender: Any, instance: Room | User, update_fields: Any = None, **_: Any
) -> None:
    if instance.branch_id is not None and not _is_no_setup(update_fields):
        setup_changed(instance.branch_id)


def _profile_changed(sender: Any, instance: Therapist | Cashier | Workplace, **_: Any) -> None:
    branch_id = instance.user.branch_id
    if branch_id is not None:
        setup_changed(branch_id)


def _skills_changed(sender: Any, instance: TherapistSkill, **_: Any) -> None:
    _profile_changed(sender, instance.therapist)


def _is_no_setup(update_fields: Any) -> bool:
    return update_fields is not None and NO_SETUP.issuperset(update_fields)
