"""Integrity rules of numbers that a branch gives without a gap, and of their counters."""

from django.db.models import Case, Exists, F, Model, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Coalesce

from queueing.integrity.expressions import another_key
from spa_project.lib.db.integrity import Broken, Rows, RuleSet


def add_number_rules(
    rules: RuleSet, model: type[Model], counter: type[Model], *, column: str, name: str, noun: str
) -> None:
    """Add the rules that `column` counts a branch's rows from 1, and `counter` is at the last.

    `name` is what the number is called, `noun` what it is the number of.
    """
    rows_of = model._default_manager

    @rules.rule(f"A branch's {noun}s are numbered from 1 without a gap.", of=model)
    def numbers(rows: Rows) -> Broken:
        """Find numbers that occur twice or follow a gap."""
        before = rows_of.filter(branch=OuterRef("branch"), **{column: OuterRef(column) - 1})
        rows = rows.annotate(
            another=another_key(model, branch="branch", **{column: column}),
            follows=Case(When(**{f"{column}__gt": 1}, then=Exists(before)), default=Value(True)),
        )
        wrong = Q(another__isnull=False) | Q(follows=False) | Q(**{column: 0})
        for row in rows.filter(wrong):
            also = (
                f"{model._meta.verbose_name} {row.another} has the same number"
                if row.another
                else "the one before it is missing"
            )
            yield row.pk, f"its {name} number is {getattr(row, column)}, {also}"

    @rules.rule(f"The {name} counter equals the last {name} number.", of=counter)
    def counters(rows: Rows) -> Broken:
        """Find counters that differ from the branch's last number."""
        last = rows_of.order_by(f"-{column}").filter(branch=OuterRef("branch"))
        rows = rows.annotate(used=Coalesce(Subquery(last.values(column)[:1]), 0))
        for row in rows.exclude(last=F("used")):
            yield row.pk, f"it is at {row.last}, but the last {noun} is {row.used}"
