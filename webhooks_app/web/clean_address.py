"""How does the address of a filtered list stay short enough to share? By leaving out what is empty.

A form sends its empty fields too. app.js leaves them out before they are sent; where it does not run, the
reader is led on to the same address without them.
"""

from __future__ import annotations

from urllib.parse import urlencode

from flask import redirect, request
from werkzeug.wrappers import Response


def without_empty_fields() -> Response | None:
    """The way to this same page without empty fields; None where there are none."""
    given = list(request.args.items(multi=True))
    kept = [(name, value) for name, value in given if value]
    if kept == given:
        return None
    path = request.script_root + request.path
    return redirect(f"{path}?{urlencode(kept)}" if kept else path)
