"""Redis without persistence."""

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tools.servers.process import Server, program

# redis-py's default back-off would slow down the readiness check.
AT_ONCE = Retry(NoBackoff(), 0)


class Redis(Server):
    """Redis server that keeps nothing on the disk."""

    name = "redis"

    @property
    def url(self) -> str:
        """Return the value of `REDIS_URL`."""
        return f"redis://{self.place.host}:{self.port}/0"

    def command(self) -> list[str]:
        """Return the command line of Redis in the foreground, in memory only."""
        options = {
            "port": self.port,
            "bind": self.place.host,
            "protected-mode": "no",
            "save": "",
            "appendonly": "no",
            "dir": self.directory,
            "daemonize": "no",
            "repl-diskless-sync-delay": 0,  # a replica is alone: no others to wait for
        }
        pairs = (pair for name, value in options.items() for pair in (f"--{name}", str(value)))
        return [program("redis-server"), *pairs]

    def answers(self) -> bool:
        """Return whether the server answers a ping."""
        try:
            with redis.Redis(host=self.place.host, port=self.port, retry=AT_ONCE) as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False
