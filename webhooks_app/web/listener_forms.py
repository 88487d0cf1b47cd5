"""How does a listener come about, and change? The generated form, and the preview of its filter."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from webhooks_app.engine import listeners
from webhooks_app.engine.listeners import Wanted
from webhooks_app.engine.retry import schedule_for, timeout_for
from webhooks_app.errors import Conflict, Refused
from webhooks_app.filter import Filter
from webhooks_app.match_forms import field_of, has_row
from webhooks_app.storage import ids
from webhooks_app.storage.models import Listener
from webhooks_app.web import listener_stored, once
from webhooks_app.web.hooks import hook_named
from webhooks_app.web.listener_draft import ListenerDraft
from webhooks_app.web.listeners import bp, flash_test, found, page_of
from webhooks_app.web.preview import Preview, Sample, look_through
from webhooks_app.web.samples import are_made_up, facts_of, samples_of
from webhooks_app.web.shared import actor, allowed, engine, fresh_session, session

_NO_VERSION = -1


@bp.get("/listeners/new")
@allowed("operator")
def choose() -> str | Response:
    """For which hook? `?hook=` goes on to its form, and `?url=` goes along."""
    if request.args.get("hook"):
        hook = hook_named(request.args["hook"])
        return redirect(url_for("listeners.new", name=hook.name, url=request.args.get("url") or None))
    return render_template(
        "listeners/choose.html", hooks=engine().hooks.values(), url=request.args.get("url")
    )


@bp.get("/hooks/<name>/listeners/new")
@allowed("operator")
def new(name: str) -> str:
    """The empty form."""
    hook = hook_named(name)
    wanted = Wanted(url=request.args.get("url", ""))
    samples = samples_of(session(), hook)
    draft = ListenerDraft(hook, wanted=wanted, seen=facts_of(hook.arguments, samples))
    return _page(draft, samples)


@bp.post("/hooks/<name>/listeners/new")
@allowed("operator")
def create(name: str) -> Response | tuple[str, int]:
    """Make it; the page that follows shows its secret."""
    hook = hook_named(name)
    samples = samples_of(session(), hook)
    draft = ListenerDraft(hook, sent=request.form, seen=facts_of(hook.arguments, samples))
    if request.form.get("act") == "preview":
        return _page(draft, samples), 200
    if not draft.is_accepted(engine()):
        return _page(draft, samples), 422
    row_id = ids.parse(ids.LISTENER, draft.form.made_as.data or "")
    try:
        made = listeners.create(engine(), hook.name, draft.wanted(), by=actor(), row_id=row_id)
    except Conflict as conflict:
        flash(f"{conflict} Its secret was shown by the first answer.", "info")
        return redirect(page_of(row_id or ""), 303)
    once.keep(made.listener.id, made.secret)
    return _saved(made.listener, f"Saved {made.listener.name}.")


@bp.get("/listeners/<listener_id>/edit")
@allowed("operator")
def edit(listener_id: str) -> str:
    """The form with what is stored."""
    listener = _present(listener_id)
    hook = hook_named(listener.hook)
    samples = samples_of(session(), hook)
    stored = listener_stored.read(engine(), listener)
    draft = ListenerDraft(
        hook, wanted=stored.wanted, version=listener.version, seen=facts_of(hook.arguments, samples)
    )
    if stored.filter_problem:
        draft.have_mended(stored.filter_text)
    return _page(draft, samples, listener=listener, problems_of_row=stored.problems)


@bp.post("/listeners/<listener_id>/edit")
@allowed("operator")
def save(listener_id: str) -> Response | tuple[str, int]:
    """Change it, unless somebody else did meanwhile."""
    listener = _present(listener_id)
    hook = hook_named(listener.hook)
    samples = samples_of(session(), hook)
    draft = ListenerDraft(hook, sent=request.form, seen=facts_of(hook.arguments, samples))
    if request.form.get("act") == "preview":
        return _page(draft, samples, listener=listener), 200
    stored = listener_stored.read(engine(), listener)
    if stored.filter_problem:
        draft.refuse_no_filter()
    if not draft.is_accepted(engine(), stored=stored.wanted):
        return _page(draft, samples, listener=listener, problems_of_row=stored.problems), 422
    wanted = draft.wanted(stored=stored.wanted)
    try:
        listener = listeners.change(engine(), listener.id, wanted, by=actor(), version=_version())
    except Conflict as conflict:
        return _page(draft, samples, listener=_reread(listener_id), conflict=str(conflict)), 409
    except Refused as refused:
        draft.show(refused.errors)
        return _page(draft, samples, listener=listener), 422
    return _saved(listener, f"Saved {listener.name}. Deliveries from now on use it.")


@bp.post("/listeners/preview")
@allowed("operator")
def preview() -> str:
    """What the filter in the form would have done to the last events; a fragment."""
    hook = hook_named(request.form.get("hook", ""))
    samples = samples_of(session(), hook)
    draft = ListenerDraft(hook, sent=request.form, seen=facts_of(hook.arguments, samples))
    return render_template("listeners/_preview.html", is_fragment=True, **_tried(draft, samples))


def _page(draft: ListenerDraft, samples: list[Sample], **context: Any) -> str:
    hook, settings = draft.hook, engine().settings
    return render_template(
        "listeners/form.html",
        draft=draft,
        defaults={
            "timeout": timeout_for(None, hook, settings),
            "waits": schedule_for(None, hook, settings).waits,
            "sends_in_flight": settings.sends_per_listener,
        },
        https_only=settings.https_only,
        **{"listener": None, "conflict": None, "problems_of_row": (), **context},
        **_tried(draft, samples),
    )


def _tried(draft: ListenerDraft, samples: list[Sample]) -> dict[str, Any]:
    """The preview, and the filter's rows with what the events hold."""
    tried = None if draft.filter is None else look_through(draft.filter, samples)
    made_up = are_made_up(samples)
    return {
        "hook": draft.hook,
        "sentence": None if draft.filter is None else str(draft.filter),
        "is_everything": draft.filter is not None and draft.filter == Filter({}),
        "preview": tried,
        "is_made_up": made_up,
        "problems": _problems(draft),
        "rows": _rows(draft, samples, None if made_up else tried),
    }


