"""Does the built-in receiver keep what comes, check it as a good receiver does, and answer as it was told?"""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tests.factories import make_listener, sealed_secret
from webhooks_app.engine import echo
from webhooks_app.engine.audit import CODE
from webhooks_app.engine.signing import key_of, new_secret, sign
from webhooks_app.errors import NotFound, Refused
from webhooks_app.storage.echo import EchoRequest
from webhooks_app.storage.people import AuditEntry

BODY = b'{"name":"Joe"}'


def kept(engine):
    with engine.sessions() as session:
        return session.scalars(sa.select(EchoRequest).order_by(EchoRequest.id)).all()


def signed(secret, *, at, body=BODY, **other):
    timestamp = int(at.timestamp())
    signature = sign(body, webhook_id="evt_1", timestamp=timestamp, keys=[key_of(secret)])
    given = {"Webhook-Id": "evt_1", "Webhook-Timestamp": str(timestamp), "Webhook-Signature": signature}
    return list({**given, **other}.items())


@pytest.fixture
def box(any_engine):
    return echo.open_box(any_engine, by=CODE)


@pytest.fixture
def secret(any_engine, box):
    secret = new_secret()
    make_listener(any_engine, url=f"http://127.0.0.1:8000/echo/{box.token}", secret=secret)
    return secret


def verdict(engine, box, headers, body=BODY):
    echo.receive(engine, box.token, headers=headers, body=body)
    return kept(engine)[-1].verdict


def test_a_box_has_an_address_that_cannot_be_guessed(any_engine):
    tokens = {echo.open_box(any_engine, by=CODE).token for _ in range(3)}

    assert len(tokens) == 3
    assert {len(token) for token in tokens} == {43}


def test_a_request_is_kept_as_it_came(any_engine, box, clock):
    headers = [("X-Odd", "é"), ("x-odd", "twice")]

    reply = echo.receive(any_engine, box.token, headers=headers, body=b"\x00\xff")

    request = kept(any_engine)[0]
    assert (request.headers, request.body) == ([["X-Odd", "é"], ["x-odd", "twice"]], b"\x00\xff")
    assert (request.received_at, request.answered) == (clock(), 200)
    assert reply == echo.Reply(200)


def test_an_unknown_box_takes_nothing(any_engine):
    assert echo.receive(any_engine, "x" * 43, headers=[], body=b"") is None
    assert kept(any_engine) == []


def test_a_signed_request_is_verified(any_engine, box, secret, clock):
    assert verdict(any_engine, box, signed(secret, at=clock())) == echo.VERIFIED


def test_both_secrets_verify_while_one_turns(any_engine, box, secret, clock):
    with any_engine.sessions.begin() as session:
        listener_id = session.scalar(sa.text("SELECT id FROM webhooks_listeners"))
        old, expired = new_secret(), new_secret()
        expires = {"expires_at": clock.tick(60)}
        session.add(sealed_secret(any_engine, listener_id, expired, **expires))
        session.add(sealed_secret(any_engine, listener_id, old, expires_at=clock.tick(60)))
    clock.tick(-1)

    assert verdict(any_engine, box, signed(old, at=clock())) == echo.VERIFIED
    assert verdict(any_engine, box, signed(expired, at=clock())) == echo.FORGED


def test_what_a_good_receiver_refuses_is_named(any_engine, box, secret, clock):
    good = signed(secret, at=clock())

    assert verdict(any_engine, box, []) == echo.UNSIGNED
    assert verdict(any_engine, box, good, body=BODY + b" ") == echo.FORGED
    assert verdict(any_engine, box, signed(new_secret(), at=clock())) == echo.FORGED
    assert verdict(any_engine, box, signed(secret, at=clock(), **{"Webhook-Signature": "é"})) == echo.FORGED
    assert (
        verdict(any_engine, box, signed(secret, at=clock(), **{"Webhook-Timestamp": "9" * 400})) == echo.STALE
    )
    assert verdict(any_engine, box, signed(secret, at=clock(), **{"Webhook-Timestamp": "²"})) == echo.UNSIGNED
    clock.tick(301)
    assert verdict(any_engine, box, good) == echo.STALE


def test_without_a_listener_there_is_nothing_to_check_with(any_engine, box, clock):
    make_listener(any_engine, url=f"http://127.0.0.1:8000/echo/{box.token}", deleted_at=clock())

    assert verdict(any_engine, box, signed(new_secret(), at=clock())) == echo.NO_LISTENER


def test_a_secret_that_cannot_be_read_is_said(any_engine, box, secret, clock):
    with any_engine.sessions.begin() as session:
        session.execute(sa.text("UPDATE webhooks_secrets SET sealed = 'rubbish'"))

    assert verdict(any_engine, box, signed(secret, at=clock())) == echo.NO_SECRET


@pytest.mark.parametrize(
    "answer, reply",
    [
        ("500", echo.Reply(500)),
        ("429", echo.Reply(429, {"retry-after": "5"})),
        ("410", echo.Reply(410)),
        ("slow", echo.Reply(200, delay_seconds=5.0)),
    ],
)
def test_a_box_answers_as_it_was_told(any_engine, box, answer, reply):
    echo.set_answer(any_engine, box.token, answer, by=CODE)

    assert echo.receive(any_engine, box.token, headers=[], body=b"") == reply
    assert kept(any_engine)[0].answered == reply.status


def test_an_answer_or_box_that_is_unknown_is_refused(any_engine, box):
    with pytest.raises(Refused, match="one of 200, 500"):
        echo.set_answer(any_engine, box.token, "302", by=CODE)
    for verb in (
        lambda: echo.set_answer(any_engine, "x", "200", by=CODE),
        lambda: echo.clear(any_engine, "x", by=CODE),
    ):
        with pytest.raises(NotFound):
            verb()


def test_a_box_keeps_its_last_fifty_and_can_be_cleared(any_engine, box):
    other = echo.open_box(any_engine, by=CODE)
    echo.receive(any_engine, other.token, headers=[], body=b"other")
    for number in range(52):
        echo.receive(any_engine, box.token, headers=[], body=b"%d" % number)

    found = [request.body for request in kept(any_engine) if request.token == box.token]
    assert (len(found), found[0], found[-1]) == (50, b"2", b"51")

    echo.clear(any_engine, box.token, by=CODE)
    assert [request.body for request in kept(any_engine)] == [b"other"]


def test_what_people_do_with_a_box_is_audited(any_engine, clock):
    box = echo.open_box(any_engine, by=CODE)
    clock.tick(1)
    echo.set_answer(any_engine, box.token, "500", by=CODE)
    clock.tick(1)
    echo.clear(any_engine, box.token, by=CODE)

    with any_engine.sessions() as session:
        entries = session.scalars(sa.select(AuditEntry).order_by(AuditEntry.at)).all()
    assert [(one.act, one.before, one.after) for one in entries] == [
        ("create", None, {"answer": "200"}),
        ("change", {"answer": "200"}, {"answer": "500"}),
        ("clear", None, None),
    ]
    assert {(one.object_type, one.object_id) for one in entries} == {("echo box", box.token)}
