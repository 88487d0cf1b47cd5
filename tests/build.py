"""How is an engine put together from fakes? What needs no network is real: seal, hooks, sessions, sender."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.fakes import FakeQueue, FakeTransport, FixedClock
from webhooks_app.engine import Engine
from webhooks_app.engine.addresses import NetworkPolicy
from webhooks_app.engine.sealing import Seal
from webhooks_app.engine.sender import Sender
from webhooks_app.event import Hook
from webhooks_app.registry import HookRegistry
from webhooks_app.settings import Settings
from webhooks_app.storage.database import make_engine, readings_for, sessions_for

ENCRYPTION_KEY = "a-key-for-tests-of-thirty-two-bytes-or-more"


def two_hooks() -> HookRegistry:
    """A registry of its own: `person` (name, address; no types) and `order` (customer, total, paid)."""
    registry = HookRegistry()
    registry.register(
        Hook(name="person", provides_args=["name", "address"], description="A person was changed.")
    )
    registry.register(Hook(name="order", provides_args={"customer": str, "total": float, "paid": bool}))
    return registry


def settings_for(folder: Path, *, url: str = "", **environ: str) -> Settings:
    """Settings as `webhooks up` would leave them, with loopback allowed; `environ` overrides them by name."""
    given = {
        "DATABASE_URL": url or f"sqlite:///{folder}/webhooks.db",
        "SECRET_KEY": "another-key-for-tests-of-thirty-two-bytes-or-more",
        "WEBHOOKS_ENCRYPTION_KEYS": ENCRYPTION_KEY,
        "WEBHOOKS_ALLOWED_NETWORKS": "127.0.0.0/8 ::1/128",
        "WEBHOOKS_ALLOWED_HOSTS": "localhost",
    }
    return Settings.read({**given, **environ}, root=folder, instance=folder)


def policy_for(settings: Settings) -> NetworkPolicy:
    """What these settings allow deliveries to reach."""
    return NetworkPolicy(
        allowed_networks=settings.allowed_networks,
        allowed_hosts=settings.allowed_hosts,
        https_only=settings.https_only,
    )


@contextmanager
def build_engine(
    url: str,
    *,
    folder: Path,
    clock: Callable[[], datetime] | None = None,
    queue: FakeQueue | None = None,
    transport: FakeTransport | None = None,
    hooks: HookRegistry | None = None,
    **parts: Any,
) -> Iterator[Engine]:
    """An engine on a database that has its tables; `parts` replace any other field of Engine."""
    settings = parts.pop("settings", None) or settings_for(folder, url=url)
    sa_engine = make_engine(url)
    engine = Engine(
        hooks=hooks if hooks is not None else two_hooks(),
        settings=settings,
        sessions=sessions_for(sa_engine),
        readings=readings_for(sa_engine),
        caller_session=lambda: None,
        queue=queue or FakeQueue(),
        transport=transport or FakeTransport(),
        sender=Sender(threads=4),
        seal=Seal(settings.encryption_keys),
        policy=policy_for(settings),
        clock=clock or FixedClock(),
        worker_name="tests",
    )
    try:
        yield replace(engine, **parts)
    finally:
        sa_engine.dispose()
