"""Tests of undoing a step while a cashier goes on."""

import pytest

from payments.counter import claim_next
from queueing.states import Status
from queueing.undo import undo
from spa_project.lib.errors import Conflict


def test_who_did_not_take_the_last_step_hears_who_did(maya, carl, make_transaction):
    done = make_transaction(Status.FINISHED)
    claim_next(carl)
    with pytest.raises(Conflict, match="Carl already took the next step"):
        undo(maya.user, transaction_id=done.pk)
