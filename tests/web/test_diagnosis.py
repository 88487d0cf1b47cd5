"""Does every way to fail get its own verdict and its own next step?"""

from datetime import timedelta

import pytest

from webhooks_app.engine import candidates, dial, failures, tls, unsealed
from webhooks_app.storage.models import State, Status
from webhooks_app.web.diagnosis import Facts, diagnose
from webhooks_app.web.error_words import ERROR_CLASSES


def verdict(error_class, *, code=None, status="failed", **more):
    return diagnose(Facts(status=status, error_class=error_class, status_code=code, attempts=1, **more))


@pytest.mark.parametrize("error_class", [*ERROR_CLASSES, "superseded"])
def test_every_error_class_has_a_verdict_with_a_next_step(error_class):
    found = verdict(error_class)

    assert found.title.endswith(" on the only attempt.") and found.evidence and found.steps


@pytest.mark.parametrize(
    "code, words",
    [
        (307, "a redirect"),
        (401, "wants credentials"),
        (403, "refuses us"),
        (404, "Nothing is at this URL"),
        (410, "is gone"),
        (408, "waited too long"),
        (425, "come later"),
        (429, "too many requests"),
        (422, "refused the request (422)"),  # any other of its hundred
        (500, "Server error 500"),
        (599, "Server error 599"),
        (700, "Server error 700"),  # no hundred of HTTP's
    ],
)
def test_an_answer_is_told_by_its_code_and_then_by_its_hundred(code, words):
    assert words in verdict(f"http_{code}", code=code).title


def test_a_failed_delivery_says_how_often_and_over_how_long():
    facts = Facts(
        "failed", error_class="http_500", status_code=500, attempts=8, span=timedelta(hours=3, minutes=10)
    )

    assert diagnose(facts).title == "Server error 500 on all 8 attempts over 3 h 10 m."


@pytest.mark.parametrize("status, alike, told", [
    ("retrying", None, "on all 3 attempts so far."),
    ("retrying", 3, "on all 3 attempts so far."),
    ("retrying", 1, "on attempt 3."),
    ("failed", 2, "on the last of 3 attempts."),
])  # fmt: skip
def test_an_error_is_told_of_all_attempts_only_where_all_ended_so(status, alike, told):
    found = diagnose(Facts(status, error_class="read_timeout", attempts=3, alike=alike))

    assert found.level == ("warn" if status == "retrying" else "bad") and found.title.endswith(told)


def test_two_attempts_are_both():
    assert diagnose(Facts("failed", error_class="http_500", attempts=2)).title.endswith(" on both attempts.")


def test_an_answer_over_http_proves_nothing_about_tls():
    plain, secure = (verdict("http_500", code=500, is_tls=is_tls) for is_tls in (False, True))

    assert plain.evidence == "The receiver answered, so the network is fine."
    assert secure.evidence == "The receiver answered, so the network and TLS are fine."


@pytest.mark.parametrize("error_class, error, title, words", [
    ("protocol_error", failures.CLOSED, "closed instead of an answer", "recognise its webhook-id"),
    ("protocol_error", failures.BROKEN, "was reset", "on the way"),
    ("protocol_error", failures.LARGE_HEAD, "header of the answer was too large", "64 KiB"),
    ("protocol_error", failures.NOT_HTTP, "not valid HTTP", "not valid HTTP"),
    ("tls_error", tls.CLOSED.format(host="a.example.com"), "secure connection", "speaks plain http"),
    ("tls_error", tls.NO_TLS.format(host="a.example.com"), "secure connection", "speaks plain http"),
    ("tls_error", tls.BROKEN_OFF.format(host="a.example.com"), "secure connection", "speaks plain http"),
    ("tls_error", tls.TOO_OLD.format(host="a.example.com"), "secure connection", "too old"),
    ("tls_error", "The certificate of a.example.com has expired.", "secure connection", "certificate was not"),
    ("deadline", tls.OUT_OF_TIME, "handshake did not end", "speaks plain http"),
    ("deadline", dial.OUT_OF_TIME, "No connection", "Nothing was sent"),
])  # fmt: skip
def test_what_one_class_holds_is_told_apart_by_the_sentence(error_class, error, title, words):
    found = verdict(error_class, error=error)

    assert title in found.title and error in found.evidence and words in found.evidence


