"""Which forms do people fill in, besides a listener's? What is allowed in each, and nothing about storage."""

from __future__ import annotations

import re

from flask_wtf import FlaskForm
from wtforms import BooleanField, EmailField, Field, FloatField, Form, PasswordField, StringField
from wtforms.validators import InputRequired, Length, NumberRange, StopValidation

LONGEST = 200
NO_NUMBER = "Write a number, such as 12.5."
_PLAIN = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


def plain(typed: str) -> str:
    """What was typed for a number, of which Python would also take 1_0, inf, and the digits of every script.

    Raises ValueError for what people do not write so.
    """
    if not _PLAIN.fullmatch(typed):
        raise ValueError(typed)
    return typed


def is_number(_form: Form, field: Field) -> None:
    """Where there is no number, there is nothing that could be too large."""
    if field.process_errors:
        raise StopValidation


class AmountField(FloatField):
    """A number; what is none is said once, and in our words."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read what was typed. Raises ValueError with the sentence for the field."""
        try:
            super().process_formdata([plain(typed.strip()) for typed in valuelist])
        except ValueError:
            raise ValueError(NO_NUMBER) from None


class SignInForm(FlaskForm):
    """E-mail and password."""

    email = EmailField("E-mail", [InputRequired("Write your e-mail."), Length(max=254)])
    password = PasswordField("Password", [InputRequired("Write your password."), Length(max=1024)])


class PersonForm(FlaskForm):
    """Somebody of the demo."""

    name = StringField("Name", [InputRequired("Write a name."), Length(max=LONGEST)])
    address = StringField("Address", [Length(max=LONGEST)])


class OrderForm(FlaskForm):
    """An order of the demo."""

    customer = StringField("Customer", [InputRequired("Write who orders."), Length(max=LONGEST)])
    total = AmountField(
        "Total",
        [
            InputRequired(NO_NUMBER),
            is_number,
            NumberRange(0, 1_000_000, "Write a number from 0 to 1,000,000."),
        ],
    )
    country = StringField("Country", [Length(max=LONGEST)])
    paid = BooleanField("Paid")
