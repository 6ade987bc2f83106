"""B5: ids of missing rows, of other people's rows, and ids that are no numbers."""

import pytest

from queueing.states import Status
from spa_project.lib.commands import REGISTRY
from spa_project.tests.hostile.clients import Request
from spa_project.tests.hostile.orders import UNKNOWN, order_for
from spa_project.tests.hostile.test_schemas import asker_of
from spa_project.tests.hostile.visits import Asker, Whose

pytestmark = pytest.mark.django_db
NO_IDS = [0, -1, 2**63, 2**64, -(2**63), 10**100, "1", "", 1.0, True, None, [], {}]
NOTHINGS = [UNKNOWN, 2**31, 2**31 - 1, 2**63 - 1]
OF_A_VISIT = [
    command for command in REGISTRY if "transaction_id" in REGISTRY[command].data.model_fields
]
OTHERS_PARTS = {
    "therapist_add_service": ("service_classification_id", "service_not_found"),
    "therapist_remove_item": ("item_id", "service_not_found"),
    "therapist_hand_over": ("therapist_id", "wrong_state"),
}


@pytest.mark.slow
def test_somebody_elses_id_is_as_good_as_none(floor, ask):
    theirs = floor.visit(Status.IN_SERVICE, Whose.ELSEWHERE)
    gone = floor.visit(Status.PENDING_THERAPIST, Whose.OWN)
    gone_id = gone.pk
    gone.events.all().delete()
    gone.delete()
    requests = []
    for command in OF_A_VISIT:
        asker = asker_of(command)
        right = order_for(command, floor, theirs, asker, Whose.ELSEWHERE)
        for number in [theirs.pk, gone_id, *NOTHINGS, *NO_IDS]:
            requests.append(Request(asker, command, right | {"transaction_id": number}))
    for request, outcome in ask(floor, requests):
        number = request.data["transaction_id"]
        code = "invalid" if number in NO_IDS and number != 1 else "transaction_not_found"
        if isinstance(number, bool | float | str | None):
            code = "invalid"
        assert (outcome.code, outcome.changed) == (code, ()), request
        if code == "transaction_not_found":
            assert outcome.sentence == "That customer isn't assigned to you."


@pytest.mark.parametrize("command", OTHERS_PARTS)
def test_parts_of_somebody_elses_visit_are_none(floor, ask, command):
    field, code = OTHERS_PARTS[command]
    theirs = floor.visit(Status.IN_SERVICE, Whose.ELSEWHERE)
    mine = floor.visit(Status.IN_SERVICE, Whose.OWN)
    others = {
        "service_classification_id": UNKNOWN,
        "item_id": theirs.items.get(classification="60 minutes").pk,
        "therapist_id": floor.pairs[Whose.ELSEWHERE].therapist.pk,
    }
    right = order_for(command, floor, mine, Asker.THERAPIST, Whose.OWN)
    asked = [
        Request(Asker.THERAPIST, command, right | {field: number})
        for number in (others[field], UNKNOWN)
    ]
    heard = [outcome for _request, outcome in ask(floor, asked)]
    assert {outcome.code for outcome in heard} == {code}
    assert heard[0] == heard[1], "somebody else's says more than none"
