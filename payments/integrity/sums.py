"""Sums of money over the rows that belong to one."""

from django.db.models import DecimalField, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from spa_project.lib.db.integrity import Rows
from spa_project.lib.money import DECIMAL_PLACES, MAX_DIGITS

AMOUNT = DecimalField(max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES)

ZERO = Value(0, AMOUNT)


def sum_over(rows: Rows, key: str, column: str) -> Coalesce:
    """Return the sum of a column over the rows that belong to one, 0 for none."""
    added = rows.order_by().values(key).annotate(sum=Sum(column)).values("sum")
    return Coalesce(Subquery(added, output_field=AMOUNT), ZERO)
