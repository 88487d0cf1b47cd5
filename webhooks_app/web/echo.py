"""Where can deliveries go while there is no receiver yet? Into a box of the built-in one, which shows them.

`POST /echo/<token>` is for machines: nobody signs in, and the token that cannot be guessed is the only key.
"""

from __future__ import annotations

import re
import threading
import time
from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response as BaseResponse

from webhooks_app.engine import echo
from webhooks_app.errors import Refused
from webhooks_app.extensions import csrf
from webhooks_app.storage.echo import EchoBox
from webhooks_app.storage.queries import echo as queries
from webhooks_app.storage.queries import listeners as listener_queries
from webhooks_app.web import bodies
from webhooks_app.web.received import received
from webhooks_app.web.revision import revision_of, unchanged
from webhooks_app.web.shared import absolute, actor, allowed, any_host, engine, open_to_all, session

bp = Blueprint("echo", __name__, url_prefix="/echo")

MAX_BODY_BYTES = 256 * 1024

# Each answer in words, and what it shows of a sender.
ANSWERS = {
    "200": ("200 OK", "Takes every request."),
    "500": ("500 Internal Server Error", "Fails, so the delivery is retried by its schedule."),
    "429": ("429 Too Many Requests", "Asks by Retry-After to wait 5 seconds."),
    "slow": ("200 OK after 5 seconds", "Takes every request, slowly."),
    "410": ("410 Gone", "Wants nothing more: the listener is disabled."),
}

# A server has a handful of threads, and slow answers must leave some for the pages: one more is not slowed.
_slow_answers = threading.BoundedSemaphore(3)

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


@bp.get("")
def index() -> str:
    """What it is, and the boxes."""
    return render_template(
        "echo/index.html",
        boxes=queries.boxes(session()),
        last=queries.last_requests(session()),
        answers=ANSWERS,
        kept=echo.KEPT,
    )


@bp.post("")
@allowed("operator")
def create() -> BaseResponse:
    """Make a box."""
    box = echo.open_box(engine(), by=actor())
    flash("Here is your box. Point a listener at its URL.", "success")
    return redirect(url_for("echo.show", token=box.token), 303)


@bp.get("/<token>")
def show(token: str) -> str:
    """One box: its URL, how it answers, and what came."""
    return render_template(
        "echo/show.html",
        listeners=listener_queries.all(session(), text=f"/echo/{token}"),
        **_live(_box(token)),
    )


@bp.get("/<token>/live")
def live(token: str) -> str | BaseResponse:
    """What came, for a page that is open; 204 while that is what the reader has."""
    box = _box(token)
    return unchanged(_revision(box)) or render_template("echo/_live.html", **_live(box))


@bp.get("/<token>/requests/<request_id>/body")
@allowed("operator")
def body(token: str, request_id: str) -> Response:
    """The very bytes that came, as a file."""
    found = queries.request(session(), _box(token).token, request_id)
    if found is None:
        abort(404, f"This request is not kept any more; a box keeps its last {echo.KEPT}.")
    return bodies.download(found.body, f"echo-{found.id}.txt")


@bp.post("/<token>/answer")
@allowed("operator")
def answer(token: str) -> BaseResponse:
    """Have the box answer otherwise."""
    try:
        box = echo.set_answer(engine(), token, request.form.get("answer", ""), by=actor())
    except Refused as refused:
        abort(422, str(refused))
    flash(f"From now on this box answers {ANSWERS[box.answer][0]}.", "success")
    return redirect(url_for("echo.show", token=token), 303)


@bp.post("/<token>/clear")
@allowed("operator")
def clear(token: str) -> BaseResponse:
    """Forget what came."""
    echo.clear(engine(), token, by=actor())
    flash("Cleared. The box waits for the next request.", "success")
    return redirect(url_for("echo.show", token=token), 303)


@bp.post("/<token>")
@csrf.exempt
@any_host
@open_to_all
def receive(token: str) -> Response:
    """Take a request as a receiver would, and answer as the box was told to."""
    try:
        sent = _body()
    except RequestEntityTooLarge:
        return _plain("Too large: a box takes at most 256 KiB.", 413)
    reply = echo.receive(engine(), token, headers=_headers(), body=sent) if _TOKEN.fullmatch(token) else None
    if reply is None:
        return _plain("There is no such box.", 404)
    _wait(reply.delay_seconds)
    return _plain(
        "Kept." if reply.status == 200 else "Kept, and answered as told.", reply.status, reply.headers
    )


def _body() -> bytes:
    """What was sent. Raises RequestEntityTooLarge."""
    # One that does not say its length beforehand is cut off at the limit without a word, so one byte more is read.
    request.max_content_length = MAX_BODY_BYTES + 1
    sent = request.get_data(cache=False)
    if len(sent) > MAX_BODY_BYTES:
        raise RequestEntityTooLarge
    return sent


def address_of(token: str) -> str:
    """The URL to send to."""
    return absolute("echo.receive", token=token)


def _headers() -> list[tuple[str, str]]:
    # A browser that is led here by a page of the same site brings along what its reader is signed in with.
    return [(name, "(not kept)" if name == "Cookie" else value) for name, value in request.headers.items()]


def _wait(seconds: float) -> None:
    if not seconds or not _slow_answers.acquire(blocking=False):
        return
    try:
        time.sleep(seconds)
    finally:
        _slow_answers.release()


def _plain(text: str, status: int, headers: dict[str, str] | None = None) -> Response:
    return Response(f"{text}\n", status, headers, mimetype="text/plain")


def _box(token: str) -> EchoBox:
    box = queries.box(session(), token) if _TOKEN.fullmatch(token) else None
    if box is None:
        abort(404, "There is no box at this address.")
    return box


def _live(box: EchoBox) -> dict[str, Any]:
    """What the live part shows."""
    sees_bodies = current_user.may("operator")
    return {
        "box": box,
        "address": address_of(box.token),
        "answers": ANSWERS,
        "requests": [
            received(row, sees_bodies=sees_bodies) for row in queries.requests(session(), box.token)
        ],
        "sees_bodies": sees_bodies,
        "revision": _revision(box),
    }


def _revision(box: EchoBox) -> str:
    # Without the bodies, which an idle poll must not read each time.
    return revision_of(box.answer, queries.request_ids(session(), box.token))
