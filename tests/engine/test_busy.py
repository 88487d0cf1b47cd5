"""Is a transaction that a busy database did not take tried again, and not for ever?"""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from webhooks_app.engine.busy import MOST_TRIES, tried_again


class Busy:
    """A transaction that fails the first few times."""

    def __init__(self, times: int, error: Exception) -> None:
        self.left, self.error, self.tries = times, error, 0

    def __call__(self) -> str:
        self.tries += 1
        if self.left:
            self.left -= 1
            raise self.error
        return "done"


LOCKED = sa.exc.OperationalError("UPDATE", {}, Exception("database is locked"))


@pytest.mark.parametrize(
    "kind",
    [
        sa.exc.OperationalError,  # locked, or restarting
        sa.exc.InterfaceError,  # the connection broke
        sa.exc.InternalError,  # the server only reads, because another one has taken over
    ],
)
def test_what_passes_is_tried_again(kind):
    assert tried_again(Busy(1, kind("UPDATE", {}, Exception("not now")))) == "done"


def test_it_gives_what_the_first_try_that_succeeds_gives(caplog):
    busy = Busy(MOST_TRIES - 1, LOCKED)

    assert tried_again(busy) == "done"
    assert [record.message for record in caplog.records] == [
        "The database did not take a transaction (database is locked); it is tried again."
    ] * (MOST_TRIES - 1)


def test_the_last_error_is_raised():
    busy = Busy(MOST_TRIES, LOCKED)

    with pytest.raises(sa.exc.OperationalError):
        tried_again(busy)
    assert busy.tries == MOST_TRIES


def test_an_error_of_another_kind_is_raised_at_once():
    busy = Busy(1, sa.exc.IntegrityError("INSERT", {}, Exception("not unique")))

    with pytest.raises(sa.exc.IntegrityError):
        tried_again(busy)
    assert busy.tries == 1
