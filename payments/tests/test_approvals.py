"""Tests of approvals: one command, exactly this content, once, for two minutes."""

from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.utils import timezone

from accounts.models import User
from accounts.screen_lock import WrongPin, set_pin
from conftest import make_user
from payments import approvals
from payments.errors import ApprovalNeeded
from payments.models import Approval
from spa_project.lib.errors import RateLimited

PIN = "4711"
COMMAND = "cashier_close_drawer"
CONTENT = {"counts": {"1000.00": 1}, "note": "lost", "amount": Decimal("1.00")}


@pytest.fixture
def boss(maria) -> User:
    set_pin(maria, PIN)
    return maria


def ask(carl, pin: str = PIN, username: str = "maria") -> str:
    return approvals.approve(
        carl.user, username=username, pin=pin, command=COMMAND, content=CONTENT
    )


def use(user: User, approval: str | None, **other) -> User:
    known = {"command": COMMAND, "content": CONTENT, "approval": approval}
    return approvals.require(user, **known | other)


def test_an_approval_names_the_manager_and_whom_it_was_for(boss, carl):
    assert use(carl.user, ask(carl)) == boss
    [row] = Approval.objects.all()
    assert (row.by, row.asked_by, row.command) == (boss, carl.user, COMMAND)
    assert row.used_at


def test_an_approval_is_used_once(boss, carl):
    approval = ask(carl)
    use(carl.user, approval)
    with pytest.raises(ApprovalNeeded):
        use(carl.user, approval)


def test_without_an_approval_the_sentence_says_what_is_needed(carl):
    with pytest.raises(ApprovalNeeded, match="For this"):
        use(carl.user, None, sentence="For this")


@pytest.mark.parametrize(
    "other",
    [
        {"command": "cashier_refund"},
        {"content": CONTENT | {"note": "found"}},
        {"content": CONTENT | {"counts": {"1000.00": 2}}},
        {"content": CONTENT | {"amount": Decimal("1.01")}},
        {"content": {"note": "lost"}},
    ],
)
def test_an_approval_is_for_this_command_and_content_only(boss, carl, other):
    approval = ask(carl)
    with pytest.raises(ApprovalNeeded):
        use(carl.user, approval, **other)
    assert use(carl.user, approval) == boss


def test_the_order_of_fields_and_the_key_of_the_request_are_no_content(boss, carl):
    sent = dict(reversed(CONTENT.items())) | {"request_id": "tap-0001", "approval": "it"}
    assert use(carl.user, ask(carl), content=sent) == boss


def test_an_approval_is_for_the_till_where_it_was_entered(boss, carl, cora):
    approval = ask(carl)
    with pytest.raises(ApprovalNeeded):
        use(cora.user, approval)


@pytest.mark.parametrize(("seconds", "is_valid"), [(119, True), (121, False)])
def test_an_approval_ends_after_two_minutes(boss, carl, seconds, is_valid):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        approval = ask(carl)
        clock.shift(timedelta(seconds=seconds))
        if is_valid:
            assert use(carl.user, approval) == boss
        else:
            with pytest.raises(ApprovalNeeded):
                use(carl.user, approval)


def test_a_wrong_pin_and_a_name_that_is_no_managers_are_refused_in_the_same_words(
    boss, carl, branch, other_branch
):
    set_pin(carl.user, PIN)
    set_pin(make_user("Otto", other_branch, is_staff=True), PIN)
    make_user("Nils", branch, is_staff=True)  # has no PIN
    set_pin(make_user("Gone", branch, is_staff=True, is_active=False), PIN)
    words = set()
    for username, pin in (
        *(("maria", "0000"), ("nobody", PIN), ("carl", PIN), ("otto", PIN)),
        *(("nils", PIN), ("gone", PIN), ("MARIA", PIN), ("mária", PIN)),
    ):
        with pytest.raises(WrongPin) as refusal:
            ask(carl, pin, username)
        words.add(str(refusal.value.sentence))
    assert words == {"Incorrect PIN."}
    assert not Approval.objects.exists()


def test_an_owner_approves_in_every_branch(carl, other_branch):
    owner = make_user("Olaf", other_branch, is_staff=True, is_superuser=True)
    set_pin(owner, PIN)
    assert use(carl.user, ask(carl, username="olaf")) == owner


def test_wrong_pins_lock_out_as_logins_do(boss, carl, cora):
    with time_machine.travel("2026-11-26T10:00:00Z", tick=False) as clock:
        for _try in range(5):
            with pytest.raises(WrongPin):
                ask(carl, "0000")
        with pytest.raises(RateLimited) as refusal:
            ask(carl)
        assert refusal.value.retry_after == 15 * 60
        assert ask(cora)  # another till
        clock.shift(refusal.value.retry_after)
        assert ask(carl)


def test_a_right_pin_forgets_the_wrong_ones(boss, carl):
    for _round in range(2):
        for _try in range(4):
            with pytest.raises(WrongPin):
                ask(carl, "0000")
        assert ask(carl)


def test_neither_the_pin_nor_the_secret_is_stored(boss, carl):
    approval = ask(carl)
    [row] = Approval.objects.values()
    assert approval not in str(row)
    # Whole values: a digest of 64 digits may have these four in it.
    assert PIN not in {str(value) for value in row.values()}
