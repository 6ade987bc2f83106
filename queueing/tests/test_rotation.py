"""Tests of the strict rotation: the turn ledger, and who may call the next customer."""

import pytest
from django.db import connection

from accounts.models import Therapist, TurnMode
from catalog.models import TurnWeight
from conftest import make_offer, make_therapist, make_therapist_on_duty
from queueing import duty, handover, holding, leaving, services, turn_changes
from queueing.errors import NotYourTurn, QueueEmpty, WrongState
from queueing.integrity import rules as all_rules
from queueing.models import RoomStatus, Transaction, TurnEntry, TurnKind
from queueing.requests import Request
from queueing.rotation import entries_of, rotation_of
from queueing.services import Choice, confirm_next
from queueing.states import Status
from queueing.undo import undo


@pytest.fixture
def strict(branch):
    """Return the branch with a strict rotation."""
    branch.turn_mode = TurnMode.STRICT
    branch.save()
    return branch


@pytest.fixture
def line(strict, hour):
    """Add customers to the line."""

    def add(count: int = 1, **fields):
        return [
            services.confirm_selection(strict, choices=[Choice(hour.pk)], **fields)
            for _each in range(count)
        ]

    return add


@pytest.fixture(autouse=True)
def _sound(db):
    """Check that no test leaves a broken row."""
    yield
    assert [words for outcome in all_rules.run() for words in outcome.findings] == []


def rows() -> list[tuple[str, str, int]]:
    found = TurnEntry.objects.select_related("therapist").order_by("pk")
    return [(str(it.therapist), it.kind, it.quarters) for it in found]


def names(branch) -> list[str]:
    rotation = rotation_of(branch)
    return [rotation.people[it.therapist_id].name for it in rotation.order]


def finish(therapist, visit) -> None:
    services.start_service(therapist, transaction_id=visit.pk)
    services.finish_service(therapist, transaction_id=visit.pk)
    services.room_set_status(visit.branch, therapist.room_number, RoomStatus.AVAILABLE)


# -- The ledger -----------------------------------------------------------------------------------


def test_a_free_branch_has_no_ledger(branch, maya, make_transaction):
    visit = make_transaction(Status.FINISHED)
    assert visit.turn_quarters is None
    assert not TurnEntry.objects.exists()


def test_a_call_counts_one_turn_from_then_on(maya, line):
    line()
    visit = confirm_next(maya)
    assert rows() == [("Maya", TurnKind.CALLED, 4)]
    finish(maya, visit)
    assert rows() == [("Maya", TurnKind.CALLED, 4)]


def test_a_treatment_counts_what_the_menu_says(strict, maya, hour):
    hour.service.turn_quarters = TurnWeight.HALF
    hour.service.save()
    services.confirm_selection(strict, choices=[Choice(hour.pk)])
    confirm_next(maya)
    assert rows() == [("Maya", TurnKind.CALLED, 2)]


def test_a_customer_who_asked_for_the_therapist_counts_half(maya, line):
    line(request=Request(maya.pk))
    confirm_next(maya)
    assert rows() == [("Maya", TurnKind.REQUESTED, 2)]


def test_an_added_treatment_that_counts_more_is_corrected_and_back(strict, maya, hour, massage):
    whole = type(massage).objects.create(category=massage.category, name="Scrub")
    scrub = make_offer(whole, "30 minutes", "300.00", 30)
    massage.turn_quarters = TurnWeight.HALF
    massage.save()
    services.confirm_selection(strict, choices=[Choice(hour.pk)])
    visit = confirm_next(maya)
    services.start_service(maya, transaction_id=visit.pk)
    visit = services.add_service(maya, transaction_id=visit.pk, service_classification_id=scrub.pk)
    services.remove_item(maya, transaction_id=visit.pk, item_id=visit.item_list[-1].pk)
    assert rows() == [
        ("Maya", TurnKind.CALLED, 2),
        ("Maya", TurnKind.TREATMENTS, 2),
        ("Maya", TurnKind.TREATMENTS, -2),
    ]


def test_a_no_show_counts_nothing_and_again_when_it_is_undone(maya, line):
    line()
    visit = confirm_next(maya)
    leaving.no_show(maya, transaction_id=visit.pk)
    undo(maya.user, transaction_id=visit.pk)
    assert rows() == [
        ("Maya", TurnKind.CALLED, 4),
        ("Maya", TurnKind.NO_SHOW, -4),
        ("Maya", TurnKind.UNDONE, 4),
    ]


