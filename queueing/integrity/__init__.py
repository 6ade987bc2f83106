"""Integrity rules of the queue's tables, a file for each subject.

Each rule is a function that picks the rows which break it and says what is wrong with each.
`verify_ledger` runs these and those of payments. To add a rule, add a function.
"""

from queueing.integrity import (
    branches,
    consents,
    history,
    holdings,
    keys,
    lanes,
    notes,
    numbers,
    presences,
    progress,
    skills,
    totals,
    turns,
)
from spa_project.lib.db.integrity import RuleSet

rules = RuleSet(
    totals.rules,
    history.rules,
    progress.rules,
    holdings.rules,
    branches.rules,
    numbers.rules,
    keys.rules,
    lanes.rules,
    notes.rules,
    consents.rules,
    skills.rules,
    presences.rules,
    turns.rules,
)
