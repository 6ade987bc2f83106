"""Consent: what a therapist adds is accepted or declined by the customer, where a branch asks."""

from decimal import Decimal

import pytest

from accounts.models import Branch, TurnMode
from queueing import services
from queueing.consent import agree_item, answer_item
from queueing.errors import ConsentNeeded, ServiceNotFound, TransactionNotFound, WrongState
from queueing.handover import hand_over
from queueing.integrity import rules
from queueing.leaving import manager_cancel
from queueing.models import Transaction, TransactionItem, TurnEntry
from queueing.serializers import serialize_transaction
from queueing.states import Status
from queueing.undo import undo
from spa_project.lib.errors import Conflict

pytestmark = pytest.mark.django_db


@pytest.fixture
def asking(branch: Branch, maya) -> None:
    """Let the branch ask its customers for their consent."""
    for here in (branch, maya.user.branch):
        here.asks_consent = True
        here.save()


@pytest.fixture
def treated(asking, make_transaction) -> Transaction:
    """Return a visit of 500.00 and 60 minutes in treatment."""
    return make_transaction(Status.IN_SERVICE)


@pytest.fixture
def added(treated, maya, compress) -> TransactionItem:
    """Return a treatment of 100.50 and 10 minutes that the customer is asked about."""
    return put(treated, maya, compress)


def put(visit, therapist, offer) -> TransactionItem:
    after = services.add_service(
        therapist, transaction_id=visit.pk, service_classification_id=offer.pk
    )
    return after.item_list[-1]


def fresh(visit: Transaction) -> Transaction:
    return Transaction.objects.get(pk=visit.pk)


def findings() -> list[str]:
    return [words for outcome in rules.run() for words in outcome.findings]


def test_nobody_is_asked_unless_the_branch_wants_it(maya, compress, make_transaction):
    visit = make_transaction(Status.IN_SERVICE)
    item = put(visit, maya, compress)
    assert (item.consent, visit.events.latest("version").consent) == ("", "")
    assert services.finish_service(maya, transaction_id=visit.pk).status == Status.FINISHED


def test_an_added_treatment_counts_at_once_and_waits_for_an_answer(treated, added):
    data = serialize_transaction(fresh(treated))
    assert (data["total_amount"], data["total_duration_minutes"]) == ("600.50", 70)
    assert [item["consent"] for item in data["items"]] == [None, "asked"]
    assert treated.events.latest("version").consent == "asked"


def test_an_accepted_treatment_stays_and_the_answer_is_in_the_log(treated, added):
    visit = answer_item(treated.key, item_id=added.pk, accepted=True)
    event = visit.events.latest("version")
    assert (event.by, event.consent, event.reason) == (None, "accepted", str(added))
    assert fresh(treated).total_amount == Decimal("600.50")
    assert treated.items.get(pk=added.pk).consent == "accepted"
    assert findings() == []


def test_a_declined_treatment_is_taken_off_with_its_price_and_minutes(treated, added):
    visit = answer_item(treated.key, item_id=added.pk, accepted=False)
    event = visit.events.latest("version")
    assert (event.by, event.consent, event.reason) == (None, "declined", f"- {added}")
    after = fresh(treated)
    assert (after.total_amount, after.total_duration_minutes) == (Decimal("500.00"), 60)
    assert not treated.items.filter(pk=added.pk).exists()
    assert findings() == []


def test_the_therapist_sees_what_was_declined(treated, added):
    answer_item(treated.key, item_id=added.pk, accepted=False)
    [declined] = serialize_transaction(fresh(treated))["declined"]
    assert declined["id"] == added.pk
    assert declined["service_name"] == added.service_name
    assert (declined["price"], declined["consent"]) == ("100.50", "declined")


def test_several_treatments_are_declined_one_after_the_other(treated, added, maya, compress):
    again = put(treated, maya, compress)
    for item in (added, again):
        answer_item(treated.key, item_id=item.pk, accepted=False)
    declined = serialize_transaction(fresh(treated))["declined"]
    assert [item["id"] for item in declined] == [added.pk, again.pk]
    assert findings() == []


def test_an_agreement_in_person_is_recorded_with_the_therapist(treated, added, maya):
    visit = agree_item(maya, transaction_id=treated.pk, item_id=added.pk)
    event = visit.events.latest("version")
    assert (event.by, event.consent) == (maya.user, "in_person")
    assert treated.items.get(pk=added.pk).consent == "in_person"
    assert findings() == []


