"""Integrity rules of the consent to added treatments."""

from django.db.models import Exists, F, OuterRef, Q

from queueing.integrity.expressions import count_of
from queueing.models import Consent, Transaction, TransactionEvent, TransactionItem
from queueing.states import Status
from spa_project.lib.db.integrity import Broken, Rows, RuleSet

rules = RuleSet()

#: Where a treatment may wait for an answer: what was cancelled meanwhile may come back by an undo.
OPEN_TO_ANSWERS = (Status.IN_SERVICE, Status.CANCELLED)


@rules.rule("No visit is billed what its customer has not answered.", of=TransactionItem)
def unanswered(rows: Rows) -> Broken:
    """Find treatments that wait for an answer though the treatment is over."""
    waiting = rows.filter(consent=Consent.ASKED).exclude(transaction__status__in=OPEN_TO_ANSWERS)
    for row in waiting.select_related("transaction"):
        yield (
            row.pk,
            f"it waits for an answer, but transaction {row.transaction_id} is "
            f"{row.transaction.status}",
        )


@rules.rule("What a customer may still decline is never all of a visit.", of=Transaction)
def agreed(rows: Rows) -> Broken:
    """Find visits whose every treatment waits for an answer."""
    items = TransactionItem.objects.order_by().filter(transaction=OuterRef("pk"))
    asked = Q(Exists(items.filter(consent=Consent.ASKED)))
    for row in rows.filter(asked, ~Exists(items.exclude(consent=Consent.ASKED))):
        yield row.pk, "every treatment of it waits for the customer's answer"


@rules.rule("What a customer agreed to or declined is in the log.", of=Transaction)
def answers(rows: Rows) -> Broken:
    """Find visits with answers that no event has; what was agreed to may be removed later."""
    events = TransactionEvent.objects.order_by().filter(transaction=OuterRef("pk"))
    items = TransactionItem.objects.order_by().filter(transaction=OuterRef("pk"))
    answered = rows.filter(
        Exists(items.exclude(consent=""))
        | Exists(events.exclude(consent=""))
        | Q(declined_items__isnull=False)
    )
    for consent in (Consent.ACCEPTED, Consent.IN_PERSON):
        counted = answered.annotate(
            has=count_of(items.filter(consent=consent)),
            logged=count_of(events.filter(consent=consent)),
        )
        for row in counted.filter(has__gt=F("logged")):
            yield row.pk, f"{row.has} of its items are {consent}, its log has {row.logged}"
    declined = answered.annotate(logged=count_of(events.filter(consent=Consent.DECLINED)))
    for row in declined:
        if (has := len(row.declined_items or [])) != row.logged:
            yield row.pk, f"it lists {has} declined treatments, its log has {row.logged}"
