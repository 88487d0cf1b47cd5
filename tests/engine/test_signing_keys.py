"""How does a signing secret turn, and how long does the old one sign beside it?

Row 38 of the security plan; what a receiver can verify meanwhile is in test_secrets_at_rest.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from webhooks_app.engine import listeners
from webhooks_app.engine.audit import Actor
from webhooks_app.engine.listeners import Wanted
from webhooks_app.engine.signing import fingerprint
from webhooks_app.errors import Conflict, Refused
from webhooks_app.storage.models import Listener, Secret
from webhooks_app.storage.people import AuditEntry

URL = "http://127.0.0.1:8000/receiver"
ANNA = Actor("anna@example.com")


def rows(engine, entity, **columns):
    with engine.sessions() as session:
        return session.scalars(sa.select(entity).filter_by(**columns).order_by(entity.id)).all()


def test_a_turned_secret_leaves_the_old_one_signing_for_a_day(any_engine, clock):
    made = listeners.create(any_engine, "person", Wanted(url=URL), by=ANNA)

    secret = listeners.rotate_secret(any_engine, made.listener.id, by=ANNA)

    old, new = rows(any_engine, Secret)
    assert (old.expires_at, new.expires_at) == (clock() + timedelta(hours=24), None)
    assert new.last_four == secret[-4:]
    assert rows(any_engine, Listener)[0].version == 2  # so that senders read the keys anew
    assert secret not in str(rows(any_engine, AuditEntry, act="rotate-secret")[0].after)


def test_at_most_five_secrets_sign_and_the_refusal_names_the_next_moment(any_engine, clock):
    made = listeners.create(any_engine, "person", Wanted(url=URL), by=ANNA)
    for _ in range(4):
        listeners.rotate_secret(any_engine, made.listener.id, by=ANNA)
        clock.tick(3600)

    with pytest.raises(Conflict, match="2026-03-03 09:30 UTC"):
        listeners.rotate_secret(any_engine, made.listener.id, by=ANNA)

    clock.tick(20 * 3600)
    listeners.rotate_secret(any_engine, made.listener.id, by=ANNA)
    assert len(rows(any_engine, Secret)) == 5  # the expired one is gone


def test_with_five_that_sign_a_new_one_can_be_had_by_stopping_them(any_engine):
    made = listeners.create(any_engine, "person", Wanted(url=URL), by=ANNA)
    for _ in range(4):
        listeners.rotate_secret(any_engine, made.listener.id, by=ANNA, overlap=timedelta(days=7))
    with pytest.raises(Conflict, match="or now if the old ones stop signing at once"):
        listeners.rotate_secret(any_engine, made.listener.id, by=ANNA)

    secret = listeners.rotate_secret(any_engine, made.listener.id, by=ANNA, overlap=timedelta())

    (kept,) = rows(any_engine, Secret)
    assert (kept.fingerprint, kept.expires_at) == (fingerprint(secret), None)


def test_an_old_secret_signs_for_as_long_as_was_asked_and_one_before_it_keeps_its_moment(any_engine, clock):
    made = listeners.create(any_engine, "person", Wanted(url=URL), by=ANNA)
    week, hour = timedelta(days=7), timedelta(hours=1)

    for overlap in (week, hour):
        listeners.rotate_secret(any_engine, made.listener.id, by=ANNA, overlap=overlap)

    assert [one.expires_at for one in rows(any_engine, Secret)] == [clock() + week, clock() + hour, None]
    noted = rows(any_engine, AuditEntry, act="rotate-secret")
    assert [one.after["overlap_seconds"] for one in noted] == [7 * 86400, 3600]


@pytest.mark.parametrize("overlap", [timedelta(seconds=-1), timedelta(days=7, seconds=1)])
def test_an_old_secret_signs_for_seven_days_at_most(any_engine, overlap):
    made = listeners.create(any_engine, "person", Wanted(url=URL), by=ANNA)

    with pytest.raises(Refused, match="0 to 7 days"):
        listeners.rotate_secret(any_engine, made.listener.id, by=ANNA, overlap=overlap)

    assert len(rows(any_engine, Secret)) == 1
