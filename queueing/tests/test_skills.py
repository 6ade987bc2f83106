"""Tests of skills: treatments need them, therapists have them, and a claim respects both."""

import pytest

from accounts.models import Gender, TherapistSkill
from catalog.models import Skill
from conftest import make_offer
from queueing import duty, handover, holding, requests, services
from queueing.errors import NobodyAble, NotAble, QueueEmpty
from queueing.integrity import lanes as lane_rules
from queueing.integrity import skills as skill_rules
from queueing.lanes import Lane
from queueing.models import Preference, SetupVersion, SkillSet, Transaction
from queueing.request_choices import choices_in
from queueing.requests import Request
from queueing.services import Choice
from queueing.snapshots import places_in_line
from queueing.states import Status


@pytest.fixture
def hot_stone(db) -> Skill:
    return Skill.objects.create(name="Hot stone")


@pytest.fixture
def prenatal(db) -> Skill:
    return Skill.objects.create(name="Prenatal")


def offer_needing(skill: Skill, massage):
    """Return a price of a treatment that needs a skill."""
    service = massage.category.services.create(name=f"{skill} massage", skill=skill)
    return make_offer(service, "60 minutes", "800.00", 60)


@pytest.fixture
def stones(massage, hot_stone):
    return offer_needing(hot_stone, massage)


@pytest.fixture
def mothers(massage, prenatal):
    return offer_needing(prenatal, massage)


def learn(therapist, *skills) -> None:
    for skill in skills:
        TherapistSkill.objects.create(therapist=therapist, skill=skill)


def forget(therapist, skill) -> None:
    TherapistSkill.objects.get(therapist=therapist, skill=skill).delete()


@pytest.fixture
def order(branch, hour):
    """Create a waiting customer who ordered these treatments, an hour's massage by default."""

    def make(*offers, therapist=None, preference="") -> Transaction:
        choices = [Choice(offer.pk) for offer in offers or [hour]]
        request = Request(therapist and therapist.pk, preference)
        return services.confirm_selection(branch, choices=choices, request=request)

    return make


def assert_sound() -> None:
    outcomes = [*lane_rules.rules.run(), *skill_rules.rules.run()]
    assert [outcome.findings for outcome in outcomes] == [[], []]


# -- Whom a claim returns -------------------------------------------------------------------------


def test_a_treatment_that_needs_a_skill_is_called_by_who_has_it(
    maya, noor, hot_stone, stones, order
):
    learn(maya, hot_stone)
    skilled, behind = order(stones), order()
    assert services.confirm_next(noor) == behind
    assert services.confirm_next(maya) == skilled
    assert_sound()


def test_who_has_the_skill_calls_in_the_order_of_coming(maya, hot_stone, stones, order):
    learn(maya, hot_stone)
    first = order()
    order(stones)
    assert services.confirm_next(maya) == first


def test_a_visit_needs_the_skills_of_all_its_treatments(
    maya, noor, hot_stone, prenatal, stones, mothers, order
):
    learn(maya, hot_stone)
    learn(noor, hot_stone, prenatal)
    both = order(stones, mothers)
    with pytest.raises(QueueEmpty, match=f"{both.code} needs another skill: Hot stone, Prenatal"):
        services.confirm_next(maya)
    assert services.confirm_next(noor) == both


def test_the_same_skills_are_one_lane_in_whatever_order(
    maya, hot_stone, prenatal, stones, mothers, order
):
    learn(maya, hot_stone, prenatal)
    one, other = order(stones, mothers), order(mothers, stones, stones)
    assert one.lane == other.lane
    assert SkillSet.objects.count() == 1
    assert_sound()


def test_a_woman_with_the_skill_is_asked_for(branch, maya, noor, hot_stone, stones, order):
    branch.offers_gender = True
    branch.save()
    for therapist, gender in ((maya, Gender.WOMAN), (noor, Gender.MAN)):
        therapist.gender = gender
        therapist.save()
        learn(therapist, hot_stone)
    asked = order(stones, preference=Preference.WOMAN)
    with pytest.raises(QueueEmpty, match=f"{asked.code} asked for a woman"):
        services.confirm_next(noor)
    assert services.confirm_next(maya) == asked


def test_a_therapist_with_the_skill_is_asked_for_alone(maya, noor, hot_stone, stones, order):
    learn(maya, hot_stone)
    learn(noor, hot_stone)
    order()
    asked = order(stones, therapist=maya)
    assert services.confirm_next(maya) == asked
    assert services.confirm_next(noor) != asked
    assert_sound()


def test_a_colleague_with_the_skill_is_told_whom_the_customer_asked_for(
    maya, noor, hot_stone, stones, order
):
    learn(maya, hot_stone)
    learn(noor, hot_stone)
    asked = order(stones, therapist=maya)
    with pytest.raises(QueueEmpty, match=f"{asked.code} asked for Maya"):
        services.confirm_next(noor)


def test_a_skill_that_is_learned_counts_at_once(maya, noor, hot_stone, stones, order):
    learn(maya, hot_stone)
    skilled = order(stones)
    with pytest.raises(QueueEmpty):
        services.confirm_next(noor)
    learn(noor, hot_stone)
    assert services.confirm_next(noor) == skilled


