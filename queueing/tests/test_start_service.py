"""Tests of starting the treatment."""

import pytest

from queueing import services
from queueing.errors import TransactionNotFound, WrongState
from queueing.states import Status


def test_the_treatment_begins_now(maya, make_transaction):
    called = make_transaction(Status.THERAPIST_CONFIRMED)
    services.start_service(maya, transaction_id=called.pk)
    called.refresh_from_db()
    assert called.status == Status.IN_SERVICE
    assert called.service_start_at >= called.therapist_confirmed_at


def test_a_second_tap_is_refused_and_changes_nothing(maya, make_transaction):
    started = make_transaction(Status.IN_SERVICE)
    version = started.version
    with pytest.raises(WrongState, match="0001"):
        services.start_service(maya, transaction_id=started.pk)
    started.refresh_from_db()
    assert started.version == version


def test_someone_elses_customer_looks_like_none_at_all(noor, make_transaction):
    called = make_transaction(Status.THERAPIST_CONFIRMED)
    for transaction_id in (called.pk, called.pk + 99):
        with pytest.raises(TransactionNotFound) as refused:
            services.start_service(noor, transaction_id=transaction_id)
        assert str(refused.value.sentence) == str(TransactionNotFound.sentence)
