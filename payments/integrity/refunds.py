"""Integrity rules of refunds: no more goes back than came in, and every part adds up."""

from collections import defaultdict
from decimal import Decimal

from django.db.models import Exists, F, OuterRef, Q

from accounts.models import Cashier
from payments.integrity.numbering import add_number_rules
from payments.integrity.sums import sum_over
from payments.models import (
    DrawerSession,
    Payment,
    Refund,
    RefundCounter,
    RefundedTip,
    RefundLine,
    RefundTender,
)
from payments.refundable import lines_of
from queueing.bill import ZERO, included_tax
from queueing.integrity.expressions import column_of, differ
from queueing.models import Transaction
from spa_project.lib.db.integrity import Broken, Rows, RuleSet
from spa_project.lib.money import format_amount

rules = RuleSet()

add_number_rules(rules, Refund, RefundCounter, column="number", name="refund", noun="refund")


@rules.rule("A visit's refunded amount is the sum of its refunds.", of=Transaction)
def refunded_amounts(rows: Rows) -> Broken:
    """Find visits that show another refunded amount than their refunds."""
    refunds = Refund.objects.filter(payment__transaction=OuterRef("pk"))
    rows = rows.annotate(
        back=sum_over(refunds, "payment__transaction", "amount")
        + sum_over(refunds, "payment__transaction", "tip_amount")
    )
    for row in rows.filter(differ(F("refunded_amount"), F("back"))):
        told = format_amount(row.refunded_amount)
        yield row.pk, f"it shows {told} refunded, its refunds add up to {format_amount(row.back)}"


@rules.rule("A refund is the sum of its lines, of its parts and of the tips it takes.", of=Refund)
def parts(rows: Rows) -> Broken:
    """Find refunds whose lines, parts by method or tips are more or less than themselves."""
    own = {"refund": OuterRef("pk")}
    rows = rows.annotate(
        lined=sum_over(RefundLine.objects.filter(**own), "refund", "amount"),
        paid=sum_over(RefundTender.objects.filter(**own), "refund", "amount"),
        tipped=sum_over(RefundedTip.objects.filter(**own), "refund", "amount"),
    )
    wrong = (
        Q(differ(F("lined"), F("amount")))
        | Q(differ(F("tipped"), F("tip_amount")))
        | Q(differ(F("paid"), F("amount") + F("tip_amount")))
    )
    for row in rows.filter(wrong):
        yield (
            row.pk,
            f"it gives back {format_amount(row.amount)} and a tip of "
            f"{format_amount(row.tip_amount)}; its lines are {format_amount(row.lined)}, "
            f"its tips {format_amount(row.tipped)}, its parts {format_amount(row.paid)}",
        )


@rules.rule(
    "No more is refunded of a payment than it took: of a treatment, of the tax, of a tip.",
    of=Payment,
)
def within_the_payment(rows: Rows) -> Broken:
    """Find payments whose refunds are more than the payment, or contain another tax."""
    for row in rows.filter(Exists(Refund.objects.filter(payment=OuterRef("pk")))):
        paid = {line.key: line for line in lines_of(row)}
        back: defaultdict[int, Decimal] = defaultdict(Decimal)
        lines = RefundLine.objects.using(rows.db).filter(refund__payment=row)
        for key, amount in lines.values_list("item", "amount"):
            back[key] += amount
        for key, amount in sorted(back.items()):
            most = paid[key].amount if key in paid else ZERO
            if amount > most:
                yield (
                    row.pk,
                    f"of item {key} at {format_amount(most)}, {format_amount(amount)} was refunded",
                )
        refunds = list(row.refunds.all())
        tip = sum((each.tip_amount for each in refunds), ZERO)
        if tip > row.tip_amount:
            given = format_amount(row.tip_amount)
            yield row.pk, f"its tip is {given}, {format_amount(tip)} of it was refunded"
        tax = sum((each.tax_amount for each in refunds), ZERO)
        taxed = sum((line.amount for line in paid.values() if line.is_taxed), ZERO)
        left = taxed - sum((back[key] for key, line in paid.items() if line.is_taxed), ZERO)
        contained = row.tax_amount - included_tax(left, row.tax_rate)
        if tax != contained:
            yield (
                row.pk,
                f"its refunds contain a tax of {format_amount(contained)}, "
                f"not {format_amount(tax)}",
            )


@rules.rule("A void sale was given back whole, by one refund.", of=Refund)
def voids(rows: Rows) -> Broken:
    """Find voids of a part, or beside another refund."""
    rows = rows.filter(is_void=True).annotate(
        due=column_of(Payment, "payment_id", "amount_due"),
        tip=column_of(Payment, "payment_id", "tip_amount"),
        another=Exists(
            Refund.objects.filter(payment=OuterRef("payment")).exclude(pk=OuterRef("pk"))
        ),
    )
    wrong = Q(differ(F("amount"), F("due"))) | Q(differ(F("tip_amount"), F("tip")))
    for row in rows.filter(wrong | Q(another=True)):
        also = ", beside another refund" if row.another else ""
        yield row.pk, f"it gives back {format_amount(row.total)} of {_whole(row)}{also}"


def _whole(row: Refund) -> str:
    return format_amount(row.due + row.tip)  # type: ignore[attr-defined]  # annotated above


@rules.rule("A refund of another cashier's sale was approved.", of=Refund)
def approvals(rows: Rows) -> Broken:
    """Find refunds that nobody approved, of a sale by somebody else."""
    seller = Cashier.objects.filter(payment=OuterRef("payment")).values("user")
    rows = rows.filter(approved_by=None).annotate(seller=seller)
    for row in rows.exclude(seller=F("by")):
        yield row.pk, f"person {row.by_id} refunded a sale of person {row.seller}"


@rules.rule("A refund and its drawer are of the payment's branch.", of=Refund)
def refund_elsewhere(rows: Rows) -> Broken:
    """Find refunds of another branch than their payment's, or from another branch's drawer."""
    rows = rows.annotate(
        home=column_of(Payment, "payment_id", "branch"),
        till=column_of(DrawerSession, "drawer_id", "branch"),
    )
    for row in rows.exclude(Q(home=F("branch")) & (Q(till=None) | Q(till=F("branch")))):
        yield (
            row.pk,
            f"it belongs to branch {row.branch_id}, its payment to {row.home}, "
            f"its drawer to {row.till}",
        )
