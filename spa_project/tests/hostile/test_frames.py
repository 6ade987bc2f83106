"""B1: frames of any kind: each is answered or closes the socket, and none changes anything."""

import json
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from hypothesis import HealthCheck, given
from hypothesis import settings as tries
from hypothesis import strategies as st

from conftest import Socket, open_socket
from spa_project.lib.commands import REGISTRY
from spa_project.tests.hostile.changes import changed_since, digest, writes
from spa_project.tests.hostile.clients import use_the_tests_thread
from spa_project.tests.hostile.visits import Asker
from spa_project.tests.hostile.volume import volume

pytestmark = pytest.mark.django_db
FRAMES_A_SOCKET = 4

names = st.sampled_from(sorted(REGISTRY)) | st.text(max_size=70)
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(alphabet=st.characters(codec=None), max_size=40)
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner),
    max_leaves=8,
)
#: Ids of other people's rows, and bad data: none of these may succeed.
messages = st.fixed_dictionaries(
    {"command": names}, optional={"id": values, "data": values, "__proto__": values}
).map(json.dumps)
whole = messages | values.map(json.dumps) | st.text(max_size=60)
cut_off = st.builds(lambda text, at: text[: len(text) * at // 100], whole, st.integers(0, 99))
odd = st.sampled_from(
    [
        "\x00",
        "\ufeff{}",
        "[" * 100_000,
        '{"a":' * 3_000,
        '{"command": "\\ud800"}',
        '{"command": "snapshot", "command": 1}',
        '{"command": "snapshot", "id": ' + "9" * 5_000 + "}",
        '{"command": "snapshot", "id": 1e999}',
        '{"command": "__class__", "data": {"__proto__": {"ok": true}}}',
        '{"command": "undo", "data": {"transaction_id": NaN}}',
        "x" * 16_385,
        "é" * 9_000,
        b"\x00\xff",
        b'{"command": "snapshot"}',
    ]
)
frames = (odd | whole | cut_off).filter(bool)  # an empty one: test_sizes.py


@pytest.fixture
def before(floor) -> dict[str, str]:
    """Return the digests of all tables."""
    return digest()


@pytest.mark.slow
@tries(
    max_examples=volume(125, 5_000),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    print_blob=True,
    database=None,
)
@given(sent=st.lists(frames, min_size=FRAMES_A_SOCKET, max_size=FRAMES_A_SOCKET))
@pytest.mark.parametrize("path", ["/ws/customer/?branch=makati", "/ws/monitor/"])
def test_any_frame_is_answered_or_closes(floor, before, monkeypatch, caplog, path, sent):
    use_the_tests_thread(monkeypatch)
    monkeypatch.setattr(
        "accounts.login_life.EXTEND_AFTER", timedelta.max
    )  # a write that no frame causes
    headers = {"authorization": f"Bearer {floor.tokens[Asker.MANAGER]}"}
    with writes() as written:
        heard = async_to_sync(_send_all)(path, headers, sent)
    assert [message for message in heard if message.get("ok")] == []
    assert not written or changed_since(before) == []
    assert [record for record in caplog.records if record.exc_info] == []


async def _send_all(
    path: str, headers: dict[str, str], sent: list[str | bytes]
) -> list[dict[str, Any]]:
    """Send frames; return the answers until the socket is closed."""
    heard = []
    async with open_socket(path, headers=headers) as socket:
        await socket.hear("snapshot")
        for frame in sent:
            await _send(socket, frame)
            answer = await socket.hear_or_end()
            if isinstance(answer, int):
                assert answer in (4400, 1009)
                break
            heard.append(answer)
    return heard


async def _send(socket: Socket, frame: str | bytes) -> None:
    await (socket.send(frame) if isinstance(frame, str) else socket.send_bytes(frame))
