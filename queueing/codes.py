"""Running numbers, and the four-digit codes made of them.

The running number of a branch's business day only grows. Its code wraps after 9999, and `reset`
jumps to the next wrap, so that codes start again at 0001 and no number is used twice.
"""

import datetime
from typing import NamedTuple

from accounts.models import Branch
from queueing import queries
from queueing.models import CODE_DIGITS, TransactionCounter
from spa_project.lib.db.counters import increment
from spa_project.lib.db.transactions import retry_on_conflict

LAST_CODE = 10**CODE_DIGITS - 1


class Number(NamedTuple):
    """A number in the branch's day, and the code that shows it."""

    business_date: datetime.date
    running_number: int
    code: str


@retry_on_conflict
def next_number(branch: Branch) -> Number:
    """Take the next running number; an open customer of the branch may still have its code.

    Retried after a deadlock, which the first customers of a day can meet when they arrive together.
    """
    day = branch.business_date()
    # In autocommit, before the main transaction, so the counter is locked for a moment only. A
    # number lost with a failed confirmation leaves a gap, which is harmless.
    running_number = increment(TransactionCounter, branch_id=branch.pk, business_date=day)
    return Number(day, running_number, code_of(running_number))


def is_free(branch: Branch, code: str) -> bool:
    """Return whether no open customer of the branch has this code."""
    return not queries.is_code_in_use(branch.pk, code)


def code_of(running_number: int) -> str:
    """Return the code of a number: 0001 for 1, 9999 for 9999, then 0001 again."""
    return f"{(running_number - 1) % LAST_CODE + 1:0{CODE_DIGITS}}"


def reset(branch: Branch) -> None:
    """Restart the codes of this business day at 0001 with the next customer."""
    counter = TransactionCounter.objects.select_for_update().filter(
        branch=branch, business_date=branch.business_date()
    )
    for last in counter.values_list("last", flat=True):
        counter.update(last=-(-last // LAST_CODE) * LAST_CODE)
