"""How many are before a customer: what the ticket's page says, and nothing more."""

from queueing import services
from queueing.screens import ticket_screen
from queueing.snapshots import digests_of_tickets, places_in_line
from queueing.states import Status


def before(transaction):
    """As the page hears it with its snapshot; its heartbeat must say the same."""
    told = ticket_screen(transaction.key).snapshot()["before"]
    assert digests_of_tickets([transaction.pk])[transaction.pk]["before"] == told
    return told


def test_those_who_came_earlier_are_before(make_transaction):
    line = [make_transaction(Status.PENDING_THERAPIST) for _ in range(3)]
    assert [before(each) for each in line] == [0, 1, 2]


def test_the_line_moves_up_when_somebody_is_called(maya, make_transaction):
    _first, second = [make_transaction(Status.PENDING_THERAPIST) for _ in range(2)]
    services.claim_next(maya)
    assert before(second) == 0


def test_who_does_not_wait_has_no_place(make_transaction):
    for status in (Status.FINISHED, Status.THERAPIST_CONFIRMED):
        assert before(make_transaction(status)) is None


def test_every_branch_has_its_own_line(branch, other_branch, make_transaction):
    here = make_transaction(Status.PENDING_THERAPIST)
    elsewhere = make_transaction(Status.PENDING_THERAPIST)
    type(elsewhere).objects.filter(pk=elsewhere.pk).update(branch=other_branch)
    assert places_in_line([branch.pk, other_branch.pk]) == {here.pk: 0, elsewhere.pk: 0}


def test_all_tickets_of_a_process_are_read_in_two_queries(
    make_transaction, django_assert_num_queries
):
    line = [make_transaction(Status.PENDING_THERAPIST) for _ in range(3)]
    with django_assert_num_queries(2):
        digests_of_tickets([each.pk for each in line])
