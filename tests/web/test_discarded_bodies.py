"""Do the pages say that a listener's answers are not kept? Row 32 of the security plan."""

import pytest

from tests.web.conftest import page


@pytest.fixture
def dropped(make_listener, make_delivery, add_attempt):
    delivery = make_delivery(
        listener=make_listener(answer_bodies="discard"), status="delivered", attempt_count=1
    )
    add_attempt(delivery, response_body=None, truncated="dropped")
    return f"/deliveries/dlv_{delivery.id}"


def test_the_page_says_why_there_is_no_body(operator, dropped):
    text = page(operator, dropped)

    assert "It was not kept, because the listener&#39;s settings say so." in text.replace("'", "&#39;")
    assert "The answer had no body" not in text


def test_there_is_no_file_of_it_and_one_of_the_request(operator, dropped):
    assert operator.get(f"{dropped}/attempts/1/response").status_code == 404
    assert operator.get(f"{dropped}/attempts/1/request").status_code == 200


def test_a_viewer_is_told_no_more_than_of_any_body(viewer, dropped):
    assert "Bodies are shown to operators and admins only." in page(viewer, dropped)


def test_it_is_chosen_in_the_form_and_shown_on_the_listeners_page(operator, engine):
    data = {"url": "http://127.0.0.1:9999/receiver", "answer_bodies": "discard"}

    made = operator.post("/hooks/person/listeners/new", data=data)

    assert "<dt>Bodies of answers</dt><dd>not kept</dd>" in page(operator, made.location)
    assert '<option selected value="discard">' in page(operator, f"{made.location}/edit")