def test_a_skill_that_is_taken_away_counts_at_once(maya, noor, hot_stone, stones, order):
    learn(maya, hot_stone)
    order(stones, therapist=maya)
    forget(maya, hot_stone)
    with pytest.raises(QueueEmpty):
        services.confirm_next(maya)


def test_a_change_of_skills_is_one_of_the_branchs_setup(maya, branch, hot_stone):
    before = SetupVersion.objects.get(branch=branch).last
    learn(maya, hot_stone)
    forget(maya, hot_stone)
    assert SetupVersion.objects.get(branch=branch).last == before + 2


def test_a_visit_keeps_the_skills_its_treatments_needed_when_it_was_ordered(
    maya, noor, hot_stone, stones, order
):
    learn(maya, hot_stone)
    skilled = order(stones)
    stones.service.skill = None
    stones.service.save()
    with pytest.raises(QueueEmpty):
        services.confirm_next(noor)
    assert services.confirm_next(maya) == skilled
    assert_sound()


def test_who_declined_the_only_able_therapist_is_called_by_them_again(
    maya, noor, hot_stone, stones, order
):
    learn(maya, hot_stone)
    order(stones)
    called = services.confirm_next(maya)
    holding.release(maya, transaction_id=called.pk, reason="Wants another therapist")
    assert services.confirm_next(maya) == called


# -- Refusals -------------------------------------------------------------------------------------


def test_an_order_that_nobody_of_the_branch_can_do_is_refused(maya, stones, order):
    with pytest.raises(NobodyAble, match="No therapist in Makati can do this order: Hot stone"):
        order(stones)


def test_an_order_of_whom_only_somebody_off_duty_can_do_is_accepted(
    maya, noor, hot_stone, stones, order
):
    learn(maya, hot_stone)
    duty.clock_out(maya)
    assert order(stones).status == Status.PENDING_THERAPIST


def test_who_lacks_the_skill_cannot_be_asked_for(maya, noor, hot_stone, stones, order):
    learn(maya, hot_stone)
    with pytest.raises(NotAble, match="Noor doesn't have the skill needed: Hot stone"):
        order(stones, therapist=noor)


def test_staff_cannot_ask_for_who_lacks_the_skill(maya, noor, hot_stone, stones, order):
    learn(maya, hot_stone)
    waiting = order(stones)
    with pytest.raises(NotAble):
        requests.set_request(maya.user, transaction_id=waiting.pk, request=Request(noor.pk))


def test_a_treatment_is_added_only_by_who_has_its_skill(maya, hot_stone, stones, order):
    order()
    called = services.confirm_next(maya)
    services.start_service(maya, transaction_id=called.pk)
    add = {"transaction_id": called.pk, "service_classification_id": stones.pk}
    with pytest.raises(NotAble, match="Maya doesn't have the skill needed: Hot stone"):
        services.add_service(maya, **add)
    assert called.items.count() == 1
    learn(maya, hot_stone)
    needed = services.add_service(maya, **add).skill_set
    assert needed is not None
    assert needed.members == str(hot_stone.pk)
    assert_sound()


def test_a_removed_treatment_needs_its_skill_no_more(maya, hot_stone, stones, hour, order):
    learn(maya, hot_stone)
    order(hour, stones)
    called = services.confirm_next(maya)
    services.start_service(maya, transaction_id=called.pk)
    item = called.items.get(skill=hot_stone)
    assert services.remove_item(maya, transaction_id=called.pk, item_id=item.pk).skill_set is None
    assert_sound()


def test_a_visit_is_handed_over_only_to_who_has_its_skills(maya, noor, hot_stone, stones, order):
    learn(maya, hot_stone)
    order(stones)
    called = services.confirm_next(maya)
    with pytest.raises(NotAble, match="Noor"):
        handover.hand_over(maya.user, transaction_id=called.pk, therapist_id=noor.pk)
    learn(noor, hot_stone)
    handover.hand_over(maya.user, transaction_id=called.pk, therapist_id=noor.pk)


# -- Requests of those who need skills ------------------------------------------------------------


def test_a_request_with_skills_ends_when_the_therapist_clocks_out(
    maya, noor, hot_stone, stones, order
):
    learn(maya, hot_stone)
    learn(noor, hot_stone)
    asked = order(stones, therapist=maya, preference=Preference.ANYONE)
    duty.clock_out(maya)
    assert services.confirm_next(noor) == asked
    assert_sound()


# -- Places, lanes and rules ----------------------------------------------------------------------


def test_a_wait_is_estimated_by_those_who_have_the_skill(
    branch, maya, noor, hot_stone, stones, order, make_transaction
):
    make_transaction(Status.FINISHED)
    learn(maya, hot_stone)
    skilled, plain = order(stones), order()
    duty.therapist_break(maya)
    places = places_in_line({branch.pk: branch.business_date()})
    assert places[skilled.pk]["wait_minutes"] is None
    assert places[plain.pk]["wait_minutes"] is not None


