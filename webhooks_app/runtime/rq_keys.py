"""Are the keys that RQ needs what RQ takes them for?

Whoever may write to Redis could otherwise stop every delivery with one string where a set is wanted: RQ stops at the
error, and meets it again each time. Such a key is deleted; what it held is in the database, and the sweep queues it.
"""

from __future__ import annotations

import logging

from redis import Redis

from webhooks_app.engine.queue_facts import DELIVERIES, SLOW

log = logging.getLogger("webhooks_app.worker")

_OF_ALL = {"rq:workers": b"set", "rq:queues": b"set"}
_OF_A_QUEUE = {
    "rq:queue:{}": b"list",
    "rq:queue:{}:intermediate": b"list",
    "rq:workers:{}": b"set",
    **dict.fromkeys(
        (
            f"rq:{registry}:{{}}"
            for registry in ("wip", "failed", "finished", "deferred", "ready", "scheduled", "canceled")
        ),
        b"zset",
    ),
}
KEYS = _OF_ALL | {
    key.format(queue): kind for queue in (DELIVERIES, SLOW) for key, kind in _OF_A_QUEUE.items()
}
"""Each key of RQ's that has the same name every time, and its type."""


def mend_keys(connection: Redis) -> None:
    """Delete those of another type than RQ's, with a line in the log for each."""
    with connection.pipeline(transaction=False) as pipe:
        for key in KEYS:
            pipe.type(key)
        found = dict(zip(KEYS, pipe.execute(), strict=True))
    for key, kind in KEYS.items():
        if found[key] not in (kind, b"none"):
            log.warning(
                "In Redis %s was a %s and not a %s: somebody else writes there. It was deleted; what it held is queued"
                " again from the database.",
                key,
                found[key].decode(),
                kind.decode(),
            )
            connection.delete(key)
