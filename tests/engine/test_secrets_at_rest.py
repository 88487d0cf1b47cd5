"""Is a secret of use to whoever has the database, and does each attempt carry what its receiver can check?

Rows 35, 36, 38 and 39 of the security plan.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests import factories
from webhooks_app.engine import accounts, listeners
from webhooks_app.engine.audit import CODE, Actor
from webhooks_app.engine.deliver import deliver_batch
from webhooks_app.engine.listeners import Wanted
from webhooks_app.engine.patience import ENDLESS
from webhooks_app.engine.signing import key_of, new_secret, verify
from webhooks_app.engine.unsealed import SECRET_UNREADABLE
from webhooks_app.storage.base import Base
from webhooks_app.storage.models import Delivery, Listener, Secret

ANNA = Actor("anna@example.com")
URL = "http://127.0.0.1:8100/"
HEADER, PASSWORD = "tenant-key-9f3b1c", "correct horse battery staple"


def signed_by(message, secret):
    headers = dict(message.headers)
    return verify(
        message.body, webhook_id=headers["webhook-id"], timestamp=int(headers["webhook-timestamp"]),
        signatures=headers["webhook-signature"], keys=[key_of(secret)],
    )  # fmt: skip


def test_no_table_holds_a_secret_in_clear(any_engine):
    """Row 39: whoever has a copy of the database alone has no secret."""
    made = listeners.create(any_engine, "person", Wanted(url=URL, headers={"x-key": HEADER}), by=ANNA)
    turned = listeners.rotate_secret(any_engine, made.listener.id, by=ANNA)
    accounts.create_user(any_engine, "ann@example.com", "admin", password=PASSWORD, by=CODE)
    secrets = [
        made.secret, turned, HEADER, PASSWORD,
        accounts.create_token(any_engine, "shop", "write", by=CODE).token,
        accounts.sign_in_link(any_engine, "ann@example.com"),
    ]  # fmt: skip
    delivery = factories.make_delivery(any_engine, listener=made.listener)
    deliver_batch(any_engine, [delivery.id], patience=ENDLESS)

    with any_engine.sessions() as session:
        dump = "\n".join(
            repr(session.execute(sa.select(table)).all()) for table in Base.metadata.sorted_tables
        )

    assert made.listener.id in dump
    assert [secret for secret in secrets if secret.removeprefix("whsec_") in dump] == []


@pytest.mark.parametrize("column", [Secret.sealed, Listener.headers_sealed], ids=["secrets", "headers"])
def test_rows_that_were_swapped_send_nothing_and_use_up_no_attempt(any_engine, transport, column):
    """Row 39: who may write to the database cannot give one listener the secret of another."""
    pair = [factories.make_listener(any_engine, headers={"x-key": str(number)}) for number in range(2)]
    owner = Secret.listener_id if column.class_ is Secret else Listener.id
    with any_engine.sessions.begin() as session:
        kept = [session.scalar(sa.select(column).where(owner == one.id)) for one in pair]
        for one, other in zip(pair, reversed(kept), strict=True):
            session.execute(sa.update(column.class_).where(owner == one.id).values({column.key: other}))
    deliveries = [factories.make_delivery(any_engine, listener=one) for one in pair]

    deliver_batch(any_engine, [one.id for one in deliveries], patience=ENDLESS)

    assert transport.sent == []
    with any_engine.sessions() as session:
        found = [session.get_one(Delivery, one.id) for one in deliveries]
    assert {(one.status, one.reason, one.attempt_count) for one in found} == {("held", SECRET_UNREADABLE, 0)}


def test_five_attempts_send_the_same_bytes_under_one_id_each_signed_anew(any_engine, clock, transport):
    """Rows 35 and 36: the body never differs from what is signed, and an old request is told by its moment."""
    secret = new_secret()
    listener = factories.make_listener(any_engine, secret=secret, retry_schedule="1s,1s,1s,1s")
    event = factories.make_event(
        any_engine, payload={"z": 1, "a": {"é": [1.5, None]}, "m": "\u0000"}, dispatched_at=clock()
    )
    delivery = factories.make_delivery(any_engine, listener=listener, event=event)
    transport.will_answer(500, 500, 500, 500, 200)
    for _ in range(5):
        deliver_batch(any_engine, [delivery.id], patience=ENDLESS)
        clock.tick(2)

    headers = [dict(one.headers) for one in transport.sent]
    assert len(headers) == 5
    assert {hashlib.sha256(one.body).hexdigest() for one in transport.sent} == {
        hashlib.sha256(event.body.encode()).hexdigest()
    }
    assert transport.sent[0].body.startswith(b'{"z":1,"a":{"\\u00e9"')
    assert len({one["webhook-id"] for one in headers}) == 1
    assert len({one["webhook-timestamp"] for one in headers}) == 5
    assert all(signed_by(one, secret) for one in transport.sent)


def test_the_old_secret_signs_for_a_day_to_the_minute(any_engine, clock, transport):
    """Row 38: at 23:59 both sign, at 24:01 the new one alone."""
    old = new_secret()
    listener = factories.make_listener(any_engine, secret=old)
    new = listeners.rotate_secret(any_engine, listener.id, by=ANNA)
    begin = clock()

    for span in (timedelta(hours=23, minutes=59), timedelta(hours=24, minutes=1)):
        clock.now = begin + span
        deliver_batch(
            any_engine, [factories.make_delivery(any_engine, listener=listener).id], patience=ENDLESS
        )

    within, after = transport.sent
    assert (signed_by(within, old), signed_by(within, new)) == (True, True)
    assert (signed_by(after, old), signed_by(after, new)) == (False, True)


def test_a_leaked_secret_signs_nothing_once_it_is_stopped_at_once(any_engine, transport):
    """Row 38: neither that one nor any before it, which may be the one that got out."""
    first = new_secret()
    listener = factories.make_listener(any_engine, secret=first)
    second = listeners.rotate_secret(any_engine, listener.id, by=ANNA)
    third = listeners.rotate_secret(any_engine, listener.id, by=ANNA, overlap=timedelta())

    deliver_batch(any_engine, [factories.make_delivery(any_engine, listener=listener).id], patience=ENDLESS)

    (sent,) = transport.sent
    assert [signed_by(sent, one) for one in (first, second, third)] == [False, False, True]
