"""Why does the database not do what it was asked, and what can a person do about it?

Pure. What was begun is rolled back in each of these cases, so that nothing is half written.
"""

from __future__ import annotations

import sqlite3

import sqlalchemy as sa

FULL = (
    "The disk of the database is full, so nothing was stored. Free some space on it; what was stored is safe."
)
BUSY = "The database is busy. Nothing was changed; try again in a moment."
READ_ONLY = (
    "The database takes no writes, so nothing was stored. Look whether its file may be written, or whether it is a"
    " standby server."
)
CROWDED = (
    "The database has no free connection, so nothing was stored. Raise its max_connections, or add a pooler."
)
DAMAGED = "The database cannot be read or written: its disk or its file is damaged. Restore the last backup."
AWAY = "The database does not answer. Events that were already accepted are safe; try again in a minute."

# https://www.sqlite.org/rescode.html, the primary codes.
_SQLITE = {
    sqlite3.SQLITE_FULL: FULL,
    sqlite3.SQLITE_BUSY: BUSY,
    sqlite3.SQLITE_LOCKED: BUSY,
    sqlite3.SQLITE_READONLY: READ_ONLY,
    sqlite3.SQLITE_IOERR: DAMAGED,
    sqlite3.SQLITE_CORRUPT: DAMAGED,
    sqlite3.SQLITE_NOTADB: DAMAGED,
}
# https://www.postgresql.org/docs/current/errcodes-appendix.html
_POSTGRESQL = {
    "53100": FULL,  # disk_full
    "53300": CROWDED,  # too_many_connections
    "25006": READ_ONLY,  # read_only_sql_transaction
    "55P03": BUSY,  # lock_not_available: lock_timeout
    "57014": BUSY,  # query_canceled: statement_timeout
    "40P01": BUSY,  # deadlock_detected
    "58030": DAMAGED,  # io_error
    "XX001": DAMAGED,  # data_corrupted
}


def sentence_for(error: Exception) -> str:
    """The sentence for a person about an error of the database; where it says nothing known, that it is away."""
    if isinstance(error, sa.exc.TimeoutError):
        return BUSY  # every connection of our own pool was in use for too long
    cause = getattr(error, "orig", None) or error
    code = getattr(cause, "sqlite_errorcode", None)
    if code is not None:
        return _SQLITE.get(code & 0xFF, AWAY)
    return _POSTGRESQL.get(getattr(cause, "sqlstate", None) or "", AWAY)
