"""Tests of reports on a MariaDB replica that keeps up, stops, and is killed."""

import re
import secrets
import urllib.request
from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from typing import NamedTuple
from urllib.error import HTTPError

import pytest

from spa_project.tests.concurrency import wait_until
from tools.faults.people import ask
from tools.screens.spa import Person, begun, pays, treated
from tools.servers import HOST, AppServer, MariaDB, Redis, open_spa
from tools.servers.clients import PASSWORD, Floor

pytestmark = pytest.mark.servers


class Shown(NamedTuple):
    """What a page says of its source, and its total where it has one."""

    state: str
    words: str
    total: Decimal


class Pair(NamedTuple):
    """A replica, and two processes: one takes it however old it is, one hardly ever."""

    primary: MariaDB
    replica: MariaDB
    patient: AppServer
    strict: AppServer

    def pays(self) -> Decimal:
        """Serve a customer until they have paid; return the amount."""
        floor = Floor(self.patient, self.patient)
        visit = treated(floor, "therapist1")
        pays(floor, visit["code"])
        return Decimal(visit["total_amount"])


@pytest.fixture(scope="module")
def pair(tmp_path_factory) -> Iterator[Pair]:
    with (
        MariaDB("--log-bin", "--server-id=1") as primary,
        MariaDB("--server-id=2", "--read-only") as replica,
        Redis() as broker,
    ):
        replica.ask(
            f"CHANGE MASTER TO MASTER_HOST='{HOST}', MASTER_PORT={primary.port}, "
            "MASTER_USER='spa', MASTER_PASSWORD='spa', MASTER_USE_GTID=slave_pos"
        )
        replica.ask("START SLAVE")
        settings = {
            "DATABASE_URL": primary.url,
            "REDIS_URL": broker.url,
            "SECRET_KEY": secrets.token_urlsafe(45),
            "STATIC_ROOT": str(tmp_path_factory.mktemp("static")),
            "RATE_LIMITS": "off",
        }
        open_spa("--password", PASSWORD, **settings)
        settings["REPORTS_DATABASE_URL"] = replica.url
        with (
            AppServer(**settings, REPORTS_MAX_AGE="3600") as patient,
            AppServer(**settings, REPORTS_MAX_AGE="0") as strict,
        ):
            yield Pair(primary, replica, patient, strict)


@pytest.fixture(scope="module")
def managers(pair) -> dict[AppServer, Person]:
    return {each: Person(each, "manager1") for each in (pair.patient, pair.strict)}


@pytest.fixture
def page(managers):
    """Return a function that reads a page of one process."""

    def read(server: AppServer, path: str = "/reports/") -> Shown:
        cookie = {"Cookie": managers[server].cookie}
        request = urllib.request.Request(server.url + path, headers=cookie)
        with urllib.request.urlopen(request) as answer:
            html = answer.read().decode()
        source = re.search(
            r'data-testid="report-source" data-state="(\w+)">(.*?)</p>', html, re.DOTALL
        )
        total = re.search(r'data-testid="report-total">\D*([\d,.]+)', html)
        assert source, html
        words = " ".join(re.sub(r"<[^>]*>", " ", source[2]).split())
        return Shown(source[1], words, Decimal(total[1].replace(",", "")) if total else Decimal(0))

    return read


@pytest.fixture
def in_step(pair, page) -> Decimal:
    """Wait until the replica has everything; return the takings of the day so far."""
    wait_until(lambda: page(pair.strict).words == "Up to date.", "the replica catches up")
    shown = page(pair.strict)
    assert shown.state == "replica"
    return shown.total


def test_reports_show_what_has_reached_the_replica(pair, page, in_step):
    paid = pair.pays()
    wait_until(
        lambda: page(pair.patient).total == in_step + paid, "the payment reaches the replica"
    )
    assert page(pair.patient).state == "replica"


def test_a_replica_that_has_stopped_is_read_until_it_is_too_old(pair, page, in_step):
    pair.replica.ask("STOP SLAVE")
    try:
        paid = pair.pays()
        assert page(pair.patient)[::2] == ("replica", in_step)
        wait_until(
            lambda: re.fullmatch(r"[1-9]\d* s behind\.", page(pair.patient).words) is not None,
            "the page says how old its data is",
        )
        assert page(pair.strict)[::2] == ("late", in_step + paid)
        assert "come from the main database" in page(pair.strict).words
        therapist = {server: Person(server, "therapist1") for server in (pair.strict, pair.patient)}
        late, now = (therapist[each].reads("/api/days/therapist/") for each in therapist)
        assert (late["seconds_behind"], now["seconds_behind"] > 0) == (0, True)
        assert late["customers"] == now["customers"] + 1
        for name in ("queueing/transaction", "payments/payment"):
            assert page(pair.strict, f"/admin/{name}/").state == "late"
            assert page(pair.patient, f"/admin/{name}/").state == "replica"
    finally:
        pair.replica.ask("START SLAVE")


def test_claims_and_snapshots_never_wait_for_the_replica(pair, in_step):
    pair.replica.ask("STOP SLAVE")
    try:
        therapist = Person(pair.strict, "therapist2")
        visit = begun(Floor(pair.patient, pair.patient), therapist)
        assert visit["id"] in [each["id"] for each in therapist.sees()]
        therapist.does("therapist_finish_service", transaction_id=visit["id"])
        day = therapist.reads("/api/days/therapist/")
        assert visit["id"] in [each["id"] for each in day["transactions"]]
    finally:
        pair.replica.ask("START SLAVE")


def test_the_primary_is_read_while_the_replica_is_dead(pair, page, in_step):
    pair.replica.kill()
    try:
        paid = pair.pays()
        for server in (pair.patient, pair.strict):
            assert page(server)[::2] == ("unreachable", in_step + paid)
            assert page(server, "/admin/payments/payment/").state == "unreachable"
        assert "can't be reached" in page(pair.patient).words.replace("&#x27;", "'")
    finally:
        pair.replica.start()
    wait_until(lambda: page(pair.strict).state == "replica", "the replica is back")
    assert page(pair.strict).total == in_step + paid


def answers(page, server: AppServer) -> bool:
    """Return whether a page is answered; the first after a loss meets a connection that is dead."""
    try:
        page(server)
    except HTTPError as refusal:
        return refusal.code != 503
    return True


def test_reports_are_read_and_commands_busy_while_the_primary_is_dead(pair, page, in_step):
    therapist = Person(pair.patient, "therapist1")
    customers = therapist.reads("/api/days/therapist/")["customers"]
    pair.primary.kill()
    try:
        for server in (pair.patient, pair.strict):
            wait_until(partial(answers, page, server), "the loss of the primary is noticed")
            shown = page(server)
            assert shown[::2] == ("no_primary", in_step)
            assert re.search(r"Newest entry: \d+ s ago\.$", shown.words)
        assert therapist.reads("/api/days/therapist/")["customers"] == customers
        assert ask(pair.patient, "therapist_confirm_next", therapist.cookie)["code"] == "busy"
        with pytest.raises(HTTPError, match="503"):
            therapist.reads("/api/snapshots/therapist/")
    finally:
        pair.primary.start()
        pair.replica.ask("STOP SLAVE")
        pair.replica.ask("START SLAVE")
    wait_until(lambda: page(pair.strict).state == "replica", "the primary is back")
