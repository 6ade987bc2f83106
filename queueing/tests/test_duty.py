"""Tests of therapists' presence: clock in, break, clock out."""

import datetime

import pytest
import time_machine

from accounts.models import Presence, PresenceKind, Therapist
from conftest import make_therapist
from queueing import duty, handover, holding, leaving, services
from queueing.errors import QueueEmpty, WrongState
from queueing.serializers import PresenceState
from queueing.snapshots import therapists_of
from queueing.states import Status
from queueing.statistics import statistics_of
from queueing.undo import undo

NOON = datetime.datetime(2026, 11, 22, 4, 0, tzinfo=datetime.UTC)  # in Manila


def hours(number: float) -> datetime.timedelta:
    return datetime.timedelta(hours=number)


@pytest.fixture
def nadia(branch) -> Therapist:
    """Return a therapist who has never clocked in."""
    return make_therapist("Nadia", branch, "7")


def presence_of(therapist: Therapist) -> str:
    branch = therapist.user.branch
    assert branch is not None
    [found] = [each for each in therapists_of(branch) if each["id"] == therapist.pk]
    return found["presence"]


def periods_of(therapist: Therapist) -> list[tuple[str, datetime.timedelta | None]]:
    rows = Presence.objects.filter(therapist=therapist).order_by("pk")
    return [(row.kind, row.ended_at - row.began_at if row.ended_at else None) for row in rows]


def hand_over(user, visit, to):
    return handover.hand_over(user, transaction_id=visit.pk, therapist_id=to.pk)


# -- The first claim --------------------------------------------------------------------------


def test_who_never_clocked_in_is_off_duty(branch, nadia):
    assert presence_of(nadia) == "off_duty"
    assert statistics_of(branch)["therapists"] == 0
    assert not Therapist.objects.on_duty(branch).exists()


def test_the_first_claim_clocks_in(branch, nadia, make_transaction):
    make_transaction(Status.PENDING_THERAPIST)
    services.confirm_next(nadia)
    assert presence_of(nadia) == "on_duty"


def test_a_claim_on_duty_writes_no_row(maya, make_transaction):
    make_transaction(Status.THERAPIST_CONFIRMED)
    assert periods_of(maya) == [("on_duty", None)]


def test_a_claim_ends_a_break(maya, make_transaction):
    duty.therapist_break(maya)
    make_transaction(Status.THERAPIST_CONFIRMED)
    assert presence_of(maya) == "on_duty"
    assert [kind for kind, _length in periods_of(maya)] == ["on_duty", "on_break", "on_duty"]


def test_a_refused_claim_clocks_nobody_in(nadia):
    with pytest.raises(QueueEmpty):
        services.confirm_next(nadia)
    assert presence_of(nadia) == "off_duty"


# -- Clock in, break, clock out ---------------------------------------------------------------


def test_a_day_is_a_row_of_periods(nadia):
    for moment, step in (
        (0, duty.clock_in),
        (3, duty.therapist_break),
        (3.5, duty.clock_in),
        (8, duty.clock_out),
    ):
        with time_machine.travel(NOON + hours(moment), tick=False):
            step(nadia)
    assert periods_of(nadia) == [
        ("on_duty", hours(3)),
        ("on_break", hours(0.5)),
        ("on_duty", hours(4.5)),
    ]


@pytest.mark.parametrize("step", [duty.clock_in, duty.therapist_break, duty.clock_out])
def test_a_step_taken_twice_is_taken_once(nadia, step):
    duty.clock_in(nadia)
    first = step(nadia)
    periods = periods_of(nadia)
    again = step(nadia)
    assert periods_of(nadia) == periods
    assert again["presence"] == first["presence"]


def test_a_break_says_when_it_is_over(nadia):
    with time_machine.travel(NOON, tick=False):
        told = duty.therapist_break(nadia, minutes=30)
    assert told["back_at"] == (NOON + hours(0.5)).isoformat()


def test_who_has_a_customer_cannot_clock_out(maya, make_transaction):
    visit = make_transaction(Status.IN_SERVICE)
    with pytest.raises(WrongState, match=f"Maya has customer {visit.code}. Finish or hand over"):
        duty.clock_out(maya)
    assert presence_of(maya) == "on_duty"


def test_after_the_hand_over_the_giver_may_clock_out(maya, noor, make_transaction):
    hand_over(maya.user, make_transaction(Status.IN_SERVICE), noor)
    duty.clock_out(maya)
    assert presence_of(maya) == "off_duty"


# -- A break after this customer --------------------------------------------------------------


def ends() -> dict[str, object]:
    return {
        "finished": lambda t, v, n, m: services.finish_service(t, transaction_id=v.pk),
        "handed over": lambda t, v, n, m: hand_over(t.user, v, n),
        "stopped": lambda t, v, n, m: leaving.manager_cancel(
            m, transaction_id=v.pk, reason="unwell", bill=False
        ),
        "given back": lambda t, v, n, m: holding.release(t, transaction_id=v.pk, reason="no"),
        "put on hold": lambda t, v, n, m: holding.hold(t.user, transaction_id=v.pk),
        "missing": lambda t, v, n, m: leaving.no_show(t, transaction_id=v.pk),
        "canceled": lambda t, v, n, m: leaving.staff_cancel(
            t.user, transaction_id=v.pk, reason="ill"
        ),
        "undone": lambda t, v, n, m: undo(t.user, transaction_id=v.pk),
    }


