"""Has a live part of a page changed? Its revision is made of what it shows, so that an idle poll answers 204."""

from __future__ import annotations

import hashlib

from flask import request
from werkzeug.wrappers import Response


def revision_of(*told: object) -> str:
    """A short text that differs whenever one of these does."""
    return hashlib.sha256(repr(told).encode()).hexdigest()[:16]


def unchanged(revision: str) -> Response | None:
    """204 for a reader who has this revision already."""
    return Response(status=204) if request.args.get("v") == revision else None
