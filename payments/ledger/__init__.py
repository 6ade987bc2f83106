"""What must be true of visits and money, whoever wrote the rows; `verify_ledger` checks it.

A file for each subject, in it a function for each rule: it picks the rows that break the rule and
says what is wrong. To add a rule, add a function.
"""

from payments.ledger import history, holdings, keys, money, numbers, progress, receipts, terminals
from spa_project.lib.db.integrity import Audit

ledger = Audit(
    money.audit,
    terminals.audit,
    receipts.audit,
    history.audit,
    progress.audit,
    holdings.audit,
    numbers.audit,
    keys.audit,
)