@pytest.mark.parametrize("end", ends())
def test_a_break_follows_when_the_customer_is(maya, noor, maria, make_transaction, end):
    treated = end in ("finished", "handed over", "stopped")
    visit = make_transaction(Status.IN_SERVICE if treated else Status.THERAPIST_CONFIRMED)
    assert duty.therapist_break(maya, minutes=20)["presence"] == "break_next"
    ends()[end](maya, visit, noor, maria)  # type: ignore[operator]
    assert presence_of(maya) == "on_break"
    assert Presence.objects.get(active_therapist=maya).minutes == 20


def test_a_break_that_was_to_follow_is_called_off(maya, make_transaction):
    visit = make_transaction(Status.IN_SERVICE)
    duty.therapist_break(maya)
    duty.clock_in(maya)
    services.finish_service(maya, transaction_id=visit.pk)
    assert presence_of(maya) == "on_duty"


def test_undoing_the_finish_brings_the_customer_back_before_the_break(maya, make_transaction):
    visit = make_transaction(Status.IN_SERVICE)
    duty.therapist_break(maya)
    services.finish_service(maya, transaction_id=visit.pk)
    undo(maya.user, transaction_id=visit.pk)
    assert presence_of(maya) == "break_next"
    services.finish_service(maya, transaction_id=visit.pk)
    assert presence_of(maya) == "on_break"


def test_undoing_puts_a_therapist_on_duty_who_had_left(maya, maria, make_transaction):
    visit = make_transaction(Status.FINISHED)
    duty.clock_out(maya)
    undo(maria, transaction_id=visit.pk)
    assert presence_of(maya) == "on_duty"


# -- Hand over --------------------------------------------------------------------------------


def test_nobody_hands_over_to_who_is_off_duty(maya, nadia, make_transaction):
    visit = make_transaction(Status.IN_SERVICE)
    with pytest.raises(WrongState, match="Nadia isn't on duty"):
        hand_over(maya.user, visit, nadia)


def test_nobody_hands_over_to_who_is_on_a_break(maya, noor, make_transaction):
    visit = make_transaction(Status.IN_SERVICE)
    duty.therapist_break(noor)
    with pytest.raises(WrongState, match="Noor is on a break"):
        hand_over(maya.user, visit, noor)


@pytest.mark.parametrize("leave", [duty.clock_out, duty.therapist_break])
def test_with_the_others_away_a_declining_customer_is_called_again(
    maya, noor, make_transaction, leave
):
    called = make_transaction(Status.THERAPIST_CONFIRMED)
    holding.release(maya, transaction_id=called.pk, reason="Wants another therapist")
    leave(noor)
    assert services.confirm_next(maya) == called


# -- The end of the day -----------------------------------------------------------------------


def test_who_forgets_to_clock_out_is_off_duty_on_the_next_day(branch, nadia):
    with time_machine.travel(NOON):
        duty.clock_in(nadia)
        assert presence_of(nadia) == "on_duty"
    with time_machine.travel(NOON + hours(24)):
        assert presence_of(nadia) == "off_duty"
        assert statistics_of(branch)["therapists"] == 0


def test_the_forgotten_period_ends_with_its_business_day(nadia):
    with time_machine.travel(NOON, tick=False):
        duty.clock_in(nadia)
    with time_machine.travel(NOON + hours(24)):
        duty.clock_in(nadia)
    assert periods_of(nadia) == [("on_duty", hours(16)), ("on_duty", None)]  # until 4 in Manila
    days = Presence.objects.filter(therapist=nadia).order_by("pk")
    assert [str(row.business_date) for row in days] == ["2026-11-22", "2026-11-23"]


def test_a_clock_that_was_set_back_ends_no_period_before_it_began(nadia):
    with time_machine.travel(NOON, tick=False):
        duty.clock_in(nadia)
    with time_machine.travel(NOON - hours(1), tick=False):
        duty.clock_out(nadia)
    assert periods_of(nadia) == [("on_duty", hours(0))]


# -- Others -----------------------------------------------------------------------------------


@pytest.mark.parametrize("presence", ["on_duty", "on_break", "off_duty"])
def test_a_manager_sets_it(maria, nadia, presence):
    told = duty.set_presence(maria, therapist_id=nadia.pk, presence=presence)
    assert told["presence"] == presence_of(nadia) == presence


def test_nobody_sets_it_elsewhere(maria, olga):
    with pytest.raises(WrongState, match="isn't available here"):
        duty.set_presence(maria, therapist_id=olga.pk, presence="on_duty")


def test_in_another_branch_one_is_off_duty(other_branch, maria, nadia):
    duty.clock_in(nadia)
    nadia.user.branch = other_branch
    nadia.user.save()
    assert presence_of(nadia) == "off_duty"
    assert not Therapist.objects.on_duty(other_branch).exists()


def test_the_wire_knows_every_kind():
    assert {*PresenceKind.values, "off_duty"} == {each.value for each in PresenceState}