@pytest.mark.parametrize("accepted", [True, False])
def test_the_same_answer_again_changes_nothing(treated, added, accepted):
    version = answer_item(treated.key, item_id=added.pk, accepted=accepted).version
    assert answer_item(treated.key, item_id=added.pk, accepted=accepted).version == version


def test_an_answer_that_arrives_twice_is_fine_after_the_treatment(treated, added, maya):
    answer_item(treated.key, item_id=added.pk, accepted=True)
    finished = services.finish_service(maya, transaction_id=treated.pk)
    again = answer_item(treated.key, item_id=added.pk, accepted=True)
    assert again.version == finished.version


@pytest.mark.parametrize("first", [True, False])
def test_another_answer_is_refused(treated, added, first):
    answer_item(treated.key, item_id=added.pk, accepted=first)
    with pytest.raises(Conflict):
        answer_item(treated.key, item_id=added.pk, accepted=not first)


def test_what_was_agreed_to_in_person_cannot_be_declined_afterwards(treated, added, maya):
    agree_item(maya, transaction_id=treated.pk, item_id=added.pk)
    with pytest.raises(Conflict, match="already agreed"):
        answer_item(treated.key, item_id=added.pk, accepted=False)


def test_what_was_declined_cannot_be_agreed_to_in_person(treated, added, maya):
    answer_item(treated.key, item_id=added.pk, accepted=False)
    with pytest.raises(Conflict, match="customer declined"):
        agree_item(maya, transaction_id=treated.pk, item_id=added.pk)


def test_agreeing_twice_changes_nothing_more(treated, added, maya):
    version = agree_item(maya, transaction_id=treated.pk, item_id=added.pk).version
    assert agree_item(maya, transaction_id=treated.pk, item_id=added.pk).version == version


def test_an_unanswered_treatment_keeps_the_visit_from_being_finished(treated, added, maya):
    with pytest.raises(ConsentNeeded, match=added.service_name):
        services.finish_service(maya, transaction_id=treated.pk)
    assert fresh(treated).status == Status.IN_SERVICE


@pytest.mark.parametrize("way", ["accepted", "declined", "in person", "removed"])
def test_every_answer_lets_the_visit_be_finished(treated, added, maya, way):
    this = {"transaction_id": treated.pk, "item_id": added.pk}
    if way == "in person":
        agree_item(maya, **this)
    elif way == "removed":
        services.remove_item(maya, **this)
    else:
        answer_item(treated.key, item_id=added.pk, accepted=way == "accepted")
    finished = services.finish_service(maya, transaction_id=treated.pk)
    is_billed = way in ("accepted", "in person")
    assert finished.total_amount == Decimal("600.50" if is_billed else "500.00")
    assert findings() == []


def removed(visit, therapist, item) -> None:
    services.remove_item(therapist, transaction_id=visit.pk, item_id=item.pk)


@pytest.mark.parametrize("way", ["accepted", "in_person"])
def test_what_was_agreed_to_is_put_back_without_asking_again(treated, added, maya, compress, way):
    if way == "accepted":
        answer_item(treated.key, item_id=added.pk, accepted=True)
    else:
        agree_item(maya, transaction_id=treated.pk, item_id=added.pk)
    removed(treated, maya, added)
    assert put(treated, maya, compress).consent == way
    assert treated.events.latest("version").consent == ""
    assert put(treated, maya, compress).consent == "asked"
    assert findings() == []


def test_what_was_ordered_is_put_back_without_asking(treated, added, maya, hour):
    answer_item(treated.key, item_id=added.pk, accepted=True)
    removed(treated, maya, treated.items.get(service_classification=hour))
    assert put(treated, maya, hour).consent == ""


def test_what_costs_something_else_now_is_asked_about_again(treated, added, maya, compress):
    answer_item(treated.key, item_id=added.pk, accepted=True)
    removed(treated, maya, added)
    compress.price = Decimal("120.00")
    compress.save()
    dearer = put(treated, maya, compress)
    assert dearer.consent == "asked"
    answer_item(treated.key, item_id=dearer.pk, accepted=False)
    compress.price = added.price
    compress.save()
    assert put(treated, maya, compress).consent == "asked"


def test_what_was_not_answered_or_declined_is_asked_about_again(treated, added, maya, compress):
    removed(treated, maya, added)
    again = put(treated, maya, compress)
    assert again.consent == "asked"
    answer_item(treated.key, item_id=again.pk, accepted=False)
    assert put(treated, maya, compress).consent == "asked"


