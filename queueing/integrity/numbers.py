"""Integrity rules of running numbers, and of the codes made of them."""

from django.db.models import Case, F, IntegerField, Q, When
from django.db.models.functions import Cast

from queueing.codes import LAST_CODE
from queueing.integrity.expressions import another_key
from queueing.models import CODE_DIGITS, Transaction
from queueing.states import OPEN
from spa_project.lib.db.integrity import Broken, Rows, RuleSet

rules = RuleSet()


@rules.rule(
    "No two visits of a day share a running number, and no two open visits share a code.",
    of=Transaction,
)
def numbers(rows: Rows) -> Broken:
    """Find codes or numbers that belong to more than one customer."""
    same_day = ("branch", "business_date", "running_number")
    rows = rows.annotate(
        number_of=another_key(Transaction, **{name: name for name in same_day}),
        code_of=Case(
            When(
                status__in=OPEN, then=another_key(Transaction, branch="branch", active_code="code")
            )
        ),
    )
    for row in rows.filter(Q(number_of__isnull=False) | Q(code_of__isnull=False)):
        if row.number_of:
            yield (
                row.pk,
                f"its running number {row.running_number} "
                f"is also that of transaction {row.number_of}",
            )
        else:
            yield row.pk, f"its code {row.code} is also that of transaction {row.code_of}"


@rules.rule("A code is derived from the running number.", of=Transaction)
def codes(rows: Rows) -> Broken:
    """Find codes that do not belong to their number: 0001 for 1, 9999 for 9999, then 0001 again."""
    # Adds before it subtracts, because MariaDB cannot subtract below zero.
    digits = (F("running_number") + LAST_CODE - 1) % LAST_CODE + 1
    rows = rows.annotate(digits=digits, shown=Cast("code", IntegerField()))
    for row in rows.exclude(code__regex=rf"^[0-9]{{{CODE_DIGITS}}}$", shown=F("digits")):
        yield row.pk, f"its code is {row.code}, but its running number is {row.running_number}"
