"""Tests of the client address and the rate limits."""

from collections.abc import Iterator
from contextlib import suppress

import pytest
import time_machine
from django.test import RequestFactory
from limits import RateLimitItemPerMinute

from conftest import open_socket
from queueing.models import Transaction
from queueing.services import add_service
from queueing.states import Status
from spa_project.lib.client_address import client_address, rate_limit_key
from spa_project.lib.errors import Invalid, RateLimited
from spa_project.lib.rate_limits import REMEMBERED, Limit, SharedWindow, open_sockets
from tools.servers import Redis


def both(forwarded: str | None) -> set[str]:
    """Return the address of the same request as HTTP and as a socket's scope."""
    headers = {} if forwarded is None else {"x-forwarded-for": forwarded}
    request = RequestFactory().get("/", headers=headers, REMOTE_ADDR="10.0.0.9")
    pairs = [] if forwarded is None else [(b"x-forwarded-for", forwarded.encode())]
    return {
        client_address(request),
        client_address({"client": ("10.0.0.9", 4711), "headers": pairs}),
    }


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, None, "10.0.0.9"),
        (0, "1.2.3.4", "10.0.0.9"),
        (1, None, "10.0.0.9"),
        (1, "203.0.113.7", "203.0.113.7"),
        (1, "1.2.3.4, 203.0.113.7", "203.0.113.7"),
        (2, "1.2.3.4, 203.0.113.7, 10.0.0.1", "203.0.113.7"),
        (2, "203.0.113.7", "10.0.0.9"),
        (1, "2001:DB8::7", "2001:db8::7"),
        (1, "<script>", "10.0.0.9"),
        (1, "", "10.0.0.9"),
    ],
)
def test_only_our_proxies_say_where_a_request_comes_from(settings, proxies, forwarded, address):
    settings.TRUSTED_PROXIES = proxies
    assert both(forwarded) == {address}


def test_a_unix_socket_has_no_address():
    assert client_address({"client": None, "headers": []}) == ""


# -- Rates ----------------------------------------------------------------------------------------

ORDER = "/api/commands/customer_confirm_selection/"


def order(client, offer, **headers):
    body = {"items": [{"service_classification_id": offer.pk}]}
    return client.post(ORDER, body, content_type="application/json", **headers)


def test_a_limit_says_when_to_come_back(settings):
    settings.ORDERS_PER_MINUTE = 2
    limit = Limit("ORDERS_PER_MINUTE")
    limit.hit("10.0.0.1")
    limit.hit("10.0.0.1")
    with pytest.raises(RateLimited) as refusal:
        limit.hit("10.0.0.1")
    assert refusal.value.as_reply()["retry_after"] == 60, "when the oldest leaves the window"
    limit.hit("10.0.0.2")


def test_a_limit_lets_through_again_with_time(settings):
    settings.ORDERS_PER_MINUTE = 1
    limit = Limit("ORDERS_PER_MINUTE")
    with time_machine.travel(1_000_000_000, tick=False) as clock:
        limit.hit("10.0.0.1")
        clock.shift(59)
        with pytest.raises(RateLimited) as refusal:
            limit.hit("10.0.0.1")
        assert refusal.value.retry_after == 1
        clock.shift(1.1)
        limit.hit("10.0.0.1")


def test_no_minute_has_more_than_the_limit_wherever_it_begins(settings):
    settings.ORDERS_PER_MINUTE = 3
    limit, passed = Limit("ORDERS_PER_MINUTE"), []
    with time_machine.travel(1_000_000_000, tick=False) as clock:
        for second in range(240):
            with suppress(RateLimited):
                limit.hit("10.0.0.1")
                passed.append(second)
            clock.shift(1)
    assert len(passed) >= 3 * 3
    assert all(later - first >= 60 for first, later in zip(passed, passed[3:], strict=False))


def test_a_limit_remembers_so_many_and_no_more():
    limit = Limit("REQUESTS_PER_MINUTE")
    for number in range(REMEMBERED + 2_000):
        limit.hit(f"10.0.1.{number}")
    assert limit.remembered == REMEMBERED


def test_an_address_in_use_is_not_forgotten_for_new_ones(settings, monkeypatch):
    monkeypatch.setattr("spa_project.lib.rate_limits.REMEMBERED", 50)
    settings.ORDERS_PER_MINUTE = 1
    limit = Limit("ORDERS_PER_MINUTE")
    limit.hit("10.0.0.1")
    for number in range(200):
        limit.hit(f"10.0.1.{number}")
        with pytest.raises(RateLimited):
            limit.hit("10.0.0.1")


def test_a_limit_of_zero_refuses_everybody(settings):
    settings.ORDERS_PER_MINUTE = 0
    with pytest.raises(RateLimited):
        Limit("ORDERS_PER_MINUTE").hit("10.0.0.1")


def test_a_home_counts_as_one():
    assert rate_limit_key("2001:db8:1:2::7") == rate_limit_key("2001:db8:1:2:ffff::9")
    assert rate_limit_key("2001:db8:1:2::7") != rate_limit_key("2001:db8:1:3::7")
    assert rate_limit_key("10.0.0.1") != rate_limit_key("10.0.0.2")
    assert rate_limit_key("fe80::1%eth0") == "fe80::/64"


def test_a_kiosk_confirms_so_often_and_is_then_asked_to_wait(client, branch, hour, settings):
    settings.ORDERS_PER_MINUTE = 2
    assert [order(client, hour).status_code for _each in range(3)] == [200, 200, 429]
    refused = order(client, hour)
    assert refused["Retry-After"] == str(refused.json()["retry_after"])
    assert refused.json()["code"] == "rate_limited"
    assert Transaction.objects.count() == 2
    assert order(client, hour, REMOTE_ADDR="10.9.9.9").status_code == 200


