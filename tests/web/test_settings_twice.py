"""Does a form of the settings that is sent twice make one token, and one user?"""

import re

import pytest
import sqlalchemy as sa

from tests.web.conftest import page
from webhooks_app.storage.people import ApiToken, User

FORMS = [
    ("/settings/tokens", {"name": "CI", "scope": "read"}, ApiToken, "This token has been made already."),
    ("/settings/users", {"email": "ann@example.com", "role": "viewer"}, User, "has been added already."),
]


@pytest.fixture
def count(engine):
    def count_of(model):
        with engine.sessions() as session:
            return session.scalar(sa.select(sa.func.count()).select_from(model))

    return count_of


def drawn(browser, url):
    """What the form of a page hides."""
    return {"made_as": re.search(r'name="made_as" type="hidden" value="(\w{32})"', page(browser, url))[1]}


@pytest.mark.parametrize("url, data, model, words", FORMS)
def test_a_form_that_is_sent_twice_makes_one(admin, count, url, data, model, words):
    before, data = count(model), {**data, **drawn(admin, url)}

    first, second = (admin.post(url, data=data) for _ in range(2))

    assert count(model) == before + 1 and first.location == second.location
    assert words in page(admin, second.location)


def test_a_form_that_is_opened_anew_makes_another(admin, count):
    for _ in range(2):
        admin.post("/settings/tokens", data={**FORMS[0][1], **drawn(admin, "/settings/tokens")})

    assert count(ApiToken) == 2


def test_an_id_that_was_made_up_is_not_used(admin, engine):
    admin.post("/settings/tokens", data={**FORMS[0][1], "made_as": "../mine"})

    with engine.sessions() as session:
        assert re.fullmatch(r"\w{32}", session.scalars(sa.select(ApiToken.id)).one())
