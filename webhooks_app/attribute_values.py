"""Will the values that a model hook sends be there when it sends them? SQLAlchemy keeps only what it is asked to."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

log = logging.getLogger("webhooks_app.hooks")


def keep_old_values(model: type[Any], names: Iterable[str]) -> None:
    """Keep what these columns were before they are set; those of the model's subclasses too."""
    for name in names:
        if name in sa.inspect(model).columns:
            # Without it SQLAlchemy would not know the old value of an attribute that had expired.
            sa.event.listen(getattr(model, name), "set", _keep_old_value, active_history=True, propagate=True)


def load(instance: Any, names: Iterable[str]) -> None:
    """Load what is not loaded of these attributes, while the object still has its row."""
    for name in names:
        try:
            getattr(instance, name)
        except Exception:
            log.debug("%s of a %s was not loaded.", name, type(instance).__name__, exc_info=True)


def _keep_old_value(*_: Any) -> None:
    """Listens to `set` only so that the attribute keeps its history."""
