"""Integrity rules of the therapists' presence; constraints of the table hold the rest."""

from django.db.models import Exists, OuterRef, Q

from accounts.models import AT_WORK, Presence, PresenceKind
from queueing.models import Transaction
from spa_project.lib.db.integrity import Broken, Rows, RuleSet

rules = RuleSet()


@rules.rule("No two periods of a therapist's presence overlap.", of=Presence)
def overlaps(rows: Rows) -> Broken:
    """Find periods that began before an earlier one of the same therapist had ended."""
    another = Presence.objects.order_by().filter(
        therapist=OuterRef("therapist"), pk__lt=OuterRef("pk")
    )
    later = Q(ended_at=None) | Q(ended_at__gt=OuterRef("began_at"))
    for row in rows.filter(Exists(another.filter(later))):
        yield row.pk, f"therapist {row.therapist_id} was {row.kind} before an earlier period ended"


@rules.rule("Whoever has a customer is on duty.", of=Transaction)
def customers_of_the_absent(rows: Rows) -> Broken:
    """Find current customers of therapists who are off duty or on a break."""
    at_work = Presence.objects.order_by().filter(
        active_therapist=OuterRef("active_therapist"), kind__in=AT_WORK
    )
    for row in rows.exclude(active_therapist=None).filter(~Exists(at_work)):
        yield row.pk, f"therapist {row.active_therapist_id} treats it, but is not on duty"


@rules.rule("A break that waits for a customer belongs to a therapist who has one.", of=Presence)
def breaks_without_customer(rows: Rows) -> Broken:
    """Find breaks that wait for a customer whom the therapist no longer has."""
    visits = Transaction.objects.order_by().filter(active_therapist=OuterRef("active_therapist"))
    waiting = rows.filter(kind=PresenceKind.BREAK_NEXT, ended_at=None)
    for row in waiting.filter(~Exists(visits)):
        yield row.pk, f"therapist {row.therapist_id} has no customer"
