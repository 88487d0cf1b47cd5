"""Which forms do people fill in, besides a listener's? What is allowed in each, and nothing about storage."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import EmailField, PasswordField
from wtforms.validators import InputRequired, Length


class SignInForm(FlaskForm):
    """E-mail and password."""

    email = EmailField("E-mail", [InputRequired("Write your e-mail."), Length(max=254)])
    password = PasswordField("Password", [InputRequired("Write your password."), Length(max=1024)])


class Form(FlaskForm):
    """A form of buttons only: it asks for nothing but its CSRF token."""
