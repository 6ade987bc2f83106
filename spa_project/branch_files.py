"""Export of one branch with all that belongs to it, and its import into an empty installation.

The file has a line for each row, as Django's serializer `jsonl` writes it, between a line that says
whose it is and one with its sums. Keys stay as they are, so every address, receipt and reference
keeps its meaning. The menu, payment methods and discounts are copied whole.

What is left out is bound to the old installation: logins, paired devices, the limits of tries, and
in which other branches people may work.
People of other branches whom a row names come along as switched off, without a password.
"""

import datetime
import gzip
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import groupby, islice
from pathlib import Path
from typing import IO, Any, TypeAlias

from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.core import serializers
from django.core.serializers.base import DeserializationError, DeserializedObject
from django.core.serializers.json import DjangoJSONEncoder
from django.db import DatabaseError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import ForeignKey, Model, Q, QuerySet, Sum
from django.db.transaction import atomic
from simple_history.utils import get_history_model_for_model

from accounts.models import (
    Branch,
    Cashier,
    ClosedStep,
    Presence,
    Therapist,
    TherapistSkill,
    User,
)
from catalog.models import NoteMark, Service, ServiceCategory, ServiceClassification, Skill
from payments.models import (
    AppliedDiscount,
    Approval,
    CashMovement,
    Discount,
    DrawerClose,
    DrawerCount,
    DrawerSession,
    Payment,
    PaymentAttempt,
    PaymentMethod,
    ReceiptCounter,
    ReceiptPrint,
    Refund,
    RefundCounter,
    RefundedTip,
    RefundLine,
    RefundPrint,
    RefundTender,
    Tender,
    TipShare,
    ZCounter,
)
from queueing.models import (
    Room,
    RotationLock,
    SetupVersion,
    SkillSet,
    Transaction,
    TransactionCounter,
    TransactionEvent,
    TransactionItem,
    TurnEntry,
    VisitNote,
)
from queueing.states import OPEN

Rows: TypeAlias = QuerySet[Any, Any]
Sums: TypeAlias = dict[str, str]

#: What all branches share.
SHARED: tuple[type[Model], ...] = (
    *(Group, Skill, NoteMark, ServiceCategory, Service, ServiceClassification),
    *(PaymentMethod, Discount, SkillSet, ClosedStep),
)
PEOPLE: tuple[type[Model], ...] = (User, Therapist, TherapistSkill, Cashier)
#: What belongs to a branch, by which of its columns. A row refers to earlier models only; people
#: come after `BEFORE_PEOPLE`.
BEFORE_PEOPLE: Mapping[type[Model], str] = {
    Branch: "pk",
    Room: "branch",
    SetupVersion: "branch",
    RotationLock: "branch",
    TransactionCounter: "branch",
    ReceiptCounter: "branch",
    RefundCounter: "branch",
    ZCounter: "branch",
}
AFTER_PEOPLE: Mapping[type[Model], str] = {
    Presence: "branch",
    Transaction: "branch",
    VisitNote: "transaction__branch",
    TransactionItem: "transaction__branch",
    TransactionEvent: "transaction__branch",
    TurnEntry: "branch",
    DrawerSession: "branch",
    CashMovement: "drawer__branch",
    DrawerCount: "drawer__branch",
    DrawerClose: "branch",
    Approval: "branch",
    AppliedDiscount: "transaction__branch",
    PaymentAttempt: "transaction__branch",
    Payment: "branch",
    Tender: "payment__branch",
    TipShare: "payment__branch",
    ReceiptPrint: "payment__branch",
    Refund: "branch",
    RefundLine: "refund__branch",
    RefundTender: "refund__branch",
    RefundedTip: "refund__branch",
    RefundPrint: "refund__branch",
}
#: The shared rows that have a history.
SHARED_WITH_HISTORY: tuple[type[Model], ...] = (
    *(Skill, NoteMark, ServiceCategory, Service, ServiceClassification, PaymentMethod, Discount),
)
#: Rows that refer to permissions or kinds of rows, whose keys differ in each installation.
BY_NAME = (Group, User, LogEntry)

FORMAT = 1
#: Rows read or inserted by one statement.
AT_ONCE = 1000


class BranchFileError(Exception):
    """An error when nothing was written or imported; the message has the reason."""


def history_of(model: type[Model]) -> type[Model]:
    """Return the model of the records of another one."""
    history: type[Model] = get_history_model_for_model(model)
    return history


#: What migrations write, which an import replaces; the deletion of a row adds to its history.
WRITTEN_BY_MIGRATIONS = (PaymentMethod, history_of(PaymentMethod))


