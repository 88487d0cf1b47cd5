"""How does a person send an event? A form on the hook's page; what follows is what follows any other event."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from flask import abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from webhooks_app.builtin import is_built_in
from webhooks_app.engine import intake, room
from webhooks_app.errors import Conflict, Refused, Unavailable
from webhooks_app.event import Hook
from webhooks_app.payload import encode
from webhooks_app.storage import ids
from webhooks_app.storage.ids import new_id
from webhooks_app.storage.queries import listeners
from webhooks_app.web.error_pages import error_page
from webhooks_app.web.event_form import EventDraft
from webhooks_app.web.hooks import bp, hook_named
from webhooks_app.web.samples import are_made_up, samples_of
from webhooks_app.web.shared import actor, allowed, engine, session


@bp.get("/hooks/<name>/events/new")
@allowed("operator")
def new_event(name: str) -> str:
    """The form, with the arguments of the last event, or made-up ones."""
    hook = _hook_to_send(name)
    return _page(EventDraft(hook, last=samples_of(session(), hook)[0].payload))


@bp.post("/hooks/<name>/events/new")
@allowed("operator")
def send_event(name: str) -> Response | tuple[str, int]:
    """Record it and ring; its page shows who gets it."""
    draft = EventDraft(_hook_to_send(name), sent=request.form)
    if draft.payload is None:
        return _page(draft), 422
    try:
        event_id = _sent(draft.hook, draft.payload, made_as=draft.form.made_as.data or "")
    except Refused as refused:
        draft.show(refused.errors)
        return _page(draft), 422
    except Unavailable as error:
        abort(error_page(503, str(error)))
    except Conflict:
        flash("This form is being worked on already. Its event appears here.", "info")
        return redirect(url_for("hooks.show", name=name), 303)
    flash("The event is recorded. This page shows who gets it.", "success")
    return redirect(url_for("events.show", event_id=ids.shown(ids.EVENT, event_id)), 303)


def _hook_to_send(name: str) -> Hook:
    """The hook of an address, unless nobody but the system sends it."""
    hook = hook_named(name)
    if is_built_in(name):
        advice = f"{intake.BUILT_IN.format(name=name)} To try a listener of it, send a test from the listener's page."
        abort(error_page(403, advice))
    return hook


def _sent(hook: Hook, payload: Mapping[str, object], *, made_as: str) -> str:
    """The event's bare id. Sent twice as it is, the form makes one event; changed in between, another."""
    room.check(engine())
    digest = hashlib.sha256(encode(payload).encode()).hexdigest()
    done = intake.once(
        engine(),
        token_id=ids.parse(ids.EVENT, made_as) or new_id(),
        route=f"form {hook.name}",
        key=digest,
        body_hash=digest,
        act=lambda writing: {"id": intake.add(engine(), writing, hook.name, payload, sender=actor().name).id},
    )
    return str(done.answer["id"])


def _page(draft: EventDraft) -> str:
    hook = draft.hook
    return render_template(
        "hooks/send.html",
        draft=draft,
        hook=hook,
        is_made_up=are_made_up(samples_of(session(), hook)),
        listeners=len(listeners.of_hook(session(), hook.name)),
    )
