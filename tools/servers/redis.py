"""Redis, which forgets everything when it ends."""

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tools.servers.process import HOST, Server, program

# redis-py by itself waits longer and longer between its tries.
AT_ONCE = Retry(NoBackoff(), 0)


class Redis(Server):
    """A Redis server that keeps nothing on the disk."""

    name = "redis"

    @property
    def url(self) -> str:
        """What `REDIS_URL` takes."""
        return f"redis://{HOST}:{self.port}/0"

    def command(self) -> list[str]:
        """Redis in the foreground, in memory only."""
        options = {
            "port": self.port,
            "bind": HOST,
            "save": "",
            "appendonly": "no",
            "dir": self.directory,
            "daemonize": "no",
        }
        pairs = (pair for name, value in options.items() for pair in (f"--{name}", str(value)))
        return [program("redis-server"), *pairs]

    def answers(self) -> bool:
        """Whether it answers a ping."""
        try:
            with redis.Redis(host=HOST, port=self.port, retry=AT_ONCE) as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False
