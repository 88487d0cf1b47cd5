"""What has a person filled in about a listener? Its fields, its filter and its hook's own fields, as one.

The engine decides what is accepted; here its errors find their fields.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from werkzeug.datastructures import MultiDict
from wtforms import Form, TextAreaField
from wtforms.form import BaseForm

from webhooks_app.engine import Engine
from webhooks_app.engine.configuration import values_of
from webhooks_app.engine.headers import hidden, with_kept
from webhooks_app.engine.listeners import Wanted, check
from webhooks_app.errors import BadFilter, FieldError, Refused
from webhooks_app.event import Hook
from webhooks_app.match import Exists, Filter
from webhooks_app.match_forms import VALUE_TYPES, field_of, filter_of, rows_for
from webhooks_app.storage.ids import new_id
from webhooks_app.storage.models import Listener
from webhooks_app.web.listener_fields import ListenerForm, schedule_meant, schedule_typed
from webhooks_app.web.preview import Seen

FILTER_PREFIX = "match-"
CONFIG_PREFIX = "config-"

NO_FILTER = (
    "The stored filter cannot be read, and none would mean every event. Write the conditions anew, "
    "or {} here if every event is meant."
)


class FurtherForm(Form):
    """Conditions that no row can show: nested names, several on one argument."""

    filter_json = TextAreaField("Further conditions, as JSON")


class ListenerDraft:
    """The forms of one hook's listener, empty, filled from a listener, or as they were sent."""

    def __init__(
        self,
        hook: Hook,
        *,
        sent: MultiDict[str, str] | None = None,
        wanted: Wanted | None = None,
        version: int | None = None,
        seen: Mapping[str, Seen] | None = None,
    ) -> None:
        rows, further = rows_for(hook, wanted.filter) if wanted else ({}, Filter({}))
        self.hook = hook
        self.form = ListenerForm(formdata=sent, data=_typed(wanted, version))
        self.rows: Any = hook.match_forms(
            sent, prefix=FILTER_PREFIX, data={**_presets(hook, seen or {}), **rows}
        )
        self.further = FurtherForm(sent, data={"filter_json": _as_text(further)})
        self.config: Form | None = _config_form(hook, sent, wanted)
        self.filter: Filter | None = wanted.filter if wanted else Filter({})
        self._strangers = _strangers(hook, sent)
        self.is_valid = sent is not None and self._read()

    @property
    def forms(self) -> tuple[BaseForm | None, ...]:
        """Every form of the page, for the summary of errors."""
        return self.form, self.rows, self.further, self.config

    def have_mended(self, text: str) -> None:
        """Show a stored filter that cannot be read where it can be mended; nothing is known of what it takes."""
        self.further.filter_json.data = text
        self.filter = None

    def refuse_no_filter(self) -> None:
        """Take no empty filter in place of one that cannot be read: it would mean every event."""
        is_empty = self.filter == Filter({})
        if is_empty and not (self.further.filter_json.data or "").strip():
            self.further.filter_json.errors = [NO_FILTER]
            self.is_valid = False

    def wanted(self, *, stored: Wanted | None = None) -> Wanted:
        """The listener that is asked for; what cannot be read has its error already and is left out.

        Headers that were left hidden have the values of the `stored` one.
        """
        form, public = self.form, self.form.public_headers.data or []
        headers = with_kept(
            form.headers.data or {},
            stored.headers if stored else {},
            public=public,
            was_public=stored.public_headers if stored else (),
        )
        return Wanted(
            url=form.url.data or "",
            name=form.name.data or "",
            filter=self.filter or Filter({}),
            timeout_seconds=form.timeout_seconds.data,
            retry_schedule=schedule_meant(form.retry_schedule.data),
            rate_limit_per_second=form.rate_limit_per_second.data,
            sends_in_flight=form.sends_in_flight.data,
            body_format=form.body_format.data or "plain",
            answer_bodies=form.answer_bodies.data or "keep",
            headers=headers,
            public_headers=public,
            trusted_ca=form.trusted_ca.data or None,
            kept_ca=stored.kept_ca if stored else None,
            config=_values(self.config),
        )

    def is_accepted(self, engine: Engine, *, stored: Wanted | None = None) -> bool:
        """Whether the engine would take it; if not, every error stands at its field."""
        try:
            check(engine, self.hook, self.wanted(stored=stored))
        except Refused as refused:
            self.show(refused.errors)
            return False
        return self.is_valid

    def show(self, errors: Iterable[FieldError]) -> None:
        """Put the engine's errors to their fields."""
        for error in errors:
            field = self._field(error.field)
            if not field.errors:
                field.errors = [error.message]

    def _read(self) -> bool:
        is_valid: bool = self.form.validate()
        if self.config is not None and not self.config.validate():
            is_valid = False
        self.filter = self._filter()
        return is_valid and self.filter is not None

    def _filter(self) -> Filter | None:
        asked = filter_of(self.rows, self.hook.arguments)
        if self._strangers:
            # Without them the listener would get more than was asked for, perhaps every event.
            self.further.filter_json.errors = self._strangers
            return None
        try:
            further = Filter.from_json((self.further.filter_json.data or "").strip() or "{}")
            self.hook.check_filter(further)
            return None if asked is None else asked & further
        except BadFilter as error:
            self.further.filter_json.errors = [str(error)]
            return None

    def _field(self, name: str) -> Any:
        kind, _, rest = name.partition(".")
        if kind == "filter":
            return field_of(self.rows, f"{rest}_query") or self.further.filter_json
        if kind == "config" and self.config is not None and rest in self.config:
            return self.config[rest]
        return field_of(self.form, name) or self.form.url


