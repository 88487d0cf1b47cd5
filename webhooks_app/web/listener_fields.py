"""Which fields has a listener's form, besides its filter? And how is what they hold written and read?

What a listener may be is decided by the engine; these fields only turn text into numbers and headers.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask_wtf import FlaskForm
from wtforms import Field, Form, HiddenField, SelectChoice, SelectField, StringField, TextAreaField, URLField
from wtforms.validators import InputRequired
from wtforms.widgets import TextInput

from webhooks_app.engine.message import BODY_FORMATS
from webhooks_app.engine.signing_keys import LONGEST_OVERLAP, OVERLAP
from webhooks_app.engine.wanted import ANSWER_BODIES
from webhooks_app.web.forms import plain

NO_RETRY = "none"
"""How people write the schedule of a single attempt; nothing at all means: as the hook or the settings say."""

_OVERLAPS = [
    SelectChoice(int(overlap.total_seconds()), words)
    for overlap, words in (
        (timedelta(), "at once"),
        (timedelta(hours=1), "after 1 hour"),
        (OVERLAP, f"after {OVERLAP // timedelta(hours=1)} hours"),
        (timedelta(days=3), "after 3 days"),
        (LONGEST_OVERLAP, f"after {LONGEST_OVERLAP.days} days"),
    )
]
_FORMATS = [SelectChoice(*pair) for pair in BODY_FORMATS.items()]
_BODIES = [SelectChoice(*pair) for pair in ANSWER_BODIES.items()]


class Number(Field):
    """A number, or nothing. `whole`: without a fraction."""

    widget = TextInput()
    data: Any

    def __init__(self, label: str, *, whole: bool = False, **options: Any) -> None:
        super().__init__(label, **options)
        self.whole = whole

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        # The shortest text that is read as the same number: a form that is saved unchanged changes nothing.
        return "" if self.data is None else repr(self.data).removesuffix(".0")

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read what was typed."""
        typed = valuelist[0].strip() if valuelist else ""
        try:
            self.data = (int(plain(typed)) if self.whole else float(plain(typed))) if typed else None
        except ValueError:
            self.data = None
            raise ValueError("Write a whole number." if self.whole else "Write a number.") from None


class Headers(TextAreaField):
    """`Name: value`, one a line; the data are the pairs, those that are stored as they may be shown."""

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "\n".join(f"{name}: {value}" for name, value in (self.data or {}).items())

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the lines."""
        found: dict[str, str] = {}
        for line in (valuelist[0] if valuelist else "").splitlines():
            if not line.strip():
                continue
            name, colon, value = line.partition(":")
            if not colon:
                raise ValueError(f'Write "Name: value", one a line; "{line[:40]}" has no colon.')
            if name.strip() in found:
                raise ValueError(f"The header {name.strip()} is given twice.")
            found[name.strip()] = value.strip()
        self.data = found


class Names(StringField):
    """Names with commas between; the data are the names."""

    data: Any

    def _value(self) -> str:
        return str(self.raw_data[0]) if self.raw_data else ", ".join(self.data or ())

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read what was typed."""
        self.data = [name.strip() for name in ",".join(valuelist).split(",") if name.strip()]


class ListenerForm(FlaskForm):
    """Where to send, and how."""

    version = HiddenField()
    made_as = HiddenField()  # the id of the new listener, so that a form sent twice makes one
    url = URLField("Listener URL", [InputRequired("Write the address that takes the deliveries.")])
    name = StringField("Name")
    timeout_seconds = Number("Timeout")
    retry_schedule = StringField("Retry schedule")
    rate_limit_per_second = Number("Rate limit")
    sends_in_flight = Number("Sends in flight", whole=True)
    body_format = SelectField("Body format", choices=_FORMATS, default="plain")
    answer_bodies = SelectField("Bodies of answers", choices=_BODIES, default="keep")
    headers = Headers("Headers")
    public_headers = Names("Public headers")
    trusted_ca = TextAreaField("Trusted authorities")


class TurnForm(Form):
    """How long the old secret signs beside a new one."""

    overlap_seconds = SelectField(
        "The old secret stops signing", coerce=int, choices=_OVERLAPS, default=int(OVERLAP.total_seconds())
    )


def schedule_typed(stored: str | None) -> str:
    """A listener's schedule as it stands in the form."""
    return "" if stored is None else stored or NO_RETRY


def schedule_meant(typed: str | None) -> str | None:
    """What was typed as a listener keeps it."""
    text = (typed or "").strip()
    return "" if text.lower() == NO_RETRY else text or None
