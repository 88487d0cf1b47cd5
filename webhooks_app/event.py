"""What can happen? A Hook names a kind of event and the arguments it provides.

A `Hook` is sent by hand, a `SignalHook` by a blinker signal, a `ModelHook` by changes of an SQLAlchemy
model. Define one by subclassing or by `Hook(name=…)`, and register it:

    @hooks.register
    class PersonHook(ModelHook):
        name = "person"
        model = Person
        provides_args = ["name", "address"]

Every hook starts to build listeners: `PersonHook().listener(url=…).match(name="Joe").save()`.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import sqlalchemy as sa
import sqlalchemy.orm
from blinker import ANY, Signal
from wtforms import Form

from webhooks_app import signals
from webhooks_app.arguments import Argument, declared, of_columns
from webhooks_app.attribute_values import keep_old_values, load
from webhooks_app.attributes import check_attributes
from webhooks_app.draft import ListenerDraft
from webhooks_app.errors import BadFilter, BadHook, NotBound
from webhooks_app.match import Filter
from webhooks_app.payload import jsonable
from webhooks_app.registry import Occurrence, hooks

log = logging.getLogger("webhooks_app.hooks")


class Hook:
    """A kind of event. Every attribute may be set in a subclass or given to the constructor.

    Raises BadHook for a name other than 1–128 letters, digits, `_`, `.` and `-`, for an unknown attribute, and
    for a value that is not allowed (see `attributes`).
    """

    name: str = ""  # default: the class's dotted path
    verbose_name: str = ""  # default: made from the name
    description: str = ""  # default: the docstring
    provides_args: Iterable[str] | Mapping[str, type] = ()
    config_form: type[Form] | None = None
    timeout: float | None = None  # seconds, the total of an attempt; None: the setting's
    asynchronous: bool = True
    retry: bool | str | Iterable[Any] = True  # False: one attempt; True: as the setting says; or a schedule
    max_retries: int | None = None  # None: as many as the schedule has
    fail_silently: bool = False

    _attributes: ClassVar[frozenset[str]] = frozenset(
        ("name", "verbose_name", "description", "provides_args", "config_form", "match_forms", "timeout",
         "asynchronous", "retry", "max_retries", "fail_silently", "signal", "model")
    )  # fmt: skip

    def __init__(self, name: str | None = None, **attributes: Any) -> None:
        unknown = set(attributes) - self._attributes
        if unknown:
            raise BadHook(f"A hook has no attribute {sorted(unknown)[0]!r}.")
        for key, value in attributes.items():
            setattr(self, key, value)
        kind = type(self)
        self.name = name or kind.name or f"{kind.__module__}.{kind.__qualname__}".replace("<locals>.", "")
        check_attributes(self)
        self.verbose_name = (
            self.verbose_name or re.sub(r"[._-]+", " ", self.name.rpartition(".")[2]).capitalize()
        )
        self.description = (
            self.description or (kind.__doc__ or "" if kind.__module__ != __name__ else "").strip()
        )

    @property
    def arguments(self) -> tuple[Argument, ...]:
        """The arguments that a filter may ask about, in declared order, each with what is known of its type."""
        return declared(self.provides_args)

    @property
    def match_forms(self) -> type[Form]:
        """The form that asks for one matcher per argument; a hook may set its own."""
        from webhooks_app.match_forms import filter_form_for  # here, because match_forms describes hooks

        return self.__dict__.get("match_forms") or filter_form_for(self)

    @match_forms.setter
    def match_forms(self, form: type[Form]) -> None:
        self.__dict__["match_forms"] = form

    def send(self, sender: Any = None, *, session: Any | None = None, **payload: Any) -> str:
        """Something happened: store one event and, once it is committed, have it delivered.

        Joins the transaction that `session` (default: the application's `db.session`) has begun, and exists
        if and only if that commits; where none is begun, commits by itself. Returns the event's id
        (`evt_…`). Raises UnserializablePayload before anything is stored, NotBound without an engine,
        NotRegistered if no hook of this name is registered, and DeliveryFailed where the hook is synchronous,
        committed by itself and does not fail silently.
        """
        occurrence = Occurrence(self, jsonable(payload), describe_sender(sender))
        port = hooks.port
        hooks[self.name]  # an event of a hook that nobody registered would reach nobody
        return port.publish(occurrence, session=session)

    def listener(self, url: str, **settings: Any) -> ListenerDraft:
        """Begin a listener at `url`; `.match(…)` narrows it, `.save()` keeps it.

        `settings` are `name`, `secret`, the delivery settings (timeout_seconds, retry_schedule,
        rate_limit_per_second, sends_in_flight, body_format, headers); anything else belongs to the
        listener's own configuration, as `config_form` describes it.
        """
        return ListenerDraft(self, url, settings)

    def check_filter(self, filter_: Filter) -> None:
        """Raise BadFilter if the filter asks about an argument that this hook does not provide."""
        known = [argument.name for argument in self.arguments]
        for asked in filter_.arguments:
            if asked not in known and asked.partition(".")[0] not in known:
                provided = ", ".join(known) or "no arguments"
                raise BadFilter(
                    f"The hook {self.name} does not provide {asked!r}; it provides {provided}.",
                    argument=asked,
                )

    def watch(self) -> None:
        """Begin to notice occurrences; a plain hook is sent by hand, so there is nothing to watch."""

    def unwatch(self) -> None:
        """Stop noticing occurrences."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"


class SignalHook(Hook):
    """A hook that a blinker signal sends. Once registered it hears every sender, or those it was connected to."""

    signal: Signal | None = None

    def __init__(self, name: str | None = None, **attributes: Any) -> None:
        super().__init__(name, **attributes)
        self._senders: list[Any] = []
        self._is_watching = False

    def connect(self, sender: Any = ANY) -> None:
        """Hear `sender` (and no longer everyone, if nobody was named before), from the registration on."""
        hook = self._registered()
        if hook is not self:
            hook.connect(sender)
            return
        if sender is not ANY:
            self.disconnect(ANY)
        if sender not in self._senders:
            self._senders.append(sender)
            if self._is_watching:
                self._signal().connect(self._receive, sender=sender, weak=False)

    def disconnect(self, sender: Any = ANY) -> None:
        """Hear `sender` no more."""
        hook = self._registered()
        if hook is not self:
            hook.disconnect(sender)
        elif sender in self._senders:
            self._senders.remove(sender)
            if self._is_watching:
                self._signal().disconnect(self._receive, sender=sender)

    def watch(self) -> None:
        signal = self._signal()
        self._senders = self._senders or [ANY]
        self._is_watching = True
        for sender in self._senders:
            signal.connect(self._receive, sender=sender, weak=False)

    def unwatch(self) -> None:
        for sender in self._senders:
            self._signal().disconnect(self._receive, sender=sender)
        self._senders, self._is_watching = [], False

    def _registered(self) -> SignalHook:
        """The hook that is registered, of which this may be another instance: `PersonHook().connect(…)`."""
        found = hooks.get(self.name)
        return found if not self._is_watching and type(found) is type(self) else self

    def _signal(self) -> Signal:
        if self.signal is None:
            raise BadHook(f"The hook {self.name} has no signal. Set `signal` to a blinker signal.")
        return self.signal

    def _receive(self, sender: Any, **arguments: Any) -> None:
        # A signal may have an argument of that name that is another kind of session: it stays in the payload.
        session = arguments.get("session")
        if isinstance(session, sa.orm.Session | sa.orm.scoped_session | None):
            arguments.pop("session", None)
        else:
            session = None
        try:
            occurrence = self.occurrence(sender, **arguments)
            if occurrence is not None:
                hooks.port.publish(occurrence, session=session)
        except NotBound as error:
            log.warning("The hook %s heard its signal, but: %s", self.name, error)
        except Exception as error:  # noqa: BLE001 (whoever sent the signal must not fail because of a hook)
            hooks.port.report_problem(self, error, session=session)

    def occurrence(self, sender: Any, **arguments: Any) -> Occurrence | None:
        """What the signal's arguments mean, or None for nothing. Only provided arguments go into the payload."""
        wanted = [argument.name for argument in self.arguments]
        payload = {key: value for key, value in arguments.items() if not wanted or key in wanted}
        return Occurrence(self, jsonable(payload), describe_sender(sender))


class ModelHook(SignalHook):
    """A hook that an SQLAlchemy model's changes send: one event per flush and object."""

    model: type[Any] | None = None
    signal = signals.post_save

    @property
    def arguments(self) -> tuple[Argument, ...]:
        """The provided attributes with their columns' types; by default every column with a JSON form but the key."""
        columns = of_columns(sa.inspect(self._model()))
        provided = declared(self.provides_args)
        typed = {argument.name: argument for argument in columns}
        chosen = tuple(one if one.type else typed.get(one.name, one) for one in provided) or columns
        if self.signal is signals.post_save and "created" not in [one.name for one in chosen]:
            chosen += (Argument("created", "boolean"),)
        return chosen

    def watch(self) -> None:
        model = self._model()
        provided = [one.name for one in declared(self.provides_args)]
        keep_old_values(model, provided or model.__mapper__.columns.keys())
        if self.signal is signals.post_delete:
            sa.event.listen(model, "before_delete", self._load, propagate=True)
        super().watch()

    def unwatch(self) -> None:
        if self.signal is signals.post_delete:
            sa.event.remove(self._model(), "before_delete", self._load)
        super().unwatch()

    def _load(self, _mapper: Any, _connection: Any, instance: Any) -> None:
        # A deferred column, or what expired with a commit: once the row is gone nobody can read it.
        load(instance, [one.name for one in self.arguments])

    def occurrence(self, sender: Any, **arguments: Any) -> Occurrence | None:
        instance = arguments["instance"]
        if not isinstance(instance, self._model()):
            return None
        own = self._model().__mapper__.all_orm_descriptors
        names = [one.name for one in self.arguments if one.name != "created" or "created" in own]
        payload = {name: getattr(instance, name, None) for name in names}
        if "created" in arguments:
            payload.setdefault("created", arguments["created"])
        changes = {name: change for name, change in arguments.get("changes", {}).items() if name in names}
        return Occurrence(self, jsonable(payload), describe_sender(sender), changes=jsonable(changes))

    def _model(self) -> type[Any]:
        if self.model is None:
            raise BadHook(f"The hook {self.name} has no model. Set `model` to a mapped class.")
        return self.model


def describe_sender(sender: Any) -> str:
    """The sender as text, at most 200 characters: a class by its path, nothing as an empty string.

    U+0000 and lone surrogates are written out, because PostgreSQL refuses them: a refused INSERT would abort the
    caller's transaction, into which the event goes.
    """
    if sender is None or sender is ANY:
        return ""
    text = f"{sender.__module__}.{sender.__qualname__}" if isinstance(sender, type) else str(sender)
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")[:200]
