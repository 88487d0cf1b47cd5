"""Are the built-in hooks there in every application, once, and after its own ones?"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import factories
from webhooks_app.builtin import BUILT_IN, first_own, is_built_in, register_built_in
from webhooks_app.engine.audit import CODE
from webhooks_app.engine.deliver import deliver_batch
from webhooks_app.engine.patience import ENDLESS
from webhooks_app.engine.trial import send_test
from webhooks_app.errors import AlreadyRegistered
from webhooks_app.event import Hook
from webhooks_app.registry import HookRegistry

ROOT = Path(__file__).resolve().parent.parent
NAMES = ["listener.failing", "listener.recovered", "listener.warned", "listener.disabled"]


def test_they_are_registered_once_however_often_it_is_asked_for():
    registry = HookRegistry()
    for _ in range(2):
        register_built_in(registry)

    assert list(registry) == NAMES
    assert all(is_built_in(name) for name in registry)


def test_they_provide_what_a_filter_may_ask_about():
    for hook in BUILT_IN:
        assert [(one.name, one.type) for one in hook.arguments] == [
            ("listener", "text"), ("name", "text"), ("url", "text"), ("hook", "text"), ("state", "text"),
            ("reason", "text"), ("since", "text"), ("failures", "number"), ("next_moment", "text"),
        ]  # fmt: skip
        assert hook.asynchronous


def test_a_name_that_the_application_has_taken_is_refused_with_what_to_do():
    registry = HookRegistry()
    registry.register(Hook(name="listener.failing"))

    with pytest.raises(
        AlreadyRegistered, match=r"'listener.failing' is already registered. Give one of them"
    ):
        register_built_in(registry)


def test_they_are_not_the_applications_own():
    registry = HookRegistry()
    register_built_in(registry)
    assert first_own(registry) is None

    registry.register(Hook(name="person"))
    assert first_own(registry) == "person"


def test_a_started_application_has_them_after_its_own(tmp_path):
    program = "from webhooks_app import create_app, hooks; create_app(); print(*hooks)"
    environ = os.environ | {
        "WEBHOOKS_ENV": "production",  # so that it writes no keys of its own
        "PUBLIC_BASE_URL": "https://hooks.example.com",
        "TRUSTED_HOSTS": "hooks.example.com",
        "DATABASE_URL": f"sqlite:///{tmp_path}/webhooks.db",
        "REDIS_URL": "redis://127.0.0.1:8590",
        "SECRET_KEY": "k" * 40,
        "WEBHOOKS_ENCRYPTION_KEYS": "e" * 40,
        "WEBHOOKS_HOOKS": "webhooks_app.demo",
        "PYTHONPATH": str(ROOT),
    }

    run = subprocess.run(
        [sys.executable, "-c", program], env=environ, cwd=tmp_path, capture_output=True, text=True, timeout=60
    )

    names = run.stdout.split()
    assert names[-4:] == NAMES, run.stderr
    assert "person" in names


def test_a_listener_of_one_of_them_can_be_tested(any_engine, transport):
    register_built_in(any_engine.hooks)
    listener = factories.make_listener(any_engine, hook="listener.failing")

    sent = send_test(any_engine, listener.id, by=CODE)
    deliver_batch(any_engine, [sent.delivery_id], patience=ENDLESS)

    [message] = transport.sent
    assert (message.url, dict(message.headers)["webhook-test"]) == (listener.url, "1")
