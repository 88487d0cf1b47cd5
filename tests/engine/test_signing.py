"""Do our signatures verify by the standard, and only with the right key, id, moment and body?"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from webhooks_app.engine.signing import PREFIX, fingerprint, key_of, new_secret, sign, verify

# The example of the specification's own test suites.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MESSAGE_ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
TIMESTAMP = 1614265330
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def signed(body: bytes = BODY, *, secrets=(SECRET,), timestamp: int = TIMESTAMP) -> str:
    keys = [key_of(secret) for secret in secrets]
    return sign(body, webhook_id=MESSAGE_ID, timestamp=timestamp, keys=keys)


def test_the_published_test_vector():
    assert signed() == SIGNATURE


def test_the_reference_implementation_verifies_what_we_sign():
    now, secret = int(time.time()), new_secret()
    headers = {
        "webhook-id": MESSAGE_ID,
        "webhook-timestamp": str(now),
        "webhook-signature": signed(b'{"name":"Jos\\u00e9"}', secrets=[secret], timestamp=now),
    }

    assert Webhook(secret).verify('{"name":"Jos\\u00e9"}', headers) == {"name": "José"}
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify('{"name":"Joe"}', headers)


def test_while_a_secret_turns_a_receiver_with_either_one_verifies():
    now, old, new = int(time.time()), new_secret(), new_secret()
    header = signed(BODY, secrets=[new, old], timestamp=now)
    headers = {"webhook-id": MESSAGE_ID, "webhook-timestamp": str(now), "webhook-signature": header}

    assert header.startswith(signed(BODY, secrets=[new], timestamp=now) + " v1,")  # the newest first
    for secret in (old, new):
        assert Webhook(secret).verify(BODY.decode(), headers) == json.loads(BODY)


@pytest.mark.parametrize(
    ("changed", "holds"),
    [
        ({}, True),
        ({"signatures": f"v1,AAAA {SIGNATURE}"}, True),  # one that fits is enough
        ({"body": BODY + b" "}, False),
        ({"webhook_id": "msg_other"}, False),
        ({"timestamp": TIMESTAMP + 1}, False),
        ({"keys": [b"another key of at least 24 bytes"]}, False),
        ({"keys": []}, False),
        ({"signatures": ""}, False),
        ({"signatures": SIGNATURE.removeprefix("v1,")}, False),
        ({"signatures": "v2" + SIGNATURE[2:]}, False),
        ({"signatures": "v1,ä"}, False),  # never an error, whatever somebody sends
    ],
)
def test_what_verifies(changed, holds):
    given = {
        "body": BODY, "webhook_id": MESSAGE_ID, "timestamp": TIMESTAMP, "signatures": SIGNATURE,
        "keys": [key_of(SECRET)],
    }  # fmt: skip

    assert verify(**{**given, **changed}) is holds


@given(body=st.binary(), key=st.binary(min_size=24, max_size=64), flipped=st.integers(min_value=0))
def test_any_bytes_are_signed_as_they_are_and_no_others(body, key, flipped):
    about = {"webhook_id": MESSAGE_ID, "timestamp": TIMESTAMP, "keys": [key]}
    plain = hmac.new(key, b"%s.%d.%s" % (MESSAGE_ID.encode(), TIMESTAMP, body), hashlib.sha256).digest()

    header = sign(body, **about)

    assert header == "v1," + base64.b64encode(plain).decode()
    assert verify(body, signatures=header, **about)
    changed = bytearray(body or b"\0")
    changed[flipped % len(changed)] ^= 1
    assert not verify(bytes(changed), signatures=header, **about)


@given(st.text())
def test_no_header_breaks_verifying_and_none_made_up_fits(signatures):
    assert not verify(
        BODY, webhook_id=MESSAGE_ID, timestamp=TIMESTAMP, signatures=signatures, keys=[b"k" * 32]
    )


def test_new_secrets_are_32_random_bytes():
    made = {new_secret() for _ in range(50)}

    assert len(made) == 50
    assert {len(key_of(secret)) for secret in made} == {32}


def of_bytes(count: int) -> str:
    return PREFIX + base64.b64encode(b"k" * count).decode()


@pytest.mark.parametrize("count", [24, 32, 64])
def test_a_secret_has_24_to_64_bytes(count):
    assert key_of(of_bytes(count)) == b"k" * count


@pytest.mark.parametrize(
    "secret",
    [of_bytes(23), of_bytes(65), "", PREFIX, "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", PREFIX + "not base64!"],
)
def test_any_other_secret_is_refused(secret):
    with pytest.raises(ValueError, match="24 to 64 bytes"):
        key_of(secret)


def test_a_fingerprint_tells_secrets_apart_without_telling_them():
    one, other = fingerprint(SECRET), fingerprint(new_secret())

    assert one == fingerprint(SECRET) != other
    assert len(one) == 16
    assert one not in SECRET
