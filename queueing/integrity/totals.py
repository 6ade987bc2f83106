"""The integrity rule of totals: a visit's total equals the sum of its items."""

from django.db.models import F, Q

from queueing.integrity.expressions import differ, sum_of
from queueing.models import Transaction
from spa_project.lib.db.integrity import Broken, Rows, RuleSet
from spa_project.lib.money import format_amount

rules = RuleSet()


@rules.rule("A visit's total is the sum of its items.", of=Transaction)
def totals(rows: Rows) -> Broken:
    """Find transactions whose total differs from the sum of their items."""
    sums = rows.annotate(price=sum_of("items__price"), minutes=sum_of("items__duration_minutes"))
    wrong = sums.filter(
        differ(F("total_amount"), F("price")) | ~Q(total_duration_minutes=F("minutes"))
    )
    for row in wrong:
        yield (
            row.pk,
            f"its total is {format_amount(row.total_amount)} and {row.total_duration_minutes} "
            f"minutes, its items add up to {format_amount(row.price)} and {row.minutes}",
        )
