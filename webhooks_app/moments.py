"""How is a moment written for programs? As RFC 3339 has it, in UTC, to the millisecond."""

from __future__ import annotations

from datetime import datetime


def rfc3339(moment: datetime) -> str:
    """A UTC moment on the wire, in the API and in the log: 2026-03-02T09:30:00.000Z."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
