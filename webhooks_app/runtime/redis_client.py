"""How is Redis reached? By a URL (`redis:// rediss:// unix://`) or through Sentinel, with short patience.

`redis+sentinel://[:password@]host:port[,host:port…]/service[/db]` names a master that Sentinel knows.
"""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from redis.sentinel import MasterNotFoundError, Sentinel

# The library's own patience is 5 s a try and several tries: a hanging Redis would hang every page.
SHORT_SECONDS = 0.5
# Above the 105 seconds for which RQ waits for a job: without an end, a server that vanished without a word (a cut
# line, a firewall that forgot us) would keep its worker waiting for ever.
PATIENT_SECONDS = 120.0


def quick_client(url: str) -> Redis:
    """A client that answers or fails within half a second, without retries; for callers who must not wait."""
    return _client(url, timeout=SHORT_SECONDS, retries=0)


def patient_client(url: str) -> Redis:
    """A client for a worker's blocking reads: two minutes' patience, one quick retry."""
    return _client(url, timeout=PATIENT_SECONDS, retries=1)


def said(error: Exception) -> str:
    """What an error of Redis says, for a line of the log or an answer."""
    if isinstance(error, MasterNotFoundError):
        # What follows are the library's own objects, one a Sentinel.
        return f"{str(error).partition(' : ')[0]} by any Sentinel of REDIS_URL"
    return str(error).rstrip(".") or type(error).__name__


def _client(url: str, *, timeout: float, retries: int) -> Redis:
    options = {
        "socket_timeout": timeout,
        "socket_connect_timeout": SHORT_SECONDS,
        "socket_keepalive": True,
        "retry": Retry(NoBackoff(), retries),
    }
    if url.startswith("redis+sentinel://"):
        return _through_sentinel(url, **options)
    if url.startswith("unix://"):
        del options["socket_connect_timeout"], options["socket_keepalive"]  # a socket file knows neither
    return Redis.from_url(url, **options)


def _through_sentinel(url: str, **options: object) -> Redis:
    parts = urlsplit(url)
    hosts = parts.netloc.rpartition("@")[2]
    places = [
        (host, int(port or 26379)) for host, _, port in (one.partition(":") for one in hosts.split(","))
    ]
    service, _, database = parts.path.strip("/").partition("/")
    password = unquote(parts.netloc.rpartition("@")[0].rpartition(":")[2]) or None
    sentinel = Sentinel(  # type: ignore[no-untyped-call]  # redis-py has no types here
        places, sentinel_kwargs={"socket_timeout": SHORT_SECONDS}, password=password
    )
    master: Redis = sentinel.master_for(  # type: ignore[no-untyped-call]  # nor here
        service or "mymaster", db=int(database or 0), **options
    )
    return master
