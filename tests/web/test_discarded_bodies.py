"""Do the pages say that a listener's answers are discarded? Row 32 of the security plan."""

import pytest

from tests.web.conftest import page
from webhooks_app.storage.models import DISCARD


@pytest.fixture
def discarded(make_listener, make_delivery, add_attempt):
    delivery = make_delivery(
        listener=make_listener(answer_bodies="discard"), status="delivered", attempt_count=1
    )
    add_attempt(delivery, response_body=None, truncated=DISCARD)
    return f"/deliveries/dlv_{delivery.id}"


def test_the_page_says_why_there_is_no_body(operator, discarded):
    text = page(operator, discarded)

    assert "It was discarded, because the listener&#39;s settings say so." in text.replace("'", "&#39;")
    assert "The answer had no body" not in text


def test_there_is_no_file_of_it_and_one_of_the_request(operator, discarded):
    assert operator.get(f"{discarded}/attempts/1/response").status_code == 404
    assert operator.get(f"{discarded}/attempts/1/request").status_code == 200


def test_a_viewer_is_told_no_more_than_of_any_body(viewer, discarded):
    assert "Bodies are shown to operators and admins only." in page(viewer, discarded)


def test_it_is_chosen_in_the_form_and_shown_on_the_listeners_page(operator, engine):
    data = {"url": "http://127.0.0.1:9999/receiver", "answer_bodies": "discard"}

    made = operator.post("/hooks/person/listeners/new", data=data)

    assert "<dt>Bodies of answers</dt><dd>discarded</dd>" in page(operator, made.location)
    assert '<option selected value="discard">' in page(operator, f"{made.location}/edit")
