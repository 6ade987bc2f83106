"""Tests of requests: a customer asks for a therapist, a woman or a man."""

import datetime

import pytest
import time_machine
from django.db.models import F
from django.utils import timezone

from accounts.models import Gender
from queueing import duty, handover, holding, requests, services, tasks
from queueing.errors import NobodyAble, QueueEmpty, WrongState
from queueing.integrity.lanes import rules
from queueing.models import Preference, Transaction
from queueing.requests import Request
from queueing.services import Choice
from queueing.snapshots import places_in_line
from queueing.states import Status
from spa_project.lib.errors import Invalid

MINUTES = 15


@pytest.fixture
def order(branch, hour):
    """Create a waiting customer with a request."""

    def make(therapist=None, preference: str = "", **fields) -> Transaction:
        request = Request(therapist and therapist.pk, preference)
        choices = [Choice(hour.pk)]
        return services.confirm_selection(branch, choices=choices, request=request, **fields)

    return make


@pytest.fixture
def genders(branch, maya, noor):
    """Make Maya a woman and Noor a man, in a branch that lets customers choose."""
    branch.offers_gender = True
    branch.save()
    for therapist, gender in ((maya, Gender.WOMAN), (noor, Gender.MAN)):
        therapist.gender = gender
        therapist.save()


def later(minutes: int):
    return time_machine.travel(
        timezone.now() + datetime.timedelta(minutes=minutes, seconds=1), tick=False
    )


def assert_sound() -> None:
    assert [outcome.findings for outcome in rules.run()] == [[]]


# -- Whom a claim returns -------------------------------------------------------------------------


def test_only_the_requested_therapist_calls_the_customer(maya, noor, order):
    asked = order(maya)
    behind = order()
    assert services.confirm_next(noor) == behind
    assert services.confirm_next(maya) == asked


def test_who_asked_for_a_therapist_comes_before_the_common_line(maya, order):
    first = order()
    asked = order(maya)
    assert services.confirm_next(maya) == asked
    assert first.status == Status.PENDING_THERAPIST


def test_a_therapist_for_whom_nobody_waits_is_told_whom_the_first_asked_for(maya, noor, order):
    asked = order(maya)
    with pytest.raises(QueueEmpty, match=f"{asked.code} asked for Maya"):
        services.confirm_next(noor)


def test_a_therapist_for_whom_nobody_waits_is_told_which_gender_the_first_asked_for(
    genders, noor, order
):
    asked = order(preference=Preference.WOMAN)
    with pytest.raises(QueueEmpty, match=f"{asked.code} asked for a woman"):
        services.confirm_next(noor)


def test_a_gender_and_the_common_line_are_one_line_in_the_order_of_coming(
    genders, maya, noor, order
):
    woman, anyone = order(preference=Preference.WOMAN), order()
    assert services.confirm_next(maya) == woman
    assert services.confirm_next(noor) == anyone


def test_the_common_line_comes_first_where_its_customer_came_earlier(genders, maya, order):
    anyone, _woman = order(), order(preference=Preference.WOMAN)
    assert services.confirm_next(maya) == anyone


def test_a_therapist_without_a_gender_calls_from_the_common_line(genders, maya, noor, order):
    order(preference=Preference.WOMAN)
    anyone = order()
    noor.gender = ""
    noor.save()
    assert services.confirm_next(noor) == anyone


def test_a_preference_for_anyone_is_no_request(maya, noor, order):
    visit = order(preference=Preference.ANYONE)
    assert (visit.lane, visit.preference) == (0, "")
    assert services.confirm_next(noor) == visit


# -- The end of a request -------------------------------------------------------------------------


def test_after_its_minutes_anyone_calls_the_customer_who_agreed(maya, noor, order):
    asked = order(maya, Preference.ANYONE)
    assert asked.request_until is not None
    with later(MINUTES):
        tasks.run_due()
        assert services.confirm_next(noor) == asked
    assert_sound()


def test_before_its_minutes_are_over_nobody_else_does(maya, noor, order):
    order(maya, Preference.ANYONE)
    with later(MINUTES - 1):
        tasks.run_due()
        with pytest.raises(QueueEmpty):
            services.confirm_next(noor)


