"""Does a listener's form stand whatever forms its hook brings along?"""

from __future__ import annotations

from wtforms import Form, StringField
from wtforms.validators import InputRequired

from webhooks_app.event import Hook
from webhooks_app.storage.queries import listeners as queries

URL = "http://127.0.0.1:9999/receiver"
NEW = "/hooks/own/listeners/new"


class NamedLikeProperties(Form):
    data = StringField("Data", [InputRequired("Write some.")])
    errors = StringField("Errors")


def saved(engine):
    with engine.sessions() as session:
        return queries.all(session)


def own(engine, **attributes):
    engine.hooks.register(Hook(name="own", **attributes))


def test_a_configuration_may_have_fields_called_data_and_errors(operator, engine):
    own(engine, config_form=NamedLikeProperties)

    refused = operator.post(NEW, data={"url": URL, "config-errors": "none"})
    answer = operator.post(NEW, data={"url": URL, "config-data": "some", "config-errors": "none"})

    assert refused.status_code == 422
    assert "Write some." in refused.text
    assert answer.status_code == 303
    assert saved(engine)[0].config == {"data": "some", "errors": "none"}
