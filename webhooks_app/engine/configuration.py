"""Is a listener's own configuration what its hook's `config_form` asks for?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wtforms import Form
from wtforms.form import BaseForm

from webhooks_app.errors import FieldError, Refused, UnserializablePayload
from webhooks_app.event import Hook
from webhooks_app.payload import jsonable


class _Answers(dict[str, list[Any]]):
    """The values as WTForms reads them: as if a browser had sent them."""

    def getlist(self, name: str) -> list[Any]:
        return self.get(name, [])


def checked_config(hook: Hook, config: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration as the hook's form understands it, as JSON.

    Raises Refused with an error a field, `config.<field>`; its codes: unknown_field, config.
    """
    form = None if hook.config_form is None else hook.config_form(formdata=_answers(config))
    given = {} if form is None else values_of(form)
    known = given.keys() - {"csrf_token"}
    unknown = [name for name in config if name not in known]
    if unknown:
        raise Refused(*(_unknown(hook, name) for name in unknown))
    if form is None:
        return {}
    if not form.validate():
        raise Refused(
            *(
                FieldError(f"config.{name}", "config", str(sentence))
                for name, sentences in BaseForm.errors.fget(form).items()
                for sentence in sentences
            )
        )
    try:
        return dict(jsonable({name: value for name, value in given.items() if name in known}))
    except UnserializablePayload as error:
        raise Refused(FieldError("config", "config", str(error))) from error


def values_of(form: Form) -> dict[str, Any]:
    """What stands in the form's fields, also where one of them is called data and took the property's place."""
    values: dict[str, Any] = BaseForm.data.fget(form)
    return values


def _answers(config: Mapping[str, Any]) -> _Answers:
    # What is false or missing is not sent at all, as with an empty box in a browser.
    return _Answers(
        {
            name: [str(item) for item in (value if isinstance(value, list) else [value])]
            for name, value in config.items()
            if value is not None and value is not False
        }
    )


def _unknown(hook: Hook, name: str) -> FieldError:
    return FieldError(
        f"config.{name}", "unknown_field", f"Listeners of {hook.name} have no setting {name!r}."
    )
