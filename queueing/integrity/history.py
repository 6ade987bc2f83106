"""Integrity rules of events: each step follows the transition table, and none is missing."""

from django.db.models import Case, Exists, F, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Coalesce

from queueing.integrity.expressions import any_of, count_of
from queueing.models import Transaction, TransactionEvent
from queueing.states import MOVES, UNCLAIMED, UNDOABLE, Status
from spa_project.lib.db.integrity import Broken, Rows, RuleSet

rules = RuleSet()


@rules.rule("Every event is an allowed change of status.", of=TransactionEvent)
def arrows(rows: Rows) -> Broken:
    """Find steps that the transition table does not allow."""
    ahead = any_of(Q(from_status=was, to_status__in=to) for was, to in MOVES.items())
    back = any_of(Q(to_status=was, from_status__in=to) for was, to in UNDOABLE.items())
    for row in rows.exclude(Q(is_undo=False) & ahead | Q(is_undo=True) & back):
        yield (
            row.pk,
            f"transaction {row.transaction_id} changed from {row.from_status} to {row.to_status}",
        )


@rules.rule("An undo reverses the event just before it.", of=TransactionEvent)
def undone(rows: Rows) -> Broken:
    """Find undo steps without a person, or that are not the reverse of the step before."""
    before = TransactionEvent.objects.order_by().filter(
        transaction=OuterRef("transaction"),
        version=OuterRef("before"),
        from_status=OuterRef("to_status"),
        to_status=OuterRef("from_status"),
        is_undo=False,
    )
    # Guarded, because MariaDB cannot subtract below zero.
    number = Case(When(version__gt=1, then=F("version") - 1), default=0)
    undos = rows.filter(is_undo=True).annotate(before=number)
    for row in undos.filter(~Exists(before) | Q(by__isnull=True)):
        who = f"person {row.by_id}" if row.by_id else "nobody"
        yield (
            row.pk,
            (
                f"version {row.version} of transaction {row.transaction_id}, undone by {who}, "
                "does not reverse the event before it"
            ),
        )


@rules.rule(
    "Every event starts from the status that the previous event ended in.", of=TransactionEvent
)
def path(rows: Rows) -> Broken:
    """Find histories that do not begin with the selection, or skip a step."""
    before = TransactionEvent.objects.order_by().filter(
        transaction=OuterRef("transaction"), version=OuterRef("version") - 1
    )
    rows = rows.annotate(
        began=Case(
            # Guarded, because MariaDB cannot subtract below zero.
            When(version__gt=1, then=Coalesce(Subquery(before.values("to_status")), Value(""))),
            When(version=1, then=Value(Status.SELECTING)),
            default=Value(""),
        )
    )
    for row in rows.exclude(began=F("from_status")):
        yield (
            row.pk,
            f"version {row.version} of transaction {row.transaction_id} starts from "
            f"{row.from_status}, the previous event ended in {row.began or 'nothing'}",
        )


@rules.rule("A visit's status and version match its events.", of=Transaction)
def statuses(rows: Rows) -> Broken:
    """Find transactions whose status or version differs from their events."""
    events = TransactionEvent.objects.order_by().filter(transaction=OuterRef("pk"))
    rows = rows.annotate(
        events_count=count_of(events),
        led_to=Coalesce(
            Subquery(events.order_by("-version").values("to_status")[:1]), Value(Status.SELECTING)
        ),
    )
    for row in rows.exclude(version=F("events_count"), status=F("led_to")):
        yield (
            row.pk,
            f"it is {row.status} at version {row.version}, "
            f"its events ({row.events_count}) end in {row.led_to}",
        )


@rules.rule("The number of calls matches the log.", of=Transaction)
def calls(rows: Rows) -> Broken:
    """Find call counts that differ from the calls since the customer last joined the line."""
    called = TransactionEvent.objects.order_by().filter(
        transaction=OuterRef("pk"),
        to_status=Status.THERAPIST_CONFIRMED,
        is_undo=False,
        note_read=False,
    )
    back_in_line = TransactionEvent.objects.order_by().filter(
        transaction=OuterRef("transaction"),
        to_status__in=UNCLAIMED,
        version__gt=OuterRef("version"),
    )
    # The last condition, so evaluated for calls only: MariaDB follows the order in which they are
    # written.
    rows = rows.annotate(called=count_of(called.filter(~Exists(back_in_line))))
    for row in rows.exclude(calls=F("called")):
        yield row.pk, f"it counts {row.calls} calls, but the log has {row.called}"
