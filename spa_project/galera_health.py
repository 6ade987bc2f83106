"""Health of a node of a Galera cluster over HTTP, for HAProxy (deploy/cluster/haproxy.cfg).

python -m spa_project.galera_health --bind 10.0.0.11 --socket /run/mysqld/mysqld.sock --user spa

`/writer` is 200 while the node may take changes, `/reader` while it may be read, and
`/reader-without-quorum` while it has lost the others but can be read; otherwise they are 503 and
say why. An open port proves none of it: a node that has lost the others keeps its port open and
refuses every statement (1047), and a frozen one accepts connections and answers none.

With `--check-settings` it exits with 1 when the node's settings differ from those the queue needs,
and says what to change: the database's unit asks so at its start (mariadb.service.d).
"""

import argparse
import functools
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, NoReturn

import MySQLdb

#: Seconds that the database may take, and between two questions.
ANSWER_SECONDS = 1
#: Seconds that it may take at its start.
START_SECONDS = 10
EVERY_SECONDS = 0.25
_SYNCED, _DONOR = "4", "2"
_STATUS = ("wsrep_cluster_status", "wsrep_local_state", "wsrep_ready")
#: The settings that every node must have, each with its value.
NEEDED = {
    "binlog_format": "ROW",
    "character_set_server": "utf8mb4",
    "default_storage_engine": "InnoDB",
    "innodb_autoinc_lock_mode": "2",
    "tx_isolation": "READ-COMMITTED",
}
_STRICT = "STRICT_TRANS_TABLES"

#: Names and values, as `SHOW GLOBAL STATUS` and `SHOW GLOBAL VARIABLES` give them.
Rows = Mapping[str, str]


class Node(NamedTuple):
    """State of a node: what it says of itself."""

    status: Rows
    variables: Rows


def why_no_reader(node: Node) -> Iterator[str]:
    """Yield why the node may not be read."""
    if node.status.get("wsrep_ready") != "ON":
        yield "not ready: it has not joined the cluster, or has lost it"
    elif node.status.get("wsrep_cluster_status") != "Primary":
        yield "in the minority: the others decide without it"
    elif node.status.get("wsrep_local_state") not in (_SYNCED, _DONOR):
        yield "not up to date yet"
    yield from wrong_settings(node.variables)


def why_not_without_quorum(node: Node) -> Iterator[str]:
    """Yield why the node is not one that has lost the others and can be read all the same."""
    if node.status.get("wsrep_cluster_status") != "non-Primary":
        yield "it has not lost the others: ask /reader"
    yield from wrong_settings(node.variables)


def why_no_writer(node: Node) -> Iterator[str]:
    """Yield why the node may not take changes; a planned switch makes it read-only."""
    yield from why_no_reader(node)
    if node.status.get("wsrep_local_state") == _DONOR:
        yield "it sends its data to another node"
    if node.variables.get("read_only") != "OFF":
        yield "read-only"


def wrong_settings(variables: Rows) -> Iterator[str]:
    """Yield what to change in the configuration of the node."""
    for name, value in NEEDED.items():
        if variables.get(name) != value:
            option = name.replace("tx_", "transaction_")
            yield f"set {option} = {value} in its configuration; it is {variables.get(name)}"
    if _STRICT not in variables.get("sql_mode", "").split(","):
        yield f"set sql_mode = {_STRICT} in its configuration"


_JUDGES = {
    "/writer": why_no_writer,
    "/reader": why_no_reader,
    "/reader-without-quorum": why_not_without_quorum,
}


