"""Do the pages show the values of public headers, and of no other? Row 42 of the security plan."""

import re

import pytest

from tests.web.conftest import page, text_of

URL = "http://127.0.0.1:9999/receiver"


@pytest.fixture
def address(make_listener):
    listener = make_listener(
        url=URL, headers={"x-key": "top secret", "x-team": "sales"}, public_headers=["x-team"]
    )
    return f"/listeners/lsn_{listener.id}"


def test_a_public_value_is_shown_to_everybody(viewer, address):
    text = page(viewer, address)

    assert "<code>x-team</code>: <code>sales</code>" in text
    assert '<code>x-key</code>: <span class="muted">hidden</span>' in text and "top secret" not in text


def test_the_form_shows_it_too_and_hides_the_others(operator, address):
    text = page(operator, f"{address}/edit")

    assert re.search(r"x-key: \(hidden\)\s+x-team: sales</textarea>", text)
    assert re.search(r'name="public_headers"[^>]* value="x-team"', text)


def test_a_hidden_value_is_not_read_by_marking_it(operator, address):
    data = {"url": URL, "headers": "x-key: (hidden)\nx-team: sales", "public_headers": "x-key, x-team"}

    answer = operator.post(f"{address}/edit", data=data)

    assert answer.status_code == 422 and "Write the value of x-key" in answer.text
    assert "top secret" not in text_of(answer) + page(operator, address)


def test_one_that_is_written_anew_is_shown(operator, address):
    data = {"url": URL, "version": "1", "headers": "x-key: 7\nx-team: (hidden)", "public_headers": "X-Key"}

    answer = operator.post(f"{address}/edit", data=data, follow_redirects=True)

    assert "<code>x-key</code>: <code>7</code>" in answer.text
    assert '<code>x-team</code>: <span class="muted">hidden</span>' in answer.text


def test_a_name_that_is_no_header_is_told_at_its_field(operator):
    data = {"url": URL, "headers": "x-team: sales", "public_headers": "x-tem"}

    answer = operator.post("/hooks/person/listeners/new", data=data)

    assert answer.status_code == 422 and 'id="public_headers-error"' in answer.text
