"""Integrity rules of cash drawers: no cash appears or disappears, and every close is numbered."""

from typing import Any

from django.db.models import Case, Exists, F, OuterRef, Q, Value, When

from payments.drawer_figures import figures_of, sum_of
from payments.integrity.numbering import add_number_rules
from payments.models import (
    CashMovement,
    DrawerClose,
    DrawerCount,
    DrawerSession,
    Payment,
    PaymentAttempt,
    ZCounter,
)
from queueing.integrity.expressions import column_of
from queueing.integrity.keys import add_request_rule
from spa_project.lib.db.integrity import Broken, Rows, RuleSet
from spa_project.lib.money import format_amount

rules = RuleSet()

add_number_rules(rules, DrawerClose, ZCounter, column="z_number", name="Z", noun="Z report")
add_request_rule(rules, CashMovement)


@rules.rule(
    "A closed drawer's expected cash is float + cash taken - change - refunds + in - out.",
    of=DrawerClose,
)
def drawer_conserved(rows: Rows) -> Broken:
    """Find Z reports whose figures are not those of their session's rows."""
    # Several statements: the rows of a closed session do not change any more.
    for row in rows.select_related("drawer", "count"):
        now = figures_of(row.drawer)
        if _sums(now.as_json()) != _sums(row.figures):
            yield (
                row.pk,
                f"its Z report expects {row.figures['expected']}, "
                f"its rows add up to {format_amount(now.expected)}",
            )
        elif row.count.expected_amount != now.expected:
            told = format_amount(row.count.expected_amount)
            yield row.pk, f"it was counted against {told}, not {format_amount(now.expected)}"


@rules.rule("A float is the sum of its notes and coins.", of=DrawerSession)
def floats(rows: Rows) -> Broken:
    """Find floats that differ from their notes and coins."""
    for row in rows:
        if sum_of(row.counts) != row.float_amount:
            yield (
                row.pk,
                f"its float is {format_amount(row.float_amount)}, not {sum_of(row.counts)}",
            )


@rules.rule("A count is the sum of its notes and coins.", of=DrawerCount)
def counts(rows: Rows) -> Broken:
    """Find counts that differ from their notes and coins."""
    for row in rows:
        if sum_of(row.counts) != row.counted_amount:
            yield row.pk, f"it counts {format_amount(row.counted_amount)}, not {sum_of(row.counts)}"


@rules.rule("A drawer is closed before it is opened again.", of=DrawerSession)
def drawers_open(rows: Rows) -> Broken:
    """Find sessions that follow a gap or an open session of the same drawer."""
    before = DrawerSession.objects.filter(
        branch=OuterRef("branch"),
        counter_number=OuterRef("counter_number"),
        number=OuterRef("number") - 1,
        close__isnull=False,
    )
    rows = rows.annotate(follows=Case(When(number__gt=1, then=Exists(before)), default=Value(True)))
    for row in rows.filter(Q(follows=False) | Q(number=0)):
        yield row.pk, f"it is number {row.number}, and the one before it was not closed"


@rules.rule("A payment's drawer is of the payment's branch.", of=Payment)
def drawer_elsewhere(rows: Rows) -> Broken:
    """Find payments of another branch's drawer."""
    rows = rows.filter(drawer__isnull=False).annotate(
        home=column_of(DrawerSession, "drawer_id", "branch")
    )
    for row in rows.exclude(home=F("branch")):
        yield row.pk, f"it belongs to branch {row.branch_id}, its drawer to {row.home}"


@rules.rule("A closed drawer waits for no terminal.", of=PaymentAttempt)
def terminal_after_close(rows: Rows) -> Broken:
    """Find open requests to terminals whose drawer is closed."""
    closed = DrawerClose.objects.filter(drawer=OuterRef("drawer"))
    for row in rows.filter(Exists(closed), ended_at=None):
        yield row.pk, f"drawer {row.drawer_id} is closed"


def _sums(figures: dict[str, Any]) -> dict[str, Any]:
    """Return figures without the names of methods, which managers may change later."""
    return (
        {"cash_refunded": "0.00"}
        | figures
        | {
            # A Z report from before there were refunds has none.
            name: sorted((it["method"], it["count"], it["amount"]) for it in figures.get(name, []))
            for name in ("methods", "refunds")
        }
    )