def test_who_agreed_to_nobody_else_waits_on(maya, noor, order):
    asked = order(maya)
    with later(10 * MINUTES):
        tasks.run_due()
        with pytest.raises(QueueEmpty):
            services.confirm_next(noor)
        assert services.confirm_next(maya) == asked


def test_after_its_minutes_the_customer_waits_for_the_gender_they_chose(genders, maya, noor, order):
    asked = order(maya, Preference.MAN)
    duty.therapist_break(maya)
    with later(MINUTES):
        tasks.run_due()
        assert services.confirm_next(noor) == asked


def test_the_end_of_a_request_is_in_the_log(maya, order):
    asked = order(maya, Preference.ANYONE)
    with later(MINUTES):
        tasks.run_due()
        tasks.run_due()
    assert list(asked.events.values_list("reason", flat=True)) == [
        "",
        "Maya wasn't free in time.",
    ]


def test_a_request_for_who_clocks_out_ends_at_once_where_the_customer_agreed(maya, noor, order):
    agreed, only = order(maya, Preference.ANYONE), order(maya)
    duty.clock_out(maya)
    assert services.confirm_next(noor) == agreed
    only.refresh_from_db()
    assert only.lane == maya.pk
    assert_sound()


def test_the_customer_keeps_the_place_of_their_coming(maya, noor, order):
    asked = order(maya, Preference.ANYONE)
    order()
    duty.clock_out(maya)
    assert services.confirm_next(noor) == asked


def test_staff_end_the_request_of_who_waits(maya, noor, order):
    asked = order(maya)
    requests.set_request(noor.user, transaction_id=asked.pk, request=Request())
    assert services.confirm_next(noor) == asked
    assert_sound()


def test_staff_make_a_request_for_who_waits(maya, noor, order):
    asked = order()
    requests.set_request(maya.user, transaction_id=asked.pk, request=Request(noor.pk))
    assert asked.events.count() == 2
    with pytest.raises(QueueEmpty):
        services.confirm_next(maya)
    assert services.confirm_next(noor) == asked


def test_a_request_of_who_has_been_called_stays(maya, make_transaction):
    called = make_transaction(Status.THERAPIST_CONFIRMED)
    with pytest.raises(WrongState):
        requests.set_request(maya.user, transaction_id=called.pk, request=Request())


# -- On the way of a visit ------------------------------------------------------------------------


def test_who_is_released_waits_for_the_same_therapist_again(maya, noor, order):
    asked = order(maya)
    services.confirm_next(maya)
    holding.release(maya, transaction_id=asked.pk, reason="break")
    with pytest.raises(QueueEmpty):
        services.confirm_next(noor)
    assert services.confirm_next(maya) == asked
    assert_sound()


def test_who_wants_another_therapist_has_no_request_any_more(maya, noor, order):
    asked = order(maya)
    services.confirm_next(maya)
    back = holding.release(maya, transaction_id=asked.pk, reason="Wants another therapist")
    assert back.requested_therapist is None
    assert services.confirm_next(noor) == asked


def test_a_hold_keeps_the_request(maya, noor, order):
    asked = order(maya)
    holding.hold(noor.user, transaction_id=asked.pk)
    assert_sound()
    holding.release_hold(noor.user, transaction_id=asked.pk)
    with pytest.raises(QueueEmpty):
        services.confirm_next(noor)


def test_a_handed_over_visit_remembers_whom_the_customer_asked_for(maya, noor, order):
    asked = order(maya, Preference.ANYONE)
    services.confirm_next(maya)
    moved = handover.hand_over(maya.user, transaction_id=asked.pk, therapist_id=noor.pk)
    assert (moved.therapist, moved.requested_therapist) == (noor, maya)
    assert_sound()


def test_a_finished_visit_waits_in_the_cashiers_only_lane(maya, order):
    asked = order(maya, Preference.ANYONE)
    services.confirm_next(maya)
    services.start_service(maya, transaction_id=asked.pk)
    done = services.finish_service(maya, transaction_id=asked.pk)
    assert (done.lane, done.request_until) == (0, None)
    assert_sound()