def sums_of(branch: Branch) -> Sums:
    """Return how much a branch has of what must not change on the way."""
    payments = Payment.objects.filter(branch=branch)
    refunds = Refund.objects.filter(branch=branch)
    amounts = {
        "charged": payments.aggregate(sum=Sum("amount_due"))["sum"],
        "tips": payments.aggregate(sum=Sum("tip_amount"))["sum"],
        "refunded": refunds.aggregate(sum=Sum("amount"))["sum"],
    }
    counts = {
        "visits": Transaction.objects.filter(branch=branch).count(),
        "payments": payments.count(),
        "refunds": refunds.count(),
    }
    return {name: str(count) for name, count in counts.items()} | {
        name: f"{amount or 0:.2f}" for name, amount in amounts.items()
    }


def open_visits(branch: Branch) -> int:
    """Return the number of visits that are not over: both copies could go on with them."""
    return Transaction.objects.filter(branch=branch, status__in=OPEN).count()


# -- Export -------------------------------------------------------------------------------------


def export_branch(branch: Branch, path: Path) -> Sums:
    """Write a branch into a file that only its owner can read; return its sums."""
    unfinished = path.with_name(f"{path.name}.unfinished")
    try:
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as raw, gzip.open(raw, "wt", 6, "utf-8") as file:
            sums = _write(branch, file)
        unfinished.replace(path)  # whole, or not there
    except OSError as error:
        raise BranchFileError(f"{path} cannot be written: {error.strerror}") from error
    finally:
        unfinished.unlink(missing_ok=True)
    return sums


def _write(branch: Branch, file: IO[str]) -> Sums:
    with _one_snapshot():
        sums = sums_of(branch)
        _write_line(file, format=FORMAT, branch=branch.slug, migrations=_migrations())
        for rows in _rows_of(branch):
            serializers.serialize(
                "jsonl",
                _each(rows, branch),
                stream=file,
                use_natural_foreign_keys=rows.model in BY_NAME,
                cls=_WholeTimes,
            )
        _write_line(file, sums=sums)
    return sums


class _WholeTimes(DjangoJSONEncoder):
    """Django's encoder, with the microseconds of times: the queue is ordered by them."""

    def default(self, value: Any) -> Any:
        return value.isoformat() if isinstance(value, datetime.datetime) else super().default(value)


def _write_line(file: IO[str], **content: Any) -> None:
    file.write(f"{json.dumps(content)}\n")


@contextmanager
def _one_snapshot() -> Iterator[None]:
    """Read all of the block as it was at one moment."""
    if connection.vendor == "mysql" and not connection.in_atomic_block:
        with connection.cursor() as cursor:  # for the next transaction only
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    with atomic():
        yield


def _migrations() -> list[str]:
    """Return all applied migrations: both installations must have the same tables."""
    applied = MigrationRecorder(connection).applied_migrations()
    return sorted(f"{app}.{name}" for app, name in applied)


def _rows_of(branch: Branch) -> list[Rows]:
    """Return all rows to write; each refers to earlier ones only."""
    shared = [model._base_manager.all() for model in SHARED]
    before, after = (
        [model._base_manager.filter(**{column: branch.pk}) for model, column in part.items()]
        for part in (BEFORE_PEOPLE, AFTER_PEOPLE)
    )
    members = _members(branch)
    records = [*_records(branch, members), LogEntry.objects.filter(user__in=members)]
    named = _named_in([*shared, *before, *after, *records])
    users = User._base_manager.filter(Q(pk__in=members) | Q(pk__in=named))
    people: list[Rows] = [
        users,
        Therapist._base_manager.filter(user__in=users),
        TherapistSkill._base_manager.filter(therapist__user__in=users),
        Cashier._base_manager.filter(user__in=users),
    ]
    return [*shared, *before, *people, *after, *records]


def _members(branch: Branch) -> Rows:
    """Return the branch's people, and those who manage all branches."""
    return User._base_manager.filter(Q(branch=branch) | Q(branch=None))


def _records(branch: Branch, members: Rows) -> Iterator[Rows]:
    """Return the history of the shared rows, of the branch and of its people."""
    for model in SHARED_WITH_HISTORY:
        yield history_of(model)._base_manager.all()
    yield history_of(Branch)._base_manager.filter(id=branch.pk)
    yield history_of(Room)._base_manager.filter(branch=branch)
    yield history_of(User)._base_manager.filter(id__in=members)
    yield history_of(Therapist)._base_manager.filter(user__in=members)
    yield history_of(TherapistSkill)._base_manager.filter(therapist__user__in=members)
    yield history_of(Cashier)._base_manager.filter(user__in=members)