def test_a_call_that_is_undone_leaves_the_therapist_next(strict, maya, noor, line):
    line()
    visit = confirm_next(maya)
    assert names(strict) == ["Noor", "Maya"]
    undo(maya.user, transaction_id=visit.pk)
    assert names(strict) == ["Maya", "Noor"]


def test_a_customer_who_wants_another_therapist_does_not_count(strict, maya, noor, line):
    line()
    visit = confirm_next(maya)
    holding.release(maya, transaction_id=visit.pk, reason="Wants another therapist")
    assert names(strict) == ["Maya", "Noor"]
    assert confirm_next(noor) == visit


def test_whoever_gives_a_customer_back_goes_to_the_end(strict, maya, noor, line):
    line(2)
    finish(maya, confirm_next(maya))
    visit = confirm_next(noor)
    holding.release(noor, transaction_id=visit.pk, reason="On break")
    assert names(strict) == ["Maya", "Noor"]
    last = TurnEntry.objects.latest("pk")
    assert (last.kind, last.quarters, last.reason) == (TurnKind.GAVE_UP, 4, "On break")


def test_a_handed_over_turn_goes_with_the_customer_and_the_giver_to_the_end(
    strict, maya, noor, line
):
    line()
    visit = confirm_next(maya)
    handover.hand_over(maya.user, transaction_id=visit.pk, therapist_id=noor.pk)
    assert rows() == [
        ("Maya", TurnKind.CALLED, 4),
        ("Maya", TurnKind.HANDED_OVER, -4),
        ("Noor", TurnKind.TAKEN_OVER, 4),
        ("Maya", TurnKind.GAVE_UP, 4),
    ]


def test_a_manager_who_hands_over_leaves_the_giver_where_they_were(strict, maya, noor, maria, line):
    line()
    visit = confirm_next(maya)
    handover.hand_over(maria, transaction_id=visit.pk, therapist_id=noor.pk)
    assert names(strict) == ["Maya", "Noor"]


def test_a_late_clock_in_joins_at_the_end(strict, maya, noor, line):
    line(2)
    finish(maya, confirm_next(maya))
    finish(noor, confirm_next(noor))
    nadia = make_therapist("Nadia", strict, "7")
    duty.clock_in(nadia)
    assert names(strict) == ["Maya", "Noor", "Nadia"]
    assert rows()[-1] == ("Nadia", TurnKind.CLOCKED_IN, 4)


def test_a_break_keeps_the_place(strict, maya, noor):
    before = names(strict)
    duty.therapist_break(maya)
    duty.clock_in(maya)
    assert names(strict) == before == ["Maya", "Noor"]


def test_the_ledger_is_append_only(maya, line):
    line()
    confirm_next(maya)
    entry = TurnEntry.objects.get()
    with pytest.raises(TypeError):
        entry.delete()


# -- Who may call ---------------------------------------------------------------------------------


def test_only_the_next_one_calls_and_the_others_read_who_and_why(strict, maya, noor, line):
    line(4)
    with pytest.raises(NotYourTurn, match="Maya is next: you both have 0 turns, and Maya has wait"):
        confirm_next(noor)
    finish(maya, confirm_next(maya))
    with pytest.raises(NotYourTurn, match="Noor is next: 0 turns, you have 1"):
        confirm_next(maya)
    confirm_next(noor)
    confirm_next(maya)


def test_an_own_request_is_called_out_of_turn(strict, maya, noor, line):
    line()
    [own] = line(request=Request(noor.pk))
    assert confirm_next(noor) == own


@pytest.mark.parametrize("absence", ["break", "customer", "room", "gone"])
def test_whoever_cannot_call_holds_up_nobody(strict, maya, noor, line, absence):
    line(2)
    if absence == "break":
        duty.therapist_break(maya)
    elif absence == "customer":
        confirm_next(maya)
    elif absence == "gone":
        duty.clock_out(maya)
    else:
        services.room_set_status(strict, maya.room_number, RoomStatus.OUT_OF_SERVICE)
    confirm_next(noor)


def test_nobody_waiting_is_no_question_of_turns(strict, maya, noor):
    with pytest.raises(QueueEmpty):
        confirm_next(noor)