class Watch:
    """The newest state of a node, which a thread of its own asks for all the time.

    So an answer to HAProxy costs the database nothing, and waits for none that is frozen.
    """

    def __init__(self, address: Mapping[str, str | int]) -> None:
        self._address = address
        #: The newest answer, or why there is none, and when it was asked for.
        self._newest: tuple[Node | str, float] = ("not asked yet", 0.0)

    def run(self) -> NoReturn:
        """Ask the database again and again, over one connection while it lasts."""
        while True:
            try:
                self._follow(_connect(self._address))
            except MySQLdb.Error as error:
                self._newest = (f"the database does not answer: {error}", time.monotonic())
            time.sleep(EVERY_SECONDS)

    def answer(self, path: str) -> tuple[int, str]:
        """Return the status code and the sentence for a path."""
        if path not in _JUDGES:
            return 404, f"ask one of {', '.join(_JUDGES)}"
        node, asked_at = self._newest
        if isinstance(node, str):
            return 503, node
        if time.monotonic() - asked_at > ANSWER_SECONDS:
            return 503, f"the database has not answered for {ANSWER_SECONDS} s"
        reasons = "; ".join(_JUDGES[path](node))
        return (503, reasons) if reasons else (200, "ok")

    def _follow(self, connection: MySQLdb.Connection) -> None:
        try:
            while True:
                asked_at = time.monotonic()
                self._newest = (state_of(connection), asked_at)
                time.sleep(EVERY_SECONDS)
        finally:
            connection.close()


def _connect(address: Mapping[str, str | int], seconds: int = ANSWER_SECONDS) -> MySQLdb.Connection:
    limits = dict.fromkeys(("connect_timeout", "read_timeout", "write_timeout"), seconds)
    return MySQLdb.connect(**address, **limits)


def state_of(connection: MySQLdb.Connection) -> Node:
    """Return what the node says of itself."""
    return Node(
        _rows(connection, "STATUS", _STATUS),
        _rows(connection, "VARIABLES", (*NEEDED, "read_only", "sql_mode")),
    )


def _rows(connection: MySQLdb.Connection, kind: str, names: tuple[str, ...]) -> Rows:
    """Return some of the rows of SHOW, which a node answers also while it refuses SELECT."""
    wanted = ", ".join(f"'{name}'" for name in names)
    cursor = connection.cursor()
    cursor.execute(f"SHOW GLOBAL {kind} WHERE Variable_name IN ({wanted})")
    return {name.lower(): value for name, value in cursor.fetchall()}


class _Handler(BaseHTTPRequestHandler):
    """Request of HAProxy."""

    timeout = 5

    def __init__(self, watch: Watch, *arguments: Any) -> None:
        self._watch = watch
        super().__init__(*arguments)

    def do_GET(self) -> None:
        """Answer from the node's state."""
        status, sentence = self._watch.answer(self.path)
        body = f"{sentence}\n".encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Log nothing: each HAProxy asks twice a second."""


class _Server(ThreadingHTTPServer):
    """Server on which one who asks slowly delays no other."""

    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore one who has not waited for the answer."""


def refusal_of(address: Mapping[str, str | int]) -> str:
    """Return why the node must not start, each reason on a line; empty where it may.

    A node that is still joining tells its settings, too.
    """
    try:
        connection = _connect(address, START_SECONDS)
        try:
            return "\n".join(wrong_settings(state_of(connection).variables))
        finally:
            connection.close()
    except MySQLdb.Error as error:
        return f"the database does not answer: {error}"


def main() -> None:
    """Serve until killed, or check the settings once."""
    parser = argparse.ArgumentParser(description="Health of a node of a Galera cluster.")
    parser.add_argument("--bind", default="127.0.0.1", metavar="ADDRESS")
    parser.add_argument("--port", type=int, default=9200)
    parser.add_argument("--socket", required=True, metavar="PATH", help="of the database")
    parser.add_argument("--user", required=True, help="of the database, without a password there")
    parser.add_argument("--check-settings", action="store_true", help="and exit; serve nothing")
    options = parser.parse_args()
    address = {"unix_socket": options.socket, "user": options.user}
    if options.check_settings:
        sys.exit(refusal_of(address) or 0)
    watch = Watch(address)
    threading.Thread(target=watch.run, daemon=True).start()
    _Server((options.bind, options.port), functools.partial(_Handler, watch)).serve_forever()


if __name__ == "__main__":
    main()
