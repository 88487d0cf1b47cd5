"""What does sending need to know of a listener? Its URL, keys, headers and limits, opened once a version.

Secrets are decrypted when a listener's version is first met and kept by the process; a rotation makes a
new version. A key that has expired is left out when the message is made. A listener that cannot be opened has
its `problem` instead: the others of its batch are sent to all the same.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from webhooks_app.attributes import check_attributes
from webhooks_app.engine import Engine
from webhooks_app.engine.retry import Schedule, schedule_for, timeout_for
from webhooks_app.engine.sealing import Seal
from webhooks_app.engine.signing import key_of
from webhooks_app.errors import BadHook, SecretUnavailable
from webhooks_app.storage import ids
from webhooks_app.storage.models import DISCARD, Listener

log = logging.getLogger("webhooks_app.worker")

SECRET_UNREADABLE = "The signing secret cannot be read with the present encryption keys."  # nosec B105 # a sentence
_WHAT_TO_DO = (
    " Put the one that is missing back into WEBHOOKS_ENCRYPTION_KEYS, behind the newest, and restart."
)
SETTINGS_UNUSABLE = "The settings of the listener or its hook cannot be used: {reason}"

_MOST_KEPT = 50_000


@dataclass(frozen=True, slots=True)
class Key:
    """A signing key and when it stops signing (None: it is the present one)."""

    secret: bytes
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class UnsealedListener:
    """A listener, ready to be sent to; or with the `problem` for which its deliveries are held, and no keys."""

    listener_id: str
    version: int
    url: str
    headers: tuple[tuple[str, str], ...]
    hidden_headers: frozenset[str]  # the names of those whose values are not recorded
    keys: tuple[Key, ...]
    timeout_seconds: float
    schedule: Schedule
    body_format: str
    sends_in_flight: int
    rate_limit_per_second: float | None
    keeps_bodies: bool = True  # of answers
    trusted_ca: str | None = None  # PEM, in place of the public authorities
    problem: str = ""

    def live_keys(self, now: datetime) -> list[bytes]:
        """The keys that sign now, newest first."""
        return [key.secret for key in self.keys if key.expires_at is None or key.expires_at > now]


# By seal, because another engine of this process may hold other keys.
_known: WeakKeyDictionary[Seal, dict[str, UnsealedListener]] = WeakKeyDictionary()


def unseal(engine: Engine, session: Session, versions: Mapping[str, int]) -> dict[str, UnsealedListener]:
    """These listeners, given with their present versions, opened."""
    opened = _known.setdefault(engine.seal, {})
    found, missing = {}, []
    for listener_id, version in versions.items():
        known = opened.get(listener_id)
        if known is not None and known.version == version and not known.problem:
            found[listener_id] = known
        else:
            missing.append(listener_id)
    if missing:
        query = (
            sa.select(Listener)
            .where(Listener.id.in_(missing))
            .options(selectinload(Listener.secrets))
            .execution_options(populate_existing=True)
        )
        for listener in session.scalars(query):
            if len(opened) >= _MOST_KEPT:
                opened.clear()
            former, unsealed = opened.get(listener.id), _opened(engine, listener)
            if unsealed.problem and (former is None or former.problem != unsealed.problem):
                _tell(listener, unsealed.problem)  # once, not with each event
            found[listener.id] = opened[listener.id] = unsealed
    return found


def _tell(listener: Listener, problem: str) -> None:
    shown = ids.shown(ids.LISTENER, listener.id)
    what_to_do = _WHAT_TO_DO if problem == SECRET_UNREADABLE else ""
    log.warning(
        "What waits for the listener %s of %s is held. %s%s", shown, listener.hook, problem, what_to_do
    )


def _opened(engine: Engine, listener: Listener) -> UnsealedListener:
    try:
        return _unsealed(engine, listener)
    except SecretUnavailable:
        return _useless(listener, SECRET_UNREADABLE)
    except Exception as error:  # noqa: BLE001 (a hook is its author's code, and the batch holds others' deliveries)
        said = str(error) if isinstance(error, BadHook) else f"{type(error).__name__}: {error}"
        return _useless(listener, SETTINGS_UNUSABLE.format(reason=said))


def _useless(listener: Listener, problem: str) -> UnsealedListener:
    return UnsealedListener(
        listener_id=listener.id,
        version=listener.version,
        url=listener.url,
        headers=(),
        hidden_headers=frozenset(),
        keys=(),
        timeout_seconds=0,
        schedule=Schedule(()),
        body_format=listener.body_format,
        sends_in_flight=1,
        rate_limit_per_second=None,
        problem=problem,
    )


def _unsealed(engine: Engine, listener: Listener) -> UnsealedListener:
    """Raises SecretUnavailable, and whatever a hook's own settings raise."""
    hook = engine.hooks.get(listener.hook)
    if hook is not None:
        check_attributes(hook)  # once more: code may have changed them since it was registered
    keys = tuple(_keys(engine.seal, listener, now=engine.clock()))
    if not keys:
        # Whoever deletes the listener just now has forgotten its secrets already, and nothing is sent unsigned.
        raise SecretUnavailable
    headers = open_headers(engine.seal, listener)
    return UnsealedListener(
        listener_id=listener.id,
        version=listener.version,
        url=listener.url,
        headers=tuple(headers.items()),
        hidden_headers=frozenset(name.lower() for name in headers).difference(listener.public_headers),
        keys=keys,
        timeout_seconds=timeout_for(listener.timeout_seconds, hook, engine.settings),
        schedule=schedule_for(listener.retry_schedule, hook, engine.settings),
        body_format=listener.body_format,
        sends_in_flight=listener.sends_in_flight or engine.settings.sends_per_listener,
        rate_limit_per_second=listener.rate_limit_per_second,
        trusted_ca=listener.trusted_ca,
        keeps_bodies=listener.answer_bodies != DISCARD,
    )


def open_headers(seal: Seal, listener: Listener) -> dict[str, str]:
    """The listener's own headers. Raises SecretUnavailable."""
    if not listener.headers_sealed:
        return {}
    opened: dict[str, str] = json.loads(
        seal.open(listener.headers_sealed, owner=listener.id, field="headers")
    )
    return opened


def _keys(seal: Seal, listener: Listener, *, now: datetime) -> Iterator[Key]:
    """The keys that sign, newest first. Raises SecretUnavailable if the present one cannot be read.

    An old one that cannot be read is left out: the present one signs all the same.
    """
    for secret in listener.secrets:
        if secret.expires_at is not None and secret.expires_at <= now:
            continue
        try:
            text = seal.open(secret.sealed, owner=listener.id, field="secret")
        except SecretUnavailable:
            if secret.expires_at is None:
                raise
            log.warning("An old secret of the listener %s cannot be read; it no longer signs.", listener.id)
            continue
        yield Key(key_of(text), secret.expires_at)
