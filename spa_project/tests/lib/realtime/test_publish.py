"""Tests of publishing from a process without a hub, such as a management command."""

import asyncio
from typing import Any

import pytest

from spa_project.lib.realtime import relay
from spa_project.lib.realtime.publish import publish_now, publish_to_all

pytestmark = pytest.mark.django_db(transaction=True)

Sent = list[tuple[str, str, asyncio.AbstractEventLoop]]


@pytest.fixture
def sent(monkeypatch) -> Sent:
    """Record what goes to the channel layer, with the event loop: each connects anew."""
    found: Sent = []

    async def take(topic: str, text: str, *, sender: str) -> None:
        found.append((topic, text, asyncio.get_running_loop()))

    layer: Any = object()
    monkeypatch.setattr(relay, "get_channel_layer", lambda: layer)
    monkeypatch.setattr(relay, "send_to_layer", take)
    return found


def test_a_commands_events_for_many_topics_share_one_connection(sent):
    topics = [f"ticket.{number}" for number in range(1000)]
    publish_to_all(topics, "setup_updated", {"version": 7})
    assert [topic for topic, _text, _loop in sent] == topics
    assert {text for _topic, text, _loop in sent} == {
        '{"event": "setup_updated", "data": {"version": 7}}'
    }
    assert len({loop for _topic, _text, loop in sent}) == 1


def test_a_single_event_of_a_command_is_sent_at_once(sent):
    publish_now("board.1", "setup_updated", {"version": 8})
    assert [topic for topic, _text, _loop in sent] == ["board.1"]
