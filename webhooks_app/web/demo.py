"""What can be tried without an application? People and orders whose changes are sent by the demo's hooks.

Only while those hooks are loaded. The rows are the demo module's own; this page only asks it.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from webhooks_app.storage import ids
from webhooks_app.storage.queries import events
from webhooks_app.web.forms import OrderForm, PersonForm
from webhooks_app.web.shared import allowed, engine, fresh_session, session
from webhooks_app.web.shell import demo_is_loaded

bp = Blueprint("demo", __name__, url_prefix="/demo")

_GONE = "This person is gone."
_LARGEST_NUMBER = 2**31 - 1


@bp.before_request
def only_while_loaded() -> None:
    """Nothing here where the application's own hooks are loaded instead."""
    if not demo_is_loaded():
        abort(404, "The demo is not loaded here (WEBHOOKS_HOOKS).")


@bp.before_request
def only_numbers_of_people() -> None:
    """A number that the table's column cannot hold is nobody's, and the database would not even look for it."""
    if (request.view_args or {}).get("person_id", 0) > _LARGEST_NUMBER:
        abort(404, _GONE)


@bp.get("")
def index() -> str:
    """The people, one of them to be changed if asked for, and an order to place."""
    return _page()


@bp.post("/people")
@allowed("operator")
def add() -> Response | tuple[str, int]:
    """Add somebody."""
    form = PersonForm()
    if not form.validate_on_submit():
        return _page(person_form=form), 422
    given = {"name": form.name.data, "address": form.address.data or ""}
    return _sent("person", f"Added {form.name.data}.", lambda: _demo().add_person(engine().sessions, **given))


@bp.post("/people/<int:person_id>")
@allowed("operator")
def change(person_id: int) -> Response | tuple[str, int]:
    """Change somebody."""
    form = PersonForm()
    if not form.validate_on_submit():
        return _page(edited=person_id, edit_form=form), 422
    given = {"name": form.name.data, "address": form.address.data or ""}
    return _sent(
        "person",
        f"Changed {form.name.data}.",
        lambda: _or_gone(_demo().change_person(engine().sessions, person_id, **given)),
    )


@bp.post("/people/<int:person_id>/delete")
@allowed("operator")
def delete(person_id: int) -> Response:
    """Delete somebody."""
    return _sent(
        "person.deleted",
        f"Deleted {_name_of(person_id)}.",
        lambda: _or_gone(_demo().delete_person(engine().sessions, person_id)),
    )


@bp.post("/people/<int:person_id>/greet")
@allowed("operator")
def greet(person_id: int) -> Response:
    """Send a signal about somebody."""
    return _sent(
        "person.greeted",
        f"Greeted {_name_of(person_id)}.",
        lambda: _or_gone(_demo().greet(engine().sessions, person_id)),
    )


@bp.post("/orders")
@allowed("operator")
def order() -> Response | tuple[str, int]:
    """Place an order."""
    form = OrderForm()
    if not form.validate_on_submit():
        return _page(order_form=form), 422
    given = {name: form[name].data for name in ("customer", "total", "country", "paid")}
    return _sent(
        "order.placed",
        f"Placed the order of {form.customer.data}.",
        lambda: _demo().place_order(engine().sessions, **given),
    )


def _demo() -> ModuleType:
    # The module registers its hooks when it is imported, so only WEBHOOKS_HOOKS may have it imported.
    from webhooks_app import demo

    return demo


def _page(
    *,
    person_form: PersonForm | None = None,
    order_form: OrderForm | None = None,
    edited: int | None = None,
    edit_form: PersonForm | None = None,
) -> str:
    _demo().make_table(engine().sessions)
    people = _demo().people(fresh_session())
    edited = edited or request.args.get("edit", type=int)
    row = next((person for person in people if person.id == edited), None)
    return render_template(
        "demo/index.html",
        people=people,
        edited=edited if row else None,
        edit_form=edit_form or PersonForm(formdata=None, obj=row),
        person_form=person_form or PersonForm(formdata=None),
        order_form=order_form or OrderForm(formdata=None),
    )


def _name_of(person_id: int) -> str:
    _demo().make_table(engine().sessions)
    people = _demo().people(fresh_session())
    return next((person.name for person in people if person.id == person_id), "somebody")


def _or_gone(is_there: bool) -> None:
    if not is_there:
        abort(404, _GONE)


def _sent(hook: str, sentence: str, act: Callable[[], object]) -> Response:
    """Act, and lead to the event that the act sent: the hook's newest one, if it has a new one."""
    _demo().make_table(engine().sessions)
    before = _newest(hook)
    act()
    fresh_session()
    after = _newest(hook)
    if after is None or after == before:
        flash(f"{sentence} Nothing changed, so nothing was sent.", "info")
    else:
        shown = ids.shown(ids.EVENT, after)
        links = Markup('{} <a href="{}">See its event</a> or <a href="{}">its deliveries</a>.')
        flash(
            links.format(
                sentence, url_for("events.show", event_id=shown), url_for("deliveries.index", event=shown)
            ),
            "success",
        )
    return redirect(url_for("demo.index"), 303)


def _newest(hook: str) -> str | None:
    found = events.latest(session(), hook, 1)
    return found[0].id if found else None
