"""What can go wrong, by name.

One tree; each class's docstring is its message:

    WebhooksError
    ├── AlreadyRegistered        two hooks of one name
    ├── NotRegistered            no hook of that name
    ├── NotBound                 used before create_app or Webhooks
    ├── BadHook                  a hook that cannot be made
    ├── HooksModuleError         a module of hooks cannot be imported
    ├── UnserializablePayload    a payload that is not JSON
    ├── DeliveryFailed           a synchronous first attempt failed
    ├── SettingError             a setting's value is not allowed
    ├── CannotStart              `webhooks up` finds something in its way
    ├── BadFilter                a filter that cannot be made
    ├── FilterUnusable           a filter that cannot be evaluated on this event
    ├── Refused                  fields with their codes and sentences
    ├── NotFound                 no such listener, event, delivery …
    ├── Conflict                 the state does not allow it
    ├── SecretUnavailable        a secret cannot be read with today's keys
    └── Unavailable              nothing can be taken just now; later it can
"""

from __future__ import annotations

from dataclasses import dataclass


class WebhooksError(Exception):
    """Something went wrong that this package knows by name."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or type(self).__doc__)


class AlreadyRegistered(WebhooksError):
    """A hook of this name is already registered."""


class NotRegistered(WebhooksError, KeyError):
    """No hook of this name is registered."""

    # KeyError shows its argument's repr, which would put the sentence in quotes.
    def __str__(self) -> str:
        return str(self.args[0])


class NotBound(WebhooksError):
    """The hooks are not bound to an engine. Call create_app() or Webhooks(app, …) first."""


class BadHook(WebhooksError, ValueError):
    """The hook cannot be made."""


class HooksModuleError(WebhooksError):
    """A module of hooks cannot be imported."""


class UnserializablePayload(WebhooksError, TypeError):
    """The payload cannot be written as JSON."""


class DeliveryFailed(WebhooksError):
    """The first attempt failed; the workers will try again."""


class SettingError(WebhooksError):
    """A setting has a value that is not allowed."""


class CannotStart(WebhooksError):
    """The processes cannot be started."""


class BadFilter(WebhooksError, ValueError):
    """The filter cannot be made."""

    def __init__(self, message: str | None = None, *, argument: str | None = None) -> None:
        super().__init__(message)
        self.argument = argument


class FilterUnusable(WebhooksError):
    """The filter cannot be evaluated."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """One refused field: its name, a code for programs and a sentence for people."""

    field: str
    code: str
    message: str


class Refused(WebhooksError):
    """What was given cannot be accepted."""

    def __init__(self, *errors: FieldError) -> None:
        super().__init__("; ".join(f"{error.field}: {error.message}" for error in errors))
        self.errors = errors


class NotFound(WebhooksError):
    """There is nothing with this id."""


class Conflict(WebhooksError):
    """The present state does not allow this."""


class SecretUnavailable(WebhooksError):
    """The secret cannot be read with the encryption keys of this process."""


class Unavailable(WebhooksError):
    """This cannot be taken just now."""

    def __init__(self, message: str | None = None, *, retry_after_seconds: int = 30) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds
