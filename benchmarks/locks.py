"""Command that waits for a locked row, over and over."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from urllib.parse import urlsplit

import MySQLdb

from benchmarks.peers.servers import Side
from benchmarks.sockets import Address, connect
from benchmarks.stage import Stage
from tools.servers import HOST


@contextmanager
def waiting_for_a_lock(stage: Stage, side: Side, seconds: float) -> Iterator[None]:
    """Let a therapist claim the next customer while their row is locked, inside the block."""
    from accounts.models import Therapist

    person = Therapist.objects.select_related("user").order_by("pk")[0]
    address = Address(side.port, "/ws/therapist/", stage.cookie(person.user.username))
    enough = threading.Event()

    def work() -> None:
        with closing(_connection(stage)) as connection:
            asyncio.run(_wait_again_and_again(connection, person.pk, address, seconds, enough))

    thread = threading.Thread(target=work)
    thread.start()
    yield
    enough.set()
    thread.join()


async def _wait_again_and_again(
    connection: MySQLdb.Connection,
    therapist_id: int,
    address: Address,
    seconds: float,
    enough: threading.Event,
) -> None:
    socket = await connect(address)
    cursor = connection.cursor()
    while not enough.is_set():
        cursor.execute("SELECT 1 FROM accounts_therapist WHERE id = %s FOR UPDATE", [therapist_id])
        answer = asyncio.create_task(socket.ask("therapist_confirm_next"))
        await asyncio.sleep(seconds)
        assert not answer.done(), "the command did not wait"
        connection.rollback()
        await answer
    socket.cut()


def _connection(stage: Stage) -> MySQLdb.Connection:
    server = urlsplit(stage.database_url)
    return MySQLdb.connect(host=HOST, port=server.port, user="spa", password="spa", database="spa")
