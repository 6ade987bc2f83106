"""What the rules of all subjects share."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection
from django.db.transaction import atomic
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine

from accounts.models import User
from payments.integrity import all_rules
from payments.tests.machine.model import Cast, Model
from payments.tests.machine.visit import Refusal, Visit, not_possible
from queueing.states import WITH_THERAPIST, Status
from spa_project.lib.errors import DomainError
from spa_project.tests.one_branch import Audit

#: Few keys, so that they are used again now and then.
REQUESTS = st.sampled_from([None, None, *(f"request-{number}" for number in range(6))])
PEOPLE = st.integers(0, 1)
#: A cashier, or the manager.
ANYBODY = st.integers(0, 2)
METHODS = st.sampled_from(["cash", "cash", "card"])
OFFERS = st.integers(0, 2)
NOTES = st.sampled_from(["", "", "Left shoulder hurts."])
TIPS = st.sampled_from(["0.00", "0.00", "20.00"])
#: The discounts of the day: a tenth, and an amount above a cashier's limit.
CODES = st.sampled_from(["tenth", "hundred"])
#: What is given back: all that is left, half of it, a little more than it, or a void sale.
BACK = st.sampled_from(["all", "half", "more", "void"])
OVER = st.sampled_from(["0.00", "0.00", "0.20", "1000.00", "-0.01"])
SELECTION = st.lists(OFFERS, min_size=1, max_size=3)
#: Whether a therapist acts, or a manager for them.
OWN = st.booleans()
#: In place of a visit: the one that this person holds.
MINE = st.none()
#: People who may act for a customer: two therapists, a cashier, a manager.
STAFF = st.integers(0, 3)

Refused = pytest.ExceptionInfo[DomainError] | None

#: The visits that customers have made.
visits = Bundle("visits")


class Day(RuleBasedStateMachine):
    """A state machine whose rules are the operations; each is checked against the model."""

    def __init__(self, cast: Cast) -> None:
        super().__init__()
        self.cast = cast
        self.model = Model(cast.therapists)
        # Rolled back at the end of the day. Django lets a durable operation run inside an atomic
        # block that is marked as a test's.
        self.night = atomic()
        self.night._from_testcase = True  # type: ignore[attr-defined]
        self.night.__enter__()

    def teardown(self) -> None:
        try:
            assert [words for outcome in all_rules.run() for words in outcome.findings] == []
        finally:
            self.night.__exit__(RuntimeError, RuntimeError(), None)

    @contextmanager
    def expect(self, refusal: Refusal) -> Iterator[Refused]:
        """Expect the block to be refused with this error, or, with None, to succeed.

        Either way each of its statements names one branch, or rows by their keys.
        """
        audit = Audit()
        with connection.execute_wrapper(audit), self._refused(refusal) as refused:
            yield refused
        assert audit.found == []

    @contextmanager
    def _refused(self, refusal: Refusal) -> Iterator[Refused]:
        if refusal is None:
            yield None
            return
        with pytest.raises(refusal) as refused:
            yield refused
        assert refused.type is refusal

    def staff(self, who: int) -> User:
        cast = self.cast
        return [*(t.user for t in cast.therapists), cast.cashiers[0].user, cast.manager][who]

    def reached(self, who: int, visit: Visit, *statuses: Status) -> Refusal:
        """Return whether a therapist may act on a customer: only their own once called."""
        is_others = (
            visit.status in WITH_THERAPIST
            and visit.therapist in self.cast.therapists[1 - who : 2 - who]
        )
        return not_possible(visit, not (who < 2 and is_others), *statuses)
