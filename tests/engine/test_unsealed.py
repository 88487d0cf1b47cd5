"""What does sending know of a listener, and is it always the newest?"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.build import settings_for
from tests.factories import sealed_secret
from webhooks_app import Hook
from webhooks_app.engine.sealing import Seal
from webhooks_app.engine.signing import key_of, new_secret
from webhooks_app.engine.signing_keys import forget_secrets
from webhooks_app.engine.unsealed import SECRET_UNREADABLE, open_headers, unseal
from webhooks_app.errors import SecretUnavailable
from webhooks_app.storage.models import Listener


def opened_of(engine, listener):
    with engine.sessions() as session:
        version = session.get(Listener, listener.id).version
        return unseal(engine, session, {listener.id: version})[listener.id]


def test_everything_a_listener_says_itself(engine, make_listener):
    secret = new_secret()
    listener = make_listener(
        url="http://127.0.0.1:9/a", secret=secret, headers={"x-tenant": "7"}, timeout_seconds=3.5,
        retry_schedule="1s,2s", body_format="standard", sends_in_flight=2, rate_limit_per_second=0.5,
    )  # fmt: skip

    opened = opened_of(engine, listener)

    assert (opened.listener_id, opened.url) == (listener.id, "http://127.0.0.1:9/a")
    assert opened.live_keys(engine.clock()) == [key_of(secret)]
    assert opened.headers == (("x-tenant", "7"),)
    assert (opened.timeout_seconds, opened.body_format) == (3.5, "standard")
    assert (opened.sends_in_flight, opened.rate_limit_per_second) == (2, 0.5)
    assert opened.schedule.waits == (timedelta(seconds=1), timedelta(seconds=2))
    assert opened.schedule.chosen


def test_what_it_does_not_say_comes_from_the_hook_and_then_from_the_settings(
    engine, hooks, make_listener, tmp_path
):
    hooks.register(Hook(name="hasty", timeout=1, retry="9s"))
    engine = replace(
        engine,
        settings=settings_for(tmp_path, WEBHOOKS_TIMEOUT_SECONDS="7", WEBHOOKS_SENDS_PER_LISTENER="3"),
    )

    hasty, plain = (opened_of(engine, make_listener(hook=hook)) for hook in ("hasty", "person"))

    assert (hasty.timeout_seconds, hasty.schedule.waits) == (1, (timedelta(seconds=9),))
    assert (plain.timeout_seconds, plain.sends_in_flight, len(plain.schedule.waits)) == (7, 3, 9)


def test_a_listener_of_a_hook_that_is_no_longer_registered_is_sent_to_all_the_same(engine, make_listener):
    assert opened_of(engine, make_listener(hook="gone")).timeout_seconds == 15


def test_without_any_secret_nothing_goes_out_unsigned(engine, make_listener):
    listener = make_listener()
    with engine.sessions.begin() as session:
        forget_secrets(session, listener.id)

    opened = opened_of(engine, listener)

    assert (opened.problem, opened.keys) == (SECRET_UNREADABLE, ())


def test_an_old_secret_signs_until_it_expires(engine, make_listener, clock):
    new, old = new_secret(), new_secret()
    listener = make_listener(secret=new)
    with engine.sessions.begin() as session:
        expires = {"created_at": clock() - timedelta(days=1), "expires_at": clock() + timedelta(hours=1)}
        session.add(sealed_secret(engine, listener.id, old, **expires))

    opened = opened_of(engine, listener)

    assert opened.live_keys(clock()) == [key_of(new), key_of(old)]
    assert opened.live_keys(clock() + timedelta(hours=1)) == [key_of(new)]


def test_a_new_version_is_read_anew(engine, make_listener):
    listener = make_listener()
    before = opened_of(engine, listener)
    with engine.sessions.begin() as session:
        session.get(Listener, listener.id).url = "http://127.0.0.1:9/moved"

    assert opened_of(engine, listener).url == "http://127.0.0.1:9/moved" != before.url


def test_the_same_version_is_opened_once(engine, make_listener):
    listener = make_listener()

    assert opened_of(engine, listener) is opened_of(engine, listener)


@pytest.mark.parametrize("headers", [None, {"x-tenant": "7"}])
def test_without_the_right_key_there_is_nothing_to_sign_with_and_it_is_tried_again(
    engine, make_listener, headers
):
    listener = make_listener(headers=headers)
    blind = replace(engine, seal=Seal(["another key of thirty-two bytes or more"]))

    assert opened_of(blind, listener).keys == ()
    assert opened_of(engine, listener).keys != ()
    if headers:
        with pytest.raises(SecretUnavailable):
            open_headers(blind.seal, listener)


@pytest.fixture
def with_old_secret(engine, make_listener, clock):
    """A listener that has a secret of today's key, and an older one that only lost keys would open."""
    lost = replace(engine, seal=Seal(["another key of thirty-two bytes or more"]))

    def make(**expires):
        listener = make_listener(secret=(new := new_secret()))
        columns = {"created_at": clock() - timedelta(days=1), **expires}
        with engine.sessions.begin() as session:
            session.add(sealed_secret(lost, listener.id, new_secret(), **columns))
        return listener, new

    return make


@pytest.mark.parametrize("hours", [-1, 1], ids=["expired", "still signing"])
def test_an_old_secret_that_cannot_be_read_does_not_keep_the_present_one_from_signing(
    engine, with_old_secret, clock, hours
):
    listener, secret = with_old_secret(expires_at=clock() + timedelta(hours=hours))

    assert opened_of(engine, listener).live_keys(clock()) == [key_of(secret)]


def test_what_was_opened_goes_with_the_keys_that_opened_it(engine, make_listener):
    listener = make_listener()
    other = replace(engine, seal=Seal(engine.settings.encryption_keys))

    opened = opened_of(other, listener)

    assert opened == opened_of(engine, listener)
    assert opened is not opened_of(engine, listener)


def test_a_hook_whose_own_code_fails_is_the_problem_of_its_listeners_alone(
    engine, hooks, make_listener, caplog
):
    class Moody(Hook):
        name = "moody"
        mood = "5"

        @property
        def timeout(self):
            return float(self.mood)

    hooks.register(Moody).mood = "bad"
    moody, plain = make_listener(hook="moody"), make_listener()

    assert opened_of(engine, moody).problem.startswith(
        "The settings of the listener or its hook cannot be used: ValueError:"
    )
    assert opened_of(engine, plain).problem == ""
    assert moody.id in caplog.text
    Moody.mood = "5"
    assert opened_of(engine, moody).timeout_seconds == 5
