"""Integrity rules of payments; `verify_ledger` runs them with those of the queue."""

from payments.integrity import (
    discounts,
    drawers,
    keys,
    money,
    receipts,
    refunds,
    tenders,
    terminals,
)
from queueing import integrity as queueing_integrity
from spa_project.lib.db.integrity import RuleSet

rules = RuleSet(
    money.rules,
    discounts.rules,
    tenders.rules,
    terminals.rules,
    receipts.rules,
    keys.rules,
    drawers.rules,
    refunds.rules,
)
#: Every rule that the data of a spa must keep.
all_rules = RuleSet(queueing_integrity.rules, rules)
