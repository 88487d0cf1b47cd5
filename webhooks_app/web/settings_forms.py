"""Which forms let programs and people in? What is asked for each, and nothing about storage."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Self

from flask_wtf import FlaskForm
from wtforms import EmailField, HiddenField, PasswordField, SelectChoice, SelectField, StringField
from wtforms.validators import InputRequired, Length

from webhooks_app.errors import Refused
from webhooks_app.storage.ids import bare, new_id
from webhooks_app.storage.people import Role, Scope

LIVES = {"": "Never", "7": "In a week", "30": "In 30 days", "90": "In 90 days", "365": "In a year"}


class MakingForm(FlaskForm):
    """A form that makes one row, however often it is sent."""

    made_as = HiddenField()  # the id of the new row

    @classmethod
    def anew(cls) -> Self:
        """The empty form."""
        return cls(formdata=None, made_as=new_id())

    @property
    def row_id(self) -> str | None:
        """The id that the form was drawn with; None where it was made up."""
        return bare(self.made_as.data)


class TokenForm(MakingForm):
    """A new API token."""

    name = StringField("Name", [InputRequired("Write what uses the token."), Length(max=200)])
    scope = SelectField(
        "Scope", choices=[SelectChoice(scope.value, scope.value.capitalize()) for scope in Scope]
    )
    expires = SelectField(
        "Expires", choices=[SelectChoice(days, words) for days, words in LIVES.items()], default=""
    )

    def expires_at(self, now: datetime) -> datetime | None:
        """The moment from which it opens nothing; None for never."""
        days = self.expires.data
        return now + timedelta(days=int(days)) if days else None


class UserForm(MakingForm):
    """A new user; they sign in by a link."""

    email = EmailField("E-mail", [InputRequired("Write their e-mail."), Length(max=254)])
    role = SelectField("Role", choices=[SelectChoice(role.value, role.value.capitalize()) for role in Role])


class PasswordForm(FlaskForm):
    """A user's own new password; `current_password` is taken away where they have just come by a link."""

    current_password = PasswordField("Current password", [InputRequired("Write your current password.")])
    password = PasswordField("New password", [InputRequired("Write a new password.")])


def show_refusal(form: FlaskForm, refusal: Refused) -> None:
    """Put what the engine refused beside the fields it is about."""
    for error in refusal.errors:
        found = form[error.field] if error.field in form else next(iter(form))
        found.errors = [*found.errors, error.message]