def _strangers(hook: Hook, sent: MultiDict[str, str] | None) -> list[str]:
    """A sentence for each row of an argument that the hook does not provide: of a form that is older than it."""
    if sent is None:
        return []
    known = {argument.name for argument in hook.arguments}
    found = []
    for key, matcher in sent.items():
        name = key.removeprefix(FILTER_PREFIX).removesuffix("_cond")
        if key != f"{FILTER_PREFIX}{name}_cond" or name in known or matcher in ("", "any"):
            continue
        try:
            hook.check_filter(Filter({name: (Exists(),)}))
        except BadFilter as error:
            typed = sent.get(f"{FILTER_PREFIX}{name}_query", "")
            found.append(f"{error} Your form, which is older, asked: {name} {matcher} {typed}".rstrip() + ".")
    return found


def _typed(wanted: Wanted | None, version: int | None) -> dict[str, Any]:
    if wanted is None:
        return {}
    return {
        "version": version,
        "made_as": new_id(),
        "url": wanted.url,
        "name": wanted.name,
        "timeout_seconds": wanted.timeout_seconds,
        "retry_schedule": schedule_typed(wanted.retry_schedule),
        "rate_limit_per_second": wanted.rate_limit_per_second,
        "sends_in_flight": wanted.sends_in_flight,
        "body_format": wanted.body_format,
        "answer_bodies": wanted.answer_bodies,
        "headers": hidden(wanted.headers, public=wanted.public_headers),
        "public_headers": wanted.public_headers,
        "trusted_ca": wanted.trusted_ca or "",
    }


def _presets(hook: Hook, seen: Mapping[str, Seen]) -> dict[str, str]:
    """The type that each argument's last events had, where the hook declares none."""
    known = {word for word, _label in VALUE_TYPES}
    return {
        f"{argument.name}_type": seen[argument.name].type
        for argument in hook.arguments
        if not argument.type and argument.name in seen and seen[argument.name].type in known - {"null"}
    }


def _config_form(hook: Hook, sent: Any, wanted: Wanted | None) -> Form | None:
    if hook.config_form is None:
        return None
    # A FlaskForm among them would ask for a CSRF token of its own.
    return hook.config_form(
        sent, prefix=CONFIG_PREFIX, data=dict(wanted.config) if wanted else None, meta={"csrf": False}
    )


def _values(config: Form | None) -> dict[str, Any]:
    """The hook's own fields, without those that were left empty."""
    return (
        {}
        if config is None
        else {name: value for name, value in values_of(config).items() if value not in (None, "")}
    )


def _as_text(further: Filter) -> str:
    return json.dumps(further.to_json(), indent=2, ensure_ascii=False) if further.asked else ""


def filter_of_listener(listener: Listener) -> Filter | None:
    """The listener's filter; None for one that cannot be read any more."""
    try:
        return Filter.from_json(listener.filter)
    except BadFilter:
        return None
