"""The configuration of Redis: one server, or Sentinels with failover."""

import socket
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

if TYPE_CHECKING:
    import redis

SENTINEL_SCHEME = "redis+sentinel"
SENTINEL_PORT = 26379

#: Seconds. By default Redis's client would wait for a dead server forever.
TIMEOUTS: dict[str, Any] = {
    "socket_connect_timeout": 3,
    "socket_timeout": 3,
    "socket_keepalive": True,
    "health_check_interval": 10,
}
# A server that vanished without closing the connection (power, cable) does not answer the health
# check.
if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
    TIMEOUTS["socket_keepalive_options"] = {socket.TCP_USER_TIMEOUT: 15_000}


def channel_layers(url: str) -> dict[str, Any]:
    """Return the setting `CHANNEL_LAYERS` for a `REDIS_URL`, none for an empty one.

    Besides the schemes of redis-py (`redis://`, `rediss://`, `unix://`) there is
    `redis+sentinel://user:password@host:26379,host:26379/master/0`. Raises `ImproperlyConfigured`.
    """
    if not url:
        return {}
    parts = urlsplit(url)
    host = _by_sentinels(parts) if parts.scheme == SENTINEL_SCHEME else {"address": url}
    layer = "channels_redis.pubsub.RedisPubSubChannelLayer"
    return {"default": {"BACKEND": layer, "CONFIG": {"hosts": [host | TIMEOUTS]}}}


def client_of(url: str, **options: Any) -> "redis.Redis":
    """Return a synchronous client with redis-py's own options, which connects when first used."""
    # Imported here: the embedded default has neither Redis nor its client.
    import redis
    from redis import sentinel

    parts = urlsplit(url)
    if parts.scheme != SENTINEL_SCHEME:
        return redis.Redis.from_url(url, **options)
    found = _by_sentinels(parts)
    del found["sentinel_kwargs"]
    open_sentinel: Any = sentinel.Sentinel  # redis-py brings no types for it
    watch = open_sentinel(found.pop("sentinels"), sentinel_kwargs=options)
    master: redis.Redis = watch.master_for(found.pop("master_name"), **found, **options)
    return master


def _by_sentinels(parts: SplitResult) -> dict[str, Any]:
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff

    # A Sentinel that hangs is not asked again: the next one knows as well.
    once = {"socket_connect_timeout": 1, "socket_timeout": 1, "retry": Retry(NoBackoff(), 0)}
    login, _at, hosts = parts.netloc.rpartition("@")
    username, _colon, password = login.partition(":")
    master, _slash, database = parts.path.strip("/").partition("/")
    if not (hosts and master):
        raise ImproperlyConfigured(f"{SENTINEL_SCHEME}://host:port,host:port/master is expected.")
    return {
        "sentinels": [_address(host) for host in hosts.split(",")],
        "master_name": master,
        "sentinel_kwargs": TIMEOUTS | once,
        "username": unquote(username) or None,
        "password": unquote(password) or None,
        "db": int(database or 0),
    }


def _address(host: str) -> tuple[str, int]:
    name, _colon, port = host.partition(":")
    return name, int(port or SENTINEL_PORT)
