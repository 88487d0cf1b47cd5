"""How is a listener's signing secret turned on its page, and how long does the old one sign? Row 38."""

import re

import pytest

from tests.web.conftest import page


def address(listener, act=""):
    return f"/listeners/lsn_{listener.id}{act}"


def test_a_sixth_live_secret_is_refused_in_words_and_had_by_stopping_the_others(operator, make_listener):
    listener = make_listener()
    for _ in range(4):
        operator.post(address(listener, "/rotate-secret"))

    refused = operator.post(address(listener, "/rotate-secret"), follow_redirects=True)
    at_once = operator.post(
        address(listener, "/rotate-secret"), data={"overlap_seconds": "0"}, follow_redirects=True
    )

    assert "secrets of this listener still sign" in refused.text
    assert "secret-value" in at_once.text and "Signs until" not in at_once.text


def test_how_long_the_old_secret_signs_is_chosen_and_24_hours_if_not(operator, make_listener):
    text = page(operator, address(make_listener()))

    offered = re.findall(r'<option (selected )?value="(\d+)">', text)
    assert [value for _, value in offered] == ["0", "3600", "86400", "259200", "604800"]
    assert [value for selected, value in offered if selected] == ["86400"]


@pytest.mark.parametrize("typed", ["1", "-1", "x", "604801"])
def test_another_overlap_than_those_of_the_list_turns_nothing(operator, make_listener, typed):
    listener = make_listener()

    answer = operator.post(address(listener, "/rotate-secret"), data={"overlap_seconds": typed})

    assert answer.status_code == 400
    assert "secret-value" not in page(operator, address(listener))


def test_a_viewer_is_not_asked(viewer, make_listener):
    assert "overlap_seconds" not in page(viewer, address(make_listener()))
