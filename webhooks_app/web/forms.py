"""Which forms do people fill in, besides a listener's? What is allowed in each, and nothing about storage."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import BooleanField, EmailField, FloatField, PasswordField, StringField
from wtforms.validators import InputRequired, Length, NumberRange

LONGEST = 200


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
    total = FloatField("Total", [InputRequired("Write a number, such as 12.5."), NumberRange(0, 1_000_000)])
    country = StringField("Country", [Length(max=LONGEST)])
    paid = BooleanField("Paid")
