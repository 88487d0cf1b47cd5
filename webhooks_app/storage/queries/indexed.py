"""Which conditions let the database use its small indexes?

The indexes of what waits and of what ended badly hold only those rows. A database uses one where it can prove
that the index has every row asked for, and it proves that from values that stand in the statement: with
`status IN (?, ?)` it reads the whole table instead.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import sqlalchemy as sa

from webhooks_app.storage.models import UNSENT, WAITING, Delivery, Status


def _stands_in(statuses: Sequence[Status]) -> sa.ColumnElement[bool]:
    values = [status.value for status in statuses]
    return Delivery.status.in_(
        sa.bindparam("statuses", values, expanding=True, literal_execute=True, unique=True)
    )


# Each in the words of its index; narrow it further with a condition of one status.
IS_WAITING = _stands_in(WAITING)
ENDED_BADLY = _stands_in((Status.FAILED, Status.HELD, Status.CANCELLED))
IS_SENDING = Delivery.status == sa.bindparam("sending", Status.SENDING.value, literal_execute=True)
IS_UNSENT = _stands_in(UNSENT)

_BY_STATUS = (
    ({Status.SENDING}, IS_SENDING),
    (set(WAITING), IS_WAITING),
    ({Status.FAILED, Status.HELD, Status.CANCELLED}, ENDED_BADLY),
)


def has_status(wanted: Collection[str]) -> list[sa.ColumnElement[bool]]:
    """The conditions for deliveries of one of these statuses, along a small index if one has all of them."""
    statuses = [status for status in Status if status in wanted]
    found = [condition for held, condition in _BY_STATUS if held.issuperset(statuses)]
    return [*found, _stands_in(statuses)]
