"""Does every way to fail get its own verdict and its own next step?"""

from datetime import timedelta

import pytest

from webhooks_app.engine import candidates, unsealed
from webhooks_app.storage.models import State, Status
from webhooks_app.web.delivery_filter import ERROR_CLASSES
from webhooks_app.web.diagnosis import Facts, diagnose


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


def test_a_retrying_one_is_a_warning_and_counts_the_attempts_so_far():
    found = diagnose(Facts("retrying", error_class="read_timeout", attempts=3))

    assert found.level == "warn" and found.title.endswith("on attempt 3.")


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