def test_a_customer_whom_the_next_one_may_not_call_is_called_by_the_following(
    strict, maya, noor, line
):
    """Who asked for a woman does not wait for a man whose turn it is; he keeps it."""
    strict.offers_gender = True
    strict.save()
    noor.gender = "woman"
    noor.save()
    [for_her] = line(request=Request(None, "woman"))
    [for_anyone] = line()
    assert confirm_next(noor) == for_her
    assert confirm_next(maya) == for_anyone


def test_a_declined_customer_is_called_by_the_following(strict, maya, noor, line):
    line()
    visit = confirm_next(maya)
    holding.release(maya, transaction_id=visit.pk, reason="Wants another therapist")
    line()
    assert confirm_next(noor) == visit


def test_whoever_is_off_duty_is_told_to_clock_in(strict, maya, line):
    line()
    nadia = make_therapist("Nadia", strict, "7")
    with pytest.raises(NotYourTurn, match=r"Maya is next\. Clock in to join the rotation\."):
        confirm_next(nadia)


def test_the_first_of_the_day_is_clocked_in_by_the_call(strict, line):
    line()
    nadia = make_therapist("Nadia", strict, "7")
    confirm_next(nadia)
    assert rows() == [("Nadia", TurnKind.CLOCKED_IN, 0), ("Nadia", TurnKind.CALLED, 4)]


def test_the_customer_one_has_is_returned_again(strict, maya, noor, line):
    line(2)
    visit = confirm_next(maya)
    assert confirm_next(maya) == visit


def test_a_request_that_ended_counts_in_full_for_a_colleague(strict, maya, noor, line):
    [visit] = line(request=Request(noor.pk, "anyone"))
    duty.clock_out(noor)
    confirm_next(maya)
    assert rows() == [("Maya", TurnKind.CALLED, 4)]
    visit.refresh_from_db()
    assert visit.requested_therapist == noor


# -- A manager's changes --------------------------------------------------------------------------


def test_a_manager_skips_who_sleeps(strict, maya, noor, maria, line):
    line()
    turn_changes.change_turns(maria, therapist_id=maya.pk, quarters=None, reason="Does not answer")
    confirm_next(noor)
    entry = TurnEntry.objects.get(kind=TurnKind.MOVED_BACK)
    assert (entry.kind, entry.by, entry.reason) == (
        TurnKind.MOVED_BACK,
        maria,
        "Does not answer",
    )


def test_a_manager_adds_half_a_turn(strict, maya, noor, maria):
    data = turn_changes.change_turns(maria, therapist_id=maya.pk, quarters=2, reason="Training")
    assert [(it["name"], it["turns"]) for it in data["order"]] == [("Noor", "0"), ("Maya", "0.5")]


def test_nobody_changes_turns_where_there_are_none(branch, maya, maria):
    with pytest.raises(WrongState, match="Makati has no strict rotation"):
        turn_changes.change_turns(maria, therapist_id=maya.pk, quarters=4, reason="Why not")


def test_nobody_changes_the_turns_of_who_is_away(strict, maria):
    nadia = make_therapist("Nadia", strict, "7")
    with pytest.raises(WrongState, match="Nadia isn't on duty"):
        turn_changes.change_turns(maria, therapist_id=nadia.pk, quarters=4, reason="Why not")


# -- What it costs --------------------------------------------------------------------------------


def test_the_ledger_of_a_day_is_read_by_its_index(strict, maya):
    rows = entries_of(strict.pk, strict.business_date())
    plan = rows.values_list("quarters").explain()
    assert "turn_by_day" in plan
    if connection.vendor == "mysql":
        assert "filesort" not in plan


def test_a_day_of_six_gives_everybody_as_many_turns(strict, line):
    """Six therapists serve eighteen customers: three turns each, whoever asks first."""
    people = [make_therapist_on_duty(f"T{number}", strict, str(number + 10)) for number in range(6)]
    line(18)
    for _round in range(3):
        called: list[tuple[Therapist, Transaction]] = []
        while len(called) < 6:
            for person in reversed(people):
                if person in [it for it, _visit in called]:
                    continue
                try:
                    called.append((person, confirm_next(person)))
                except NotYourTurn:
                    continue
        for person, visit in called:
            finish(person, visit)
    assert {it.quarters for it in rotation_of(strict).order} == {12}
