"""What can happen here? The registered hooks, and one of them: its arguments, listeners and last events."""

from __future__ import annotations

import json
import shlex
from datetime import timedelta
from typing import Any

from flask import Blueprint, abort, render_template
from flask_login import current_user

from webhooks_app.builtin import first_own, is_built_in
from webhooks_app.event import Hook, ModelHook, SignalHook
from webhooks_app.storage.queries import events, hooks, listeners
from webhooks_app.storage.queries.hooks import Activity
from webhooks_app.web.error_pages import error_page
from webhooks_app.web.listener_draft import filter_of_listener
from webhooks_app.web.samples import are_made_up, facts_of, samples_of
from webhooks_app.web.shared import absolute, engine, session
from webhooks_app.web.trouble import troubles

bp = Blueprint("hooks", __name__)

DAY = timedelta(days=1)
RECENT_EVENTS = 10
SHOWN_LISTENERS = 20


@bp.get("/hooks")
def index() -> str:
    """Every registered hook, and the names of others that still have events or listeners."""
    activity = hooks.activity(session(), engine().clock() - DAY)
    return render_template(
        "hooks/index.html",
        has_own=first_own(engine().hooks) is not None,
        rows=[(hook, kind_of(hook), activity.get(name, Activity())) for name, hook in engine().hooks.items()],
        strangers=[(name, one) for name, one in activity.items() if name not in engine().hooks],
        problems=hooks.problems(session()),
    )


@bp.get("/hooks/<name>")
def show(name: str) -> str:
    """One hook."""
    hook = hook_named(name)
    since = engine().clock() - DAY
    rows = listeners.newest(session(), hook.name, limit=SHOWN_LISTENERS).rows
    recent = events.newest(session(), hook.name, limit=RECENT_EVENTS).rows
    samples = samples_of(session(), hook)
    return render_template(
        "hooks/show.html",
        hook=hook,
        kind=kind_of(hook),
        activity=hooks.activity(session(), since).get(hook.name, Activity()),
        problem=hooks.problems(session()).get(hook.name),
        facts=facts_of(hook.arguments, samples),
        is_made_up=are_made_up(samples),
        looked_at=len(samples),
        listeners=rows,
        scopes={row.id: filter_of_listener(row) for row in rows},
        health=listeners.health(session(), [row.id for row in rows], since),
        troubles=troubles(rows),
        recent=recent,
        spread=events.spread(session(), [one.id for one in recent]),
        sees_values=current_user.may("operator"),
        is_built_in=is_built_in(hook.name),
        **_examples(hook, samples[0].payload),
    )


def hook_named(name: str) -> Hook:
    """The hook of an address; else the page that lists those there are."""
    if name not in engine().hooks:
        abort(
            error_page(
                404,
                f"No hook named “{name[:128]}” is registered in this process.",
                known_hooks=list(engine().hooks),
            )
        )
    return engine().hooks[name]


def kind_of(hook: Hook) -> str:
    """What makes it send, in words."""
    if is_built_in(hook.name):
        return "built in, sent when a listener takes this step"
    if isinstance(hook, ModelHook):
        return f"sent when {hook.model.__name__} changes" if hook.model else "sent by a model's changes"
    return "sent by a signal" if isinstance(hook, SignalHook) else "sent by hand"


def _examples(hook: Hook, payload: Any) -> dict[str, Any]:
    """A payload, and how a program or a person sends one."""
    wanted = {one.name: payload[one.name] for one in hook.arguments if one.name in payload} or dict(payload)
    arguments = "".join(f"\n    {name}={value!r}," for name, value in wanted.items() if name.isidentifier())
    address = absolute("api.events.publish", name=hook.name)
    body = json.dumps({"payload": wanted}, indent=2, ensure_ascii=False)
    return {
        "payload": dict(payload),
        "python": f"from webhooks_app import hooks\n\nhooks[{hook.name!r}].send(\n    sender=None,{arguments}\n)",
        "curl": (
            f"curl {shlex.quote(address)} \\\n  -H 'Authorization: Bearer '\"$TOKEN\" \\\n"
            f"  -H 'Content-Type: application/json' \\\n  -d {shlex.quote(body)}"
        ),
    }
