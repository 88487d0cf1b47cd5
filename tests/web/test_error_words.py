"""Is a failure called the same on every page?"""

import pytest

from tests.web.conftest import page
from tests.web.test_dashboard import nothing_is_kept  # noqa: F401 (a fixture)
from webhooks_app.engine import failures
from webhooks_app.web.error_words import ERROR_CLASSES, error_word


def test_every_error_class_has_its_words():
    assert set(ERROR_CLASSES) == set(failures.CLASSES)


@pytest.mark.parametrize("error_class, error, words", [
    ("http_500", "The receiver answered 500 Internal Server Error.", "Answered 500"),
    ("dns_failure", None, "DNS failure"),
    ("something_new", None, "Something new"),
    ("protocol_error", None, "Not valid HTTP"),
    ("protocol_error", failures.CLOSED, "Connection closed"),
    ("protocol_error", failures.BROKEN, "Connection broken"),
    ("protocol_error", failures.LARGE_HEAD, "Header too large"),
    (None, None, ""),
])  # fmt: skip
def test_an_error_is_a_few_words(error_class, error, words):
    assert error_word(error_class, error) == words


@pytest.mark.parametrize("error_class, error, words", [
    ("deadline", "There was no complete answer within 15 seconds.", "Out of time"),
    ("protocol_error", failures.CLOSED, "Connection closed"),
])  # fmt: skip
def test_every_page_has_the_same_words(
    viewer, make_delivery, add_attempt, make_listener, error_class, error, words
):
    listener = make_listener()
    wrong = {"last_error_class": error_class, "attempt_count": 1}
    delivery = make_delivery(listener=listener, status="failed", **wrong)
    add_attempt(delivery, status_code=None, error_class=error_class, error=error)

    for address in (
        "/", "/listeners", "/hooks/person", f"/listeners/lsn_{listener.id}", "/deliveries",
        f"/deliveries/dlv_{delivery.id}",
    ):  # fmt: skip
        text = page(viewer, address)
        assert words in text, address
        assert f">{error_class.replace('_', ' ')}" not in text, address