def test_a_question_outlives_the_setting(treated, added, branch, maya):
    for here in (branch, maya.user.branch):
        here.asks_consent = False
        here.save()
    with pytest.raises(ConsentNeeded):
        services.finish_service(maya, transaction_id=treated.pk)
    assert answer_item(treated.key, item_id=added.pk, accepted=True)


def test_what_was_ordered_cannot_be_declined(treated, added):
    ordered = treated.items.order_by("pk")[0]
    with pytest.raises(WrongState, match="isn't waiting"):
        answer_item(treated.key, item_id=ordered.pk, accepted=False)


def test_what_was_ordered_stays_while_the_rest_is_unanswered(treated, added, maya):
    ordered = treated.items.order_by("pk")[0]
    with pytest.raises(ConsentNeeded):
        services.remove_item(maya, transaction_id=treated.pk, item_id=ordered.pk)
    assert treated.items.count() == 2


def test_an_item_of_nobody_or_of_another_visit_is_not_found(treated, added, noor, make_transaction):
    other = make_transaction(Status.IN_SERVICE, therapist=noor)
    for key, item in ((treated.key, 10**9), (other.key, added.pk)):
        with pytest.raises(ServiceNotFound):
            answer_item(key, item_id=item, accepted=True)


def test_only_the_key_of_the_visit_answers_for_its_customer(added):
    with pytest.raises(TransactionNotFound):
        answer_item("somebody-elses", item_id=added.pk, accepted=True)


def test_a_colleague_cannot_agree_for_the_customer(treated, added, noor):
    with pytest.raises(TransactionNotFound):
        agree_item(noor, transaction_id=treated.pk, item_id=added.pk)


def test_the_colleague_who_takes_over_still_needs_the_answer(treated, added, maya, noor):
    hand_over(maya.user, transaction_id=treated.pk, therapist_id=noor.pk)
    with pytest.raises(ConsentNeeded):
        services.finish_service(noor, transaction_id=treated.pk)
    agree_item(noor, transaction_id=treated.pk, item_id=added.pk)
    assert services.finish_service(noor, transaction_id=treated.pk).status == Status.FINISHED


def test_a_bill_that_a_manager_ends_leaves_out_what_nobody_answered(treated, added, maria):
    ended = manager_cancel(maria, transaction_id=treated.pk, reason="ill", bill=True)
    assert (ended.status, ended.total_amount) == (Status.FINISHED, Decimal("500.00"))
    assert findings() == []


def test_a_cancelled_visit_has_its_question_again_after_an_undo(treated, added, maria):
    manager_cancel(maria, transaction_id=treated.pk, reason="ill", bill=False)
    assert findings() == []
    with pytest.raises(WrongState):
        answer_item(treated.key, item_id=added.pk, accepted=True)
    undo(maria, transaction_id=treated.pk)
    assert answer_item(treated.key, item_id=added.pk, accepted=True)
    assert findings() == []


def test_a_declined_treatment_counts_for_nobodys_turns(branch, maya, compress, make_transaction):
    for here in (branch, maya.user.branch):
        here.turn_mode, here.asks_consent = TurnMode.STRICT, True
        here.save()
    visit = make_transaction(Status.IN_SERVICE)
    before = sum(TurnEntry.objects.values_list("quarters", flat=True))
    item = put(visit, maya, compress)
    answer_item(visit.key, item_id=item.pk, accepted=False)
    assert sum(TurnEntry.objects.values_list("quarters", flat=True)) == before
    assert findings() == []


def test_a_customer_answers_without_logging_in(treated, added, client):
    body = {"key": treated.key, "item_id": added.pk, "accepted": False}
    path = "/api/commands/customer_answer_item/"
    reply = client.post(path, body, content_type="application/json")
    assert reply.status_code == 200
    assert reply.json()["transaction"]["declined"][0]["id"] == added.pk
    contrary = client.post(path, body | {"accepted": True}, content_type="application/json")
    assert (contrary.status_code, contrary.json()["code"]) == (409, "conflict")


def test_a_finish_without_an_answer_is_refused_with_its_code(treated, added, maya, client):
    client.force_login(maya.user)
    reply = client.post(
        "/api/commands/therapist_finish_service/",
        {"transaction_id": treated.pk},
        content_type="application/json",
    )
    assert (reply.status_code, reply.json()["code"]) == (409, "consent_needed")