def test_an_order_that_was_not_understood_does_not_count(client, branch, hour, settings):
    settings.ORDERS_PER_MINUTE = 1
    for _each in range(3):
        assert client.post(ORDER, "{}", content_type="application/json").status_code == 400
    assert order(client, hour).status_code == 200


def test_a_client_cannot_make_up_where_it_comes_from(client, branch, hour, settings):
    settings.ORDERS_PER_MINUTE = 1
    statuses = [
        order(client, hour, headers={"x-forwarded-for": f"198.51.100.{number}"}).status_code
        for number in range(2)
    ]
    assert statuses == [200, 429]


def test_a_persons_commands_are_counted_wherever_they_come_from(client, maya, settings):
    settings.COMMANDS_PER_MINUTE = 2
    client.force_login(maya.user)
    statuses = [
        client.post(
            "/api/commands/therapist_confirm_next/",
            {},
            content_type="application/json",
            REMOTE_ADDR=f"10.0.0.{number}",
        ).status_code
        for number in range(3)
    ]
    assert statuses == [409, 409, 429]


@pytest.mark.parametrize("path", ["/", "/api/menu/"])
def test_requests_of_an_address_are_counted(client, branch, settings, path):
    settings.REQUESTS_PER_MINUTE = 1
    assert client.get(path).status_code == 200
    refused = client.get(path)
    assert (refused.status_code, refused["Retry-After"]) == (429, "60")
    assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize("path", ["/accounts/login/", "/admin/login/"])
def test_logins_of_an_address_are_counted_whoever_they_are_for(client, db, settings, path):
    settings.LOGINS_PER_MINUTE = 1
    statuses = [
        client.post(path, {"username": name, "password": "wrong"}).status_code
        for name in ("maya", "noor")
    ]
    assert statuses == [200, 429]
    assert client.get(path).status_code == 200


def test_load_tests_lift_the_limits(client, branch, hour, settings):
    settings.RATE_LIMITS = False
    settings.ORDERS_PER_MINUTE = settings.REQUESTS_PER_MINUTE = 1
    assert [order(client, hour).status_code for _each in range(3)] == [200] * 3


def test_a_body_that_says_it_is_too_big_is_not_read(client, branch):
    response = client.post("/accounts/login/", {"username": "x" * 70_000})
    assert response.status_code == 400
    assert b"Reload the page and try again" in response.content


def test_a_list_holds_so_many_services(maya, make_transaction, hour, settings):
    settings.ITEMS_PER_TRANSACTION = 2
    treated = make_transaction(Status.IN_SERVICE)
    add = {"transaction_id": treated.pk, "service_classification_id": hour.pk}
    add_service(maya, **add)
    with pytest.raises(Invalid):
        add_service(maya, **add)
    assert treated.items.count() == 2


# -- Sockets ------------------------------------------------------------------------------------


@pytest.mark.asyncio
@pytest.mark.django_db(transaction=True)
async def test_an_address_opens_so_many_sockets(branch, settings):
    settings.SOCKETS_PER_ADDRESS = 1
    async with open_socket("/ws/board/?branch=makati") as first:
        await first.hear("snapshot")
        async with open_socket("/ws/board/?branch=makati") as second:
            assert await second.close_code() == 4429
    assert open_sockets[""] == 0
    async with open_socket("/ws/board/?branch=makati") as third:
        await third.hear("snapshot")


@pytest.mark.asyncio
@pytest.mark.django_db(transaction=True)
async def test_who_opens_sockets_all_the_time_is_sent_away(branch, settings):
    settings.REQUESTS_PER_MINUTE = 1
    async with open_socket("/ws/board/?branch=makati") as first:
        await first.hear("snapshot")
    async with open_socket("/ws/board/?branch=makati") as second:
        assert await second.close_code() == 4429


@pytest.mark.asyncio
@pytest.mark.django_db(transaction=True)
async def test_a_socket_is_told_how_long_to_wait(branch, hour, settings):
    settings.ORDERS_PER_MINUTE = 1
    items = [{"service_classification_id": hour.pk}]
    async with open_socket("/ws/customer/?branch=makati") as socket:
        assert (await socket.ask("customer_confirm_selection", items=items))["ok"]
        reply = await socket.ask("customer_confirm_selection", items=items)
        assert (reply["code"], reply["retry_after"]) == ("rate_limited", 60)


# -- Several processes --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def broker() -> Iterator[Redis]:
    with Redis() as broker:
        yield broker


@pytest.mark.servers
def test_processes_count_together_through_redis(broker):
    one, two = SharedWindow(broker.url), SharedWindow(broker.url)
    with time_machine.travel(1_000_000_000, tick=False):
        for window in (one, two):
            window.hit(RateLimitItemPerMinute(2), "orders", "10.0.0.1")
        with pytest.raises(RateLimited) as refusal:
            one.hit(RateLimitItemPerMinute(2), "orders", "10.0.0.1")
    assert refusal.value.retry_after == 60


@pytest.mark.servers
def test_without_redis_each_process_goes_on_by_itself(broker, settings, caplog, monkeypatch):
    settings.REDIS_URL, settings.ORDERS_PER_MINUTE = broker.url, 2
    window = SharedWindow(broker.url)
    monkeypatch.setattr("spa_project.lib.rate_limits.shared_window", lambda: window)
    limit = Limit("ORDERS_PER_MINUTE", shared=True)
    limit.hit("10.0.0.1")
    broker.kill()
    limit.hit("10.0.0.1")
    with pytest.raises(RateLimited):
        limit.hit("10.0.0.1")
    limit.hit("10.0.0.2")
    assert [record.levelname for record in caplog.records] == ["WARNING"], "asked once, then let be"