def test_a_port_without_tls_is_not_blamed_on_a_certificate():
    found = verdict("tls_error", error=tls.CLOSED.format(host="127.0.0.1"))

    assert "scheme" in found.steps and "renew" not in found.steps


@pytest.mark.parametrize("retry_after, asked_wait, told", [
    ("9999999999", None, "115740 d 17 h, which was cut to 24 h."),
    ("9" * 40, None, "9, which was cut to 24 h."),
    ("86400", None, "1 d."),
    ("Sun, 22 Nov 2099 08:00:00 GMT", timedelta(days=9), "GMT, which was cut to 24 h."),
])  # fmt: skip
def test_a_wait_that_was_cut_is_said_to_be(retry_after, asked_wait, told):
    asked = {"retry_after": retry_after, "asked_wait": asked_wait}
    retrying = verdict("http_429", code=429, status="retrying", **asked)

    assert retrying.steps.endswith(told)
    assert "cut" not in verdict("http_429", code=429, **asked).steps  # nothing waits any more


@pytest.mark.parametrize(
    "retry_after, told",
    [
        ("240", "4 m"),
        ("Sun, 22 Nov 2026 08:00:00 GMT", "Sun, 22 Nov 2026 08:00:00 GMT"),
        ("9" * 40, "9" * 40),  # longer than any span there is
        ("١٢", "12 s"),  # digits to Python, and a header may hold them
    ],
)
def test_what_the_receiver_asked_for_is_told(retry_after, told):
    assert told in verdict("http_429", code=429, retry_after=retry_after).steps


def test_a_wait_longer_than_what_was_asked_for_is_explained():
    asked = {"retry_after": "20", "asked_wait": timedelta(seconds=20)}
    floor = {"least_wait": timedelta(seconds=60)}
    said = "20 s. After such an answer at least 1 m is waited all the same."

    assert verdict("http_429", code=429, status="retrying", **asked, **floor).steps.endswith(said)
    assert verdict("http_429", code=429, status="retrying", **asked).steps.endswith("20 s.")
    assert "at least" not in verdict("http_429", code=429, **asked, **floor).steps  # no attempt follows


def test_a_redirect_names_its_place_as_text():
    assert "“javascript:alert(1)”" in verdict("http_302", code=302, location="javascript:alert(1)").steps


def test_our_own_sentence_is_told_where_there_was_no_answer():
    found = verdict(
        "ip_not_public", error="a.example.com resolves only to addresses that are not public: 10.1.2.3"
    )

    assert "10.1.2.3" in found.evidence


@pytest.mark.parametrize(
    "reason, words",
    [
        (candidates.HELD_BECAUSE[State.PAUSED], "is paused"),
        (candidates.HELD_BECAUSE[State.FAILING], "is failing"),
        (candidates.HELD_BECAUSE[State.DISABLED], "is disabled"),
        (unsealed.SECRET_UNREADABLE, "secret cannot be read"),
        (unsealed.SETTINGS_UNUSABLE.format(reason="ValueError: no"), "settings cannot be used"),
        (candidates.FILTER_UNUSABLE.format(reason="name: too long"), "filter could not be evaluated"),
        ("Something new.", "Held"),
    ],
)
def test_every_reason_to_hold_has_a_verdict(reason, words):
    found = diagnose(Facts(Status.HELD, reason=reason))

    assert words in found.title and found.steps


@pytest.mark.parametrize(
    "facts",
    [
        Facts("delivered", error_class=None, attempts=1),
        Facts("delivered", error_class="http_500", attempts=2),
        Facts("pending"),
        Facts("sending"),
    ],
)
def test_where_nothing_is_wrong_nothing_is_said(facts):
    assert diagnose(facts) is None