def _named_in(parts: Iterable[Rows]) -> set[int]:
    """Return the keys of all users whom these rows name, as themselves or by their profile."""
    found: dict[type[Model], set[int]] = {User: set(), Therapist: set(), Cashier: set()}
    for rows in parts:
        for field in rows.model._meta.concrete_fields:
            keys = found.get(field.related_model) if isinstance(field, ForeignKey) else None
            # A record of the past may name somebody who is no more.
            if keys is not None and (field.db_constraint or not hasattr(rows.model, "history_id")):
                keys.update(rows.order_by().values_list(field.attname, flat=True).distinct())
    for profile in (Therapist, Cashier):
        by_key = profile._base_manager.filter(pk__in=found[profile] - {None})
        found[User].update(by_key.values_list("user", flat=True))
    return found[User] - {None}


def _each(rows: Rows, branch: Branch) -> Iterator[Model]:
    """Return the rows in the order of their keys, some at a time."""
    ordered = rows.order_by("pk")
    chunk = list(ordered[:AT_ONCE])
    while chunk:
        yield from (_of_the_branch(row, branch) for row in chunk)
        chunk = list(ordered.filter(pk__gt=chunk[-1].pk)[:AT_ONCE])


def _of_the_branch(row: Model, branch: Branch) -> Model:
    """Return the row; one of another branch's person cannot log in, and has no room there."""
    if isinstance(row, User) and row.branch_id not in (branch.pk, None):
        row.branch = branch
        row.is_active = row.is_staff = row.is_superuser = row.is_monitor = False
        row.set_unusable_password()
        row.pin = ""
    elif isinstance(row, Therapist) and row.own_room and row.own_room.branch_id != branch.pk:
        row.own_room = None
    return row


# -- Import -------------------------------------------------------------------------------------


def import_branch(path: Path) -> Sums:
    """Bring a branch into an empty installation; return its sums."""
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            return _read(file)
    except (OSError, EOFError, ValueError, KeyError, StopIteration) as error:
        raise BranchFileError(f"{path} is no whole file of a branch: {error}") from error
    except (DeserializationError, DatabaseError) as error:
        raise BranchFileError(f"{path} does not fit: {error}") from error


def _read(lines: Iterator[str]) -> Sums:
    head = json.loads(next(lines))
    _refuse_other_tables(head)
    _refuse_unless_empty()
    last: list[str] = []
    with atomic():
        for model in WRITTEN_BY_MIGRATIONS:
            model._base_manager.all().delete()
        _insert(_until_sums(lines, last))
        sums = sums_of(Branch.objects.get(slug=head["branch"]))
        theirs = json.loads(last[0])["sums"] if last else {}
        if sums != theirs:
            raise BranchFileError(f"The sums differ: {sums} here, {theirs} in the file.")
    return sums


def _refuse_other_tables(head: Mapping[str, Any]) -> None:
    if head["format"] != FORMAT:
        raise BranchFileError("Another version wrote this file: use the same version on both.")
    if different := sorted(set(head["migrations"]) ^ set(_migrations())):
        raise BranchFileError(
            f"Here the tables are of another version ({different[0]}): install the version that"
            " wrote the file, import, and upgrade afterwards."
        )


def _refuse_unless_empty() -> None:
    moved = {*SHARED, *PEOPLE, *BEFORE_PEOPLE, *AFTER_PEOPLE}.difference(WRITTEN_BY_MIGRATIONS)
    for model in sorted(moved, key=lambda model: model._meta.label):
        if model._base_manager.exists():
            raise BranchFileError(
                f"This installation is not empty, it has {model._meta.verbose_name_plural}."
                " A branch goes into a new database, after `migrate` and before anything else."
            )


def _until_sums(lines: Iterable[str], last: list[str]) -> Iterator[str]:
    """Yield the lines with rows; put the last one, which has the sums, into `last`."""
    for line in lines:
        if line.startswith('{"sums"'):
            last.append(line)
            return
        yield line


def _insert(lines: Iterable[str]) -> None:
    """Insert the rows as they are, without signals: nobody shows them yet."""
    rows = serializers.deserialize("jsonl", lines)
    for model, same in groupby(rows, key=lambda row: type(row.object)):
        while some := list(islice(same, AT_ONCE)):
            model._base_manager.bulk_create([row.object for row in some])
            _connect(some)


def _connect(rows: Iterable[DeserializedObject]) -> None:
    """Add a person's groups and permissions, which are in tables of their own."""
    for row in rows:
        for name, keys in (row.m2m_data or {}).items():
            getattr(row.object, name).set(keys)
