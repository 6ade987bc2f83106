"""Integrity rules of keys: each request made one row, and each foreign key leads to a row."""

from accounts.models import Cashier, Therapist
from payments.models import (
    AppliedDiscount,
    Payment,
    PaymentAttempt,
    Refund,
    RefundedTip,
    RefundLine,
    RefundTender,
    Tender,
    TipShare,
)
from queueing.integrity.keys import add_owner_rule, add_request_rule
from queueing.models import Transaction, TransactionItem
from spa_project.lib.db.integrity import RuleSet

rules = RuleSet()

add_request_rule(rules, Payment)
add_request_rule(rules, PaymentAttempt)
add_request_rule(rules, Refund)
add_owner_rule(rules, Payment, transaction=Transaction, cashier=Cashier)
add_owner_rule(rules, Tender, payment=Payment)
add_owner_rule(rules, TipShare, payment=Payment, therapist=Therapist)
add_owner_rule(rules, AppliedDiscount, transaction=Transaction)
add_owner_rule(rules, PaymentAttempt, transaction=Transaction, cashier=Cashier)
add_owner_rule(rules, Refund, payment=Payment)
add_owner_rule(rules, RefundLine, refund=Refund, item=TransactionItem)
add_owner_rule(rules, RefundTender, refund=Refund)
add_owner_rule(rules, RefundedTip, refund=Refund, therapist=Therapist)
