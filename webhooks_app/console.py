"""What does a door find in its application? The Console: the engine, the settings and who is served."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa
from flask import Flask, current_app

from webhooks_app.engine import Engine
from webhooks_app.settings import Settings


@dataclass(frozen=True, slots=True)
class Console:
    """One console. Inside another application `url_prefix` is where it stands, else "", and `is_host_admin`,
    if given, says who may use it.
    """

    app: Flask
    engine: Engine
    settings: Settings
    sa_engine: sa.Engine
    is_host_admin: Callable[[], bool] | None = None
    url_prefix: str = ""

    @property
    def is_guest(self) -> bool:
        """Whether it stands inside another application."""
        return bool(self.url_prefix)


def console() -> Console:
    """The console of the application that is serving, our own or the one that embeds us."""
    found: Console = current_app.extensions["webhooks"]
    return found