def test_a_wrong_lane_is_found(maya, order):
    asked = order(maya)
    Transaction.objects.filter(pk=asked.pk).update(lane=0)
    [outcome] = rules.run()
    assert outcome.findings == [
        f"visit {asked.pk}: it is in lane 0, but its request makes it {maya.pk}"
    ]


# -- Refusals -------------------------------------------------------------------------------------


def test_who_is_not_on_duty_cannot_be_asked_for(maya, order):
    duty.clock_out(maya)
    with pytest.raises(NobodyAble, match="Maya isn't on duty"):
        order(maya)


def test_who_is_on_a_break_can_be_asked_for(maya, order):
    duty.therapist_break(maya)
    assert order(maya).requested_therapist == maya


def test_a_therapist_of_another_branch_cannot_be_asked_for(olga, order):
    with pytest.raises(NobodyAble, match="That therapist isn't on duty"):
        order(olga)


def test_a_gender_of_which_nobody_is_on_duty_is_told_before_it_is_confirmed(genders, noor, order):
    duty.clock_out(noor)
    with pytest.raises(NobodyAble, match="No man is on duty"):
        order(preference=Preference.MAN)


def test_a_branch_that_offers_no_gender_refuses_one(maya, order):
    with pytest.raises(Invalid, match="a woman or a man"):
        order(preference=Preference.WOMAN)


def test_a_branch_without_minutes_takes_no_requests(branch, maya, order):
    branch.request_minutes = 0
    branch.save()
    with pytest.raises(Invalid, match="no requests"):
        order(maya)


def test_the_same_order_sent_again_after_the_therapist_left_is_the_first(maya, order):
    first = order(maya, request_id="order-0001")
    duty.clock_out(maya)
    assert order(maya, request_id="order-0001") == first


# -- Places and waits -----------------------------------------------------------------------------


def test_who_asked_for_a_therapist_holds_up_nobody_else(branch, maya, order):
    first, asked, behind, asked_too = order(), order(maya), order(), order(maya)
    places = places_in_line({branch.pk: branch.business_date()})
    before = {pk: place["before"] for pk, place in places.items()}
    assert before == {first.pk: 0, asked.pk: 0, behind.pk: 1, asked_too.pk: 1}


def told(client, branch) -> dict[str, list[int] | None]:
    """Return the wait that `GET /api/therapists/` tells for each therapist."""
    answer = client.get(f"/api/therapists/?branch={branch.slug}").json()
    return {it["name"]: it["wait_minutes"] for it in answer["therapists"]}


@pytest.fixture
def paced(make_transaction) -> None:
    """Have a treatment end that took its hour, from which waits are estimated."""
    visit = make_transaction(Status.FINISHED)
    hour = datetime.timedelta(hours=1)
    stamps = ("selection_confirmed_at", "therapist_confirmed_at", "service_start_at")
    Transaction.objects.filter(pk=visit.pk).update(**{name: F(name) - hour for name in stamps})


def test_the_wait_for_who_is_on_a_break_is_the_rest_of_it(client, branch, maya, noor, paced):
    duty.therapist_break(noor, minutes=30)
    assert told(client, branch) == {"Maya": [0, 5], "Noor": [20, 40]}


def test_the_wait_for_who_has_a_break_after_their_customer_includes_both(
    client, branch, maya, noor, paced, make_transaction
):
    make_transaction(Status.IN_SERVICE, therapist=noor)
    duty.therapist_break(noor, minutes=30)
    assert told(client, branch) == {"Maya": [0, 5], "Noor": [60, 120]}


def test_the_wait_for_who_is_on_a_break_of_no_set_length_is_unknown(
    client, branch, maya, noor, paced
):
    duty.therapist_break(noor)
    assert told(client, branch) == {"Maya": [0, 5], "Noor": None}


def test_the_wait_for_whom_others_asked_for_is_longer(client, branch, maya, noor, order, paced):
    order(noor)
    waits = told(client, branch)
    assert waits["Maya"] == [0, 5]
    assert waits["Noor"]
    assert waits["Noor"][0] == 45


def test_who_is_off_duty_is_not_told(client, branch, maya, noor, paced):
    duty.clock_out(noor)
    assert told(client, branch) == {"Maya": [0, 5]}
