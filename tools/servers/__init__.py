"""Private servers for tests: MariaDB or MySQL, Redis and the application, each a real process.

They listen on free loopback ports, keep their files in temporary directories and end with the block
that started them. `__main__.py` runs them for one command of a shell.
"""

from tools.servers.app import AppServer, Web, open_spa, reset_spa, serving
from tools.servers.mariadb import MariaDB
from tools.servers.migrated import migrate
from tools.servers.mysql import database_server
from tools.servers.network import Namespace, Network, why_no_network
from tools.servers.process import (
    HOST,
    PROJECT,
    Place,
    Server,
    ServerFailed,
    free_port,
    program,
    run_quietly,
)
from tools.servers.redis import Redis

__all__ = [
    "HOST",
    "PROJECT",
    "AppServer",
    "MariaDB",
    "Namespace",
    "Network",
    "Place",
    "Redis",
    "Server",
    "ServerFailed",
    "Web",
    "database_server",
    "free_port",
    "migrate",
    "open_spa",
    "program",
    "reset_spa",
    "run_quietly",
    "serving",
    "why_no_network",
]
