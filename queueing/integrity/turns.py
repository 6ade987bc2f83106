"""Integrity rules of the turn ledger: each visit in a rotation counts once, for who has it."""

from django.db.models import (
    Case,
    F,
    IntegerField,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from queueing.models import Transaction, TransactionItem, TurnEntry, TurnKind
from queueing.turns import UNCOUNTED
from spa_project.lib.db.integrity import Broken, Rows, RuleSet

rules = RuleSet()


@rules.rule(
    "A visit in a rotation counts as its weightiest treatment, half if asked for.", of=Transaction
)
def weights(rows: Rows) -> Broken:
    """Find visits that count more or less than their treatments and request make them."""
    items = TransactionItem.objects.order_by().filter(transaction=OuterRef("pk"))
    weight = items.values("transaction").annotate(most=Max("turn_quarters")).values("most")
    rows = rows.annotate(
        weight=Coalesce(Subquery(weight, output_field=IntegerField()), 0),
        expected=Case(
            When(status__in=UNCOUNTED, then=Value(0)),
            # Doubled on the other side below: databases divide whole numbers differently.
            When(requested_therapist=F("therapist"), then=F("weight")),
            default=F("weight") * 2,
            output_field=IntegerField(),
        ),
    )
    counted = rows.filter(turn_quarters__isnull=False)
    for row in counted.exclude(expected=F("turn_quarters") * 2):
        yield row.pk, f"it counts {row.turn_quarters} quarters of a turn, not {row.expected / 2:g}"


@rules.rule("Every visit in a rotation has its turn in the ledger.", of=Transaction)
def recorded(rows: Rows) -> Broken:
    """Find visits whose rows of their present therapist do not add up to what they count."""
    theirs = _of_visits().filter(transaction=OuterRef("pk"), therapist=OuterRef("therapist"))
    rows = rows.annotate(recorded=_sum_of(theirs, "transaction"))
    counted = rows.filter(turn_quarters__isnull=False)
    for row in counted.filter(Q(recorded=None) | ~Q(recorded=F("turn_quarters"))):
        yield (
            row.pk,
            f"it counts {row.turn_quarters} quarters of a turn, the ledger has {row.recorded}",
        )


@rules.rule("A turn counts for the therapist who has the visit, and nobody else.", of=TurnEntry)
def given_back(rows: Rows) -> Broken:
    """Find turns that a therapist still has of a visit which is no longer theirs."""
    same = _of_visits().filter(transaction=OuterRef("transaction"), therapist=OuterRef("therapist"))
    has_it = Q(transaction__therapist=F("therapist"), transaction__turn_quarters__isnull=False)
    rows = rows.filter(transaction__isnull=False).exclude(kind=TurnKind.GAVE_UP)
    for row in rows.annotate(left=_sum_of(same, "transaction")).filter(~has_it).exclude(left=0):
        yield (
            row.pk,
            f"therapist {row.therapist_id} has {row.left} quarters of a turn of visit "
            f"{row.transaction_id}, which is not theirs",
        )


@rules.rule("A visit's turns belong to its branch and business day.", of=TurnEntry)
def days(rows: Rows) -> Broken:
    """Find turns of another branch or day than their visit's."""
    elsewhere = ~Q(transaction__branch=F("branch")) | ~Q(
        transaction__business_date=F("business_date")
    )
    own = rows.filter(transaction__isnull=False).exclude(kind=TurnKind.GAVE_UP)
    for row in own.filter(elsewhere):
        yield row.pk, f"visit {row.transaction_id} is of another branch or day"


@rules.rule("A turn that no visit made has a reason.", of=TurnEntry)
def manual(rows: Rows) -> Broken:
    """Find turns without a visit that are neither a clock-in nor a manager's, with a reason."""
    by_hand = Q(kind__in=[TurnKind.MANUAL, TurnKind.MOVED_BACK], by__isnull=False) & ~Q(reason="")
    fine = Q(transaction__isnull=False) | Q(kind=TurnKind.CLOCKED_IN) | by_hand
    for row in rows.exclude(fine):
        yield row.pk, f"it is {row.kind} of nobody's visit, by {row.by_id}: {row.reason or 'why?'}"


def _of_visits() -> QuerySet[TurnEntry]:
    """Return the rows that say what a visit counts; those to the end only name it."""
    return TurnEntry.objects.order_by().exclude(kind=TurnKind.GAVE_UP)


def _sum_of(rows: QuerySet[TurnEntry], group: str) -> Subquery:
    sums = rows.values(group).annotate(total=Sum("quarters")).values("total")
    return Subquery(sums, output_field=IntegerField())
