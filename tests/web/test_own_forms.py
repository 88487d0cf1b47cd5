"""Does a listener's form stand whatever forms its hook brings along?"""

from __future__ import annotations

import pytest
from wtforms import Form, SelectField, StringField
from wtforms.validators import InputRequired

from tests.web.conftest import page
from webhooks_app.event import Hook
from webhooks_app.storage.queries import listeners as queries

URL = "http://127.0.0.1:9999/receiver"
NEW = "/hooks/own/listeners/new"


class OnlyA(Form):
    """No row for the argument b."""

    a_cond = SelectField(choices=["any", "is"], default="any")
    a_query = StringField()


class NoRow(Form):
    note = StringField()


class ConditionAlone(Form):
    """A matcher without a place for its value."""

    a_cond = SelectField(choices=["any", "is"], default="any")


class NamedLikeProperties(Form):
    data = StringField("Data", [InputRequired("Write some.")])
    errors = StringField("Errors")


def saved(engine):
    with engine.sessions() as session:
        return queries.all(session)


def own(engine, **attributes):
    engine.hooks.register(Hook(name="own", **attributes))


@pytest.mark.parametrize("form", [OnlyA, NoRow, ConditionAlone])
def test_an_argument_without_a_row_is_left_out_of_the_form_and_asked_about_beside_it(operator, engine, form):
    own(engine, provides_args=["a", "b"], match_forms=form)
    shown = page(operator, NEW)
    further = '{"b": {"is": "x"}}'

    answer = operator.post(
        NEW, data={"url": URL, "match-a_cond": "is", "match-a_query": "y", "filter_json": further}
    )

    assert ("match-a_query" in shown) == (form is OnlyA)
    assert "match-b_cond" not in shown
    assert answer.status_code == 303
    asked = {"a": {"is": "y"}} if form is OnlyA else {}
    assert saved(engine)[0].filter == {**asked, "b": {"is": "x"}}


def test_a_form_without_a_row_does_not_say_that_there_are_no_arguments(operator, engine):
    own(engine, provides_args=["a"], match_forms=NoRow)

    assert "declares no arguments" not in page(operator, NEW)


@pytest.mark.parametrize(
    ("asked", "kept"),
    [
        ({"a": {"is": "y"}, "b": {"is": "x"}}, "&#34;b&#34;"),
        ({"a": {"startswith": "y"}}, "&#34;startswith&#34;"),  # which the row does not offer
    ],
)
def test_editing_keeps_a_condition_that_no_row_can_show(operator, engine, make_listener, asked, kept):
    own(engine, provides_args=["a", "b"], match_forms=OnlyA)
    listener = make_listener(hook="own", url=URL, filter=asked)

    shown = page(operator, f"/listeners/lsn_{listener.id}/edit")

    assert kept in shown.partition('name="filter_json"')[2].partition("</textarea>")[0]


def test_a_configuration_may_have_fields_called_data_and_errors(operator, engine):
    own(engine, config_form=NamedLikeProperties)

    refused = operator.post(NEW, data={"url": URL, "config-errors": "none"})
    answer = operator.post(NEW, data={"url": URL, "config-data": "some", "config-errors": "none"})

    assert refused.status_code == 422
    assert "Write some." in refused.text
    assert answer.status_code == 303
    assert saved(engine)[0].config == {"data": "some", "errors": "none"}
