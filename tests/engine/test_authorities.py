"""Which certificates are taken as authorities of a listener, and what is told of them? Row 20."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests import factories
from tests.engine.certificates import Authority
from webhooks_app.engine import listeners
from webhooks_app.engine.audit import Actor
from webhooks_app.engine.authorities import checked_authorities, prints_of, read_authorities, warnings
from webhooks_app.engine.deliver import deliver_batch
from webhooks_app.engine.listeners import Wanted
from webhooks_app.engine.patience import ENDLESS
from webhooks_app.errors import Refused
from webhooks_app.storage.models import Listener
from webhooks_app.storage.people import AuditEntry

NOW = datetime.now(UTC)
ANNA = Actor("anna@example.com")


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)


def codes(pem):
    try:
        checked_authorities(pem, now=NOW)
    except Refused as refused:
        assert {one.field for one in refused.errors} == {"trusted_ca"}
        return [one.code for one in refused.errors]
    return []


def made(tmp_path, name, **how):
    folder = tmp_path / name
    folder.mkdir()
    return Authority(folder, name=name, **how).pem


def test_certificates_are_kept_each_once_and_without_what_stands_between(authority, tmp_path):
    other = made(tmp_path, "other")
    given = f"Subject: ours\n{authority.pem}\r\n\nand\n{other}{authority.pem}"

    kept = checked_authorities(given, now=NOW)

    assert kept == authority.pem + other
    assert checked_authorities(kept, now=NOW) == kept


@pytest.mark.parametrize("empty", ["", " \r\n "])
def test_nothing_means_the_public_ones(empty):
    assert checked_authorities(empty, now=NOW) is None


def test_what_is_no_authority_is_refused_at_the_field(authority, tmp_path):
    key = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    leaf, old = made(tmp_path, "leaf", signs=False), made(tmp_path, "old", expired=True)

    assert codes("not verified, please") == ["ca_format"]
    assert codes(authority.pem[:200]) == ["ca_format"]
    assert codes(authority.pem.replace("M", "\u00e9")) == ["ca_format"]
    assert codes(authority.pem.replace("CERTIFICATE", "PUBLIC KEY")) == ["ca_format"]
    assert codes(leaf) == ["ca_not_authority"]
    assert codes(old) == ["ca_expired"]
    assert codes(leaf + old + authority.pem) == ["ca_not_authority", "ca_expired"]
    assert codes(authority.pem + key.decode()) == ["ca_private_key"]
    assert codes("x" * (32 * 1024 + 1)) == ["ca_length"]
    assert codes("".join(made(tmp_path, f"of many {n}") for n in range(17))) == ["ca_length"]


def test_what_expired_since_it_was_kept_is_refused_no_more_than_it_is_new(authority, tmp_path):
    later, new = NOW + timedelta(days=2), made(tmp_path, "new")

    assert checked_authorities(authority.pem, now=later, kept=new + authority.pem) == authority.pem
    assert checked_authorities(new, now=NOW, kept="cannot be read") == new
    with pytest.raises(Refused, match="CN=new expired"):
        checked_authorities(authority.pem + new, now=later, kept=authority.pem)


def test_an_authority_is_told_as_openssl_tells_it(authority):
    (told,) = read_authorities(authority.pem)

    asked = ["openssl", "x509", "-noout", "-fingerprint", "-sha256", "-in", str(authority.file)]
    if openssl := _output(asked):
        assert openssl.strip().rpartition("=")[2] == told.fingerprint
    assert told.subject == "CN=Test authority"
    assert len(told.fingerprint) == 95
    assert told.begins_at < NOW < told.expires_at


def _output(command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except FileNotFoundError:
        return ""


@pytest.mark.parametrize(
    ("passed", "said"),
    [
        (timedelta(), "expires on"),  # the one of the test has a day left
        (timedelta(days=2), "expired on"),
        (timedelta(days=-40), "is valid from"),
    ],
)
def test_what_will_fail_soon_is_warned_of(authority, passed, said):
    (sentence,) = warnings(authority.pem, now=NOW + passed)

    assert "CN=Test authority" in sentence and said in sentence


def test_what_cannot_be_read_any_more_is_said_and_breaks_nothing():
    assert "cannot be read" in warnings("nonsense", now=NOW)[0]
    assert prints_of("nonsense") == ["unreadable"]
    assert (warnings(None, now=NOW), prints_of(None)) == ([], [])


def test_a_name_that_would_act_on_a_terminal_is_shown_escaped(tmp_path):
    (told,) = read_authorities(made(tmp_path, "evil\u202egro"))

    assert told.subject == "CN=evil\\u202egro"


def test_a_listener_keeps_it_and_sends_with_it_and_the_log_has_its_fingerprint(
    any_engine, transport, clock, authority
):
    clock.now = NOW
    wanted = Wanted(url="https://hooks.example.com/", trusted_ca=f" {authority.pem}")
    listener = listeners.create(any_engine, "person", wanted, by=ANNA).listener
    deliver_batch(any_engine, [factories.make_delivery(any_engine, listener=listener).id], patience=ENDLESS)
    listeners.change(any_engine, listener.id, Wanted(url=listener.url), by=ANNA)
    deliver_batch(any_engine, [factories.make_delivery(any_engine, listener=listener).id], patience=ENDLESS)

    assert [one.trusted_ca for one in transport.sent] == [authority.pem, None]
    with any_engine.sessions() as session:
        assert session.get_one(Listener, listener.id).trusted_ca is None
        made_, changed = session.scalars(sa.select(AuditEntry).order_by(AuditEntry.id)).all()
    print_ = read_authorities(authority.pem)[0].fingerprint
    assert made_.after["trusted_ca"] == [print_]
    assert (changed.before["trusted_ca"], changed.after["trusted_ca"]) == ([print_], [])