def _rows(draft: ListenerDraft, samples: list[Sample], tried: Preview | None) -> list[dict[str, Any]]:
    facts, rows = facts_of(draft.hook.arguments, samples), []
    for argument in (one for one in draft.hook.arguments if has_row(draft.rows, one)):
        seen, name = facts[argument.name], argument.name
        asked = tried is not None and draft.filter is not None and name in draft.filter.arguments
        rows.append(
            {
                "name": name,
                "type": _type_in_words(argument.type or seen.type),
                "example": seen.example,
                "cond": draft.rows[f"{name}_cond"],
                "query": draft.rows[f"{name}_query"],
                "type_field": field_of(draft.rows, f"{name}_type"),
                "suggestions": [value for value, _count in seen.frequent],
                "passes": None if tried is None else tried.passes[name] if asked else tried.checked,
            }
        )
    return rows


def _type_in_words(word: str) -> str:
    return {"boolean": "true/false", "": "any type"}.get(word, word)


def _problems(draft: ListenerDraft) -> list[str]:
    """What keeps the filter from being tried, argument by argument."""
    found = []
    for form in (draft.rows, draft.further):
        found += [f"{field.label.text}: {' '.join(field.errors)}" for field in form if field.errors]
    return found


def _present(listener_id: str) -> Listener:
    listener = found(listener_id)
    if listener.deleted_at is not None:
        abort(404, "This listener was deleted. Its deliveries stay readable.")
    return listener


def _reread(listener_id: str) -> Listener:
    fresh_session()
    return found(listener_id)


def _version() -> int | None:
    """The version that the form was made from, or that its reader chose to overwrite.

    None for a program that posts the promised fields alone, and so cannot know one; what is no version is no one's.
    """
    typed = request.form.get("overwrite") or request.form.get("version")
    if typed is None:
        return None
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else _NO_VERSION


def _saved(listener: Listener, sentence: str) -> Response:
    flash(sentence, "success")
    if request.form.get("act") == "test":
        flash_test(listeners.send_test(engine(), listener.id, by=actor()))
    return redirect(page_of(listener.id), 303)