@pytest.mark.parametrize("who", [0, -1, -2, 1, 2**31 - 1])
@pytest.mark.parametrize("skill_set", [0, 1, 2**20])
def test_a_lane_is_read_back_from_its_number(who, skill_set):
    assert Lane.of(Lane(who, skill_set).number) == (who, skill_set)


def test_a_visit_without_the_skills_of_its_items_is_found(maya, hot_stone, stones, order):
    learn(maya, hot_stone)
    skilled = order(stones)
    Transaction.objects.filter(pk=skilled.pk).update(skill_set=None, lane=0)
    [outcome] = skill_rules.rules.run()
    assert outcome.findings == [
        f"visit {skilled.pk}: it needs the skills none, its items {hot_stone.pk}"
    ]


# -- Before ordering ------------------------------------------------------------------------------


def choices(branch, *offers):
    return choices_in(branch, [offer.pk for offer in offers])


def test_whom_one_may_ask_for_has_the_skills_of_the_order(
    branch, maya, noor, hot_stone, stones, hour
):
    learn(maya, hot_stone)
    assert [it["name"] for it in choices(branch, hour)["therapists"]] == ["Maya", "Noor"]
    assert [it["name"] for it in choices(branch, hour, stones)["therapists"]] == ["Maya"]


def test_what_nobody_on_duty_can_do_is_told_before_ordering(branch, maya, noor, hot_stone, stones):
    learn(maya, hot_stone)
    assert choices(branch, stones)["missing_skills"] == []
    duty.clock_out(maya)
    told = choices(branch, stones)
    assert told["missing_skills"] == ["Hot stone"]
    assert told["wait_minutes"] is None


def test_two_who_have_one_skill_each_are_nobody_for_both(
    branch, maya, noor, hot_stone, prenatal, stones, mothers
):
    learn(maya, hot_stone)
    learn(noor, prenatal)
    assert choices(branch, stones, mothers)["missing_skills"] == ["Hot stone", "Prenatal"]


def test_the_wait_before_ordering_is_that_of_who_has_the_skill(
    branch, maya, noor, hot_stone, stones, hour, make_transaction
):
    make_transaction(Status.FINISHED)
    learn(noor, hot_stone)
    make_transaction(Status.IN_SERVICE, therapist=noor)
    assert choices(branch, hour)["wait_minutes"] == (0, 5)
    low, _high = choices(branch, stones)["wait_minutes"]
    assert low > 5


def test_the_page_asks_with_the_chosen_options(client, branch, maya, noor, hot_stone, stones):
    learn(maya, hot_stone)
    address = f"/api/therapists/?branch={branch.slug}"
    asked = client.get(f"{address}&item={stones.pk}&item=&item=x&item={'9' * 30}").json()
    assert [it["name"] for it in asked["therapists"]] == ["Maya"]


def test_an_order_that_needs_no_skill_costs_no_statement_more(
    branch, maya, hot_stone, hour, captured_statements
):
    learn(maya, hot_stone)
    with captured_statements() as statements:
        services.confirm_selection(branch, choices=[Choice(hour.pk)])
        services.confirm_next(maya)
    read = [sql for sql in statements if "skillset" in sql or "accounts_therapistskill" in sql]
    assert read == []


# -- Pages of the administration ------------------------------------------------------------------


@pytest.fixture
def manager(client, maria):
    client.force_login(maria)
    return client


def save_person(manager, therapist, *skills):
    user = therapist.user
    fields = {
        "name": therapist.display_name,
        "username": user.username,
        "branch": user.branch_id,
        "is_active": "on",
        "roles": ["therapist"],
        "own_room": therapist.own_room_id,
        "skills": [skill.pk for skill in skills],
    }
    answer = manager.post(f"/admin/accounts/user/{user.pk}/change/", fields)
    assert answer.status_code == 302, answer.context["adminform"].form.errors


def test_a_manager_ticks_the_skills_of_a_therapist(manager, maya, hot_stone, prenatal):
    save_person(manager, maya, hot_stone)
    assert list(maya.skills.all()) == [hot_stone]
    save_person(manager, maya, prenatal)
    assert list(maya.skills.all()) == [prenatal]
    save_person(manager, maya)
    assert list(maya.skills.all()) == []


def test_changed_skills_are_in_the_list_of_changes(manager, maya, hot_stone):
    save_person(manager, maya, hot_stone)
    [latest, *_others] = manager.get("/admin/changes/").context["entries"]
    assert latest.name == "Maya: Hot stone"
    assert latest.address == f"/admin/accounts/user/{maya.user.pk}/change/"
    assert latest.who == "maria"


def test_a_skill_that_a_treatment_needs_is_taken_out_of_use(
    manager, maya, hot_stone, prenatal, stones, order
):
    asked = manager.get(f"/admin/catalog/skill/{hot_stone.pk}/delete/")
    assert "1 treatment needs Hot stone" in asked.text
    for skill, agreed in ((hot_stone, "confirmed"), (prenatal, "post")):
        manager.post(f"/admin/catalog/skill/{skill.pk}/delete/", {agreed: "yes"})
    assert list(Skill.objects.values_list("name", "active")) == [("Hot stone", False)]
    assert order(stones).skill_set is None
