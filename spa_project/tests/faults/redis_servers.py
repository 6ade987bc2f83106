"""Redis with a replica and a Sentinel, which promotes it."""

import os
from urllib.parse import urlsplit

import redis

from tools.servers import Redis


class Replica(Redis):
    """Replica of another Redis."""

    name = "replica"

    def __init__(self, master: Redis) -> None:
        super().__init__()
        self._master = master

    def command(self) -> list[str]:
        return [*super().command(), "--replicaof", f"{self.place.host} {self._master.port}"]

    def answers(self) -> bool:
        """Return whether it has caught up with its master."""
        if not super().answers():
            return False
        with redis.Redis(host=self.place.host, port=self.port) as client:
            return client.info("replication")["master_link_status"] == "up"


class Sentinel(Redis):
    """Sentinel of one master, which is considered down after half a second."""

    name = "sentinel"

    def __init__(self, master: Redis) -> None:
        super().__init__()
        self._master = master

    def prepare(self) -> None:
        self.config = self.directory / "sentinel.conf"
        self.config.write_text(
            f"port {self.port}\nbind {self.place.host}\nprotected-mode no\ndir {self.directory}\n"
            f"sentinel monitor spa {self.place.host} {self._master.port} 1\n"
            "sentinel down-after-milliseconds spa 500\n"
            "sentinel failover-timeout spa 2000\n"
        )

    def command(self) -> list[str]:
        return [super().command()[0], os.fspath(self.config), "--sentinel"]

    def answers(self) -> bool:
        """Return whether it knows the replica that it may promote."""
        if not super().answers():
            return False
        with redis.Redis(host=self.place.host, port=self.port, decode_responses=True) as client:
            return bool(client.sentinel_slaves("spa"))


def named_master(sentinel_url: str) -> int:
    """Return the port of the master that the Sentinel names."""
    sentinel = urlsplit(f"//{sentinel_url.rpartition(',')[2].rpartition('//')[2]}")
    assert sentinel.hostname
    assert sentinel.port
    with redis.Redis(host=sentinel.hostname, port=sentinel.port) as client:
        return int(client.sentinel_master("spa")["port"])
