"""How does a person write a filter? One row an argument: a matcher, a value, and a type where none is declared.

`filter_form_for(hook)` builds the form, used with prefix="match-"; `filter_of` reads the filter out of it, and
`rows_for` puts one in. What the rows cannot say (nested names, several conditions on one argument) is written
as JSON beside them, so that editing a listener loses nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from wtforms import SelectChoice, SelectField, StringField
from wtforms.form import BaseForm
from wtforms.validators import Length

from webhooks_app.arguments import Argument
from webhooks_app.errors import BadFilter, UnserializablePayload
from webhooks_app.event import Hook, ModelHook
from webhooks_app.match import MATCHERS, Filter, In, Is, Matcher, Not, matchers_for
from webhooks_app.payload import Json, decode

LONGEST_VALUE = 4096

VALUE_TYPES: Final = (("text", "text"), ("number", "number"), ("boolean", "true/false"), ("null", "null"))
"""What a value may be, where the hook does not declare it."""

_BOOLEANS = {"true": True, "yes": True, "false": False, "no": False}


class FilterForm(BaseForm):  # type: ignore[misc]  # WTForms has no types
    """The generated form. For an argument `a`: `form["a_cond"]` the matcher, `a_query` its value, `a_type` its type."""

    hook: Hook

    def __init__(
        self, formdata: Any = None, *, prefix: str = "", data: Mapping[str, Any] | None = None
    ) -> None:
        fields = [pair for argument in self.hook.arguments for pair in _fields(self.hook, argument)]
        super().__init__(fields, prefix=prefix)
        self.process(formdata, data=dict(data or {}))


def filter_form_for(hook: Hook) -> type[FilterForm]:
    """The form that asks for one matcher per argument of `hook`; used with prefix="match-"."""
    return type("FilterForm", (FilterForm,), {"hook": hook})


def offered(hook: Hook, argument: Argument) -> tuple[type[Matcher], ...]:
    """The matchers that can fit the argument; only the events of a model say what changed."""
    found = matchers_for(argument.type)
    return found if isinstance(hook, ModelHook) else tuple(one for one in found if not _is_of_change(one))


def filter_of(form: BaseForm, arguments: Iterable[Argument]) -> Filter | None:
    """The filter that the rows ask for; None after an error, which then stands at its field."""
    conditions: dict[str, Matcher] = {}
    fits = form.validate()
    for argument in arguments:
        if not has_row(form, argument):
            continue
        try:
            matcher = _matcher_of(form, argument)
        except (BadFilter, ValueError) as error:
            _add_error(form[f"{argument.name}_query"], str(error))
            fits = False
        else:
            conditions |= {argument.name: matcher} if matcher else {}
    # A tuple, because a plain condition under a dotted name stays one name and not a nested dict.
    return Filter({name: (matcher,) for name, matcher in conditions.items()}) if fits else None


def rows_for(hook: Hook, asked: Filter) -> tuple[dict[str, str], Filter]:
    """What to put into the rows to show this filter, and the rest of it, which rows cannot show."""
    if not asked.asked:
        return {}, asked
    form = hook.match_forms()
    data: dict[str, str] = {}
    rest: list[tuple[str, Matcher]] = []
    arguments = {argument.name: argument for argument in hook.arguments if has_row(form, argument)}
    for name, matcher in asked.asked:
        argument = arguments.get(name)
        is_free = argument is not None and f"{name}_cond" not in data and _offers(form, name, matcher)
        row = _row(hook, argument, matcher) if argument and is_free else None
        if row is None:
            rest.append((name, matcher))
        else:
            data |= {f"{name}_{part}": value for part, value in row.items()}
    further: dict[str, tuple[Matcher, ...]] = {}
    for name, matcher in rest:
        further[name] = (*further.get(name, ()), matcher)
    return data, Filter(further)


def _fields(hook: Hook, argument: Argument) -> list[tuple[str, Any]]:
    name = argument.name
    choices = [SelectChoice(one.name, one.label) for one in offered(hook, argument)]
    fields = [
        (f"{name}_cond", SelectField(f"How {name} is matched", choices=choices, default="any")),
        (f"{name}_query", _value_field(argument)),
    ]
    if not argument.type:
        types = [SelectChoice(*pair) for pair in VALUE_TYPES]
        kind = SelectField(f"Type of {name}", choices=types, coerce=_type_word, default="text")
        fields.append((f"{name}_type", kind))
    return fields


def _value_field(argument: Argument) -> Any:
    label = f"Value of {argument.name}"
    if argument.type == "boolean":
        return SelectField(label, choices=[SelectChoice("true"), SelectChoice("false")], default="true")
    return StringField(label, [Length(max=LONGEST_VALUE)])


def _type_word(text: str) -> str:
    return "boolean" if text == "true/false" else text


def _is_of_change(matcher: type[Matcher]) -> bool:
    return matcher.name.startswith("changed")


def _matcher_of(form: BaseForm, argument: Argument) -> Matcher | None:
    """The matcher of one row; None for `any`. Raises BadFilter or ValueError with a sentence for the field."""
    word = _data(form, f"{argument.name}_cond") or "any"
    kind = MATCHERS.get(word)
    if kind is None:
        raise BadFilter(f"{word} is not a matcher.")
    if kind.takes == "nothing":
        return None if word == "any" else kind()  # type: ignore[call-arg]  # what takes nothing is made of nothing
    typed = _data(form, f"{argument.name}_query")
    value_type = argument.type or _data(form, f"{argument.name}_type") or "text"
    if kind.takes == "list":
        return In([value_of(each, value_type) for each in _listed(typed)])
    return kind(value_of(typed, value_type, is_item=word == "contains"))


def value_of(typed: str, value_type: str, *, is_item: bool = False) -> Json:
    """What was typed as a value of this type; `is_item`: of a list's item. Raises ValueError."""
    if value_type == "null":
        return None
    if typed == "":
        raise ValueError("Write a value, or choose any.")
    if value_type == "number":
        return _number(typed)
    if value_type == "boolean":
        return _boolean(typed)
    if value_type in ("list", "object"):
        return _json(typed, is_item=is_item)
    return typed


def _number(typed: str) -> Json:
    try:
        value = decode(typed.strip())
    except UnserializablePayload:
        value = None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError("Write a number, such as 12.5.")
    return value


def _boolean(typed: str) -> bool:
    found = _BOOLEANS.get(typed.strip().lower())
    if found is None:
        raise ValueError("Write true or false.")
    return found


def _json(typed: str, *, is_item: bool) -> Json:
    try:
        return decode(typed)
    except UnserializablePayload:
        if is_item:
            return typed
        raise ValueError('Write JSON, such as ["a", "b"] or {"city": "York"}.') from None


def _listed(typed: str) -> list[str]:
    """The values of a list: as JSON in brackets, or with commas between them."""
    if typed.lstrip().startswith("["):
        value = _json(typed, is_item=False)
        return [each if isinstance(each, str) else json.dumps(each) for each in value or ()]  # type: ignore[union-attr]  # brackets hold a list
    return [each.strip() for each in typed.split(",") if each.strip()]


def _row(hook: Hook, argument: Argument, matcher: Matcher) -> dict[str, str] | None:
    """The row that gives this matcher when it is read, or None where no row does."""
    inner = matcher.matcher if isinstance(matcher, Not) else matcher
    if type(matcher) not in offered(hook, argument) or (inner is not matcher and not isinstance(inner, Is)):
        return None
    if matcher.takes == "nothing":
        return {"cond": matcher.name}
    value = inner.value
    items = value if isinstance(matcher, In) and isinstance(value, list) else [value]
    value_types = {argument.type or _type_of(item) for item in items}
    if len(value_types) != 1:
        return None
    value_type = value_types.pop()
    typed = _typed_list(items) if isinstance(matcher, In) else _typed(value, value_type)
    row = {"cond": matcher.name, "query": typed} | ({} if argument.type else {"type": value_type})
    return row if _reads_back(argument, matcher, row, value_type) else None


def _reads_back(argument: Argument, matcher: Matcher, row: Mapping[str, str], value_type: str) -> bool:
    """Whether the row means the very matcher; a text that looks like a list, for one, would not."""
    if argument.type == "boolean" and row["query"] not in ("true", "false"):
        return False
    try:
        if isinstance(matcher, In):
            return In([value_of(each, value_type) for each in _listed(row["query"])]) == matcher
        read = value_of(row["query"], value_type, is_item=matcher.name == "contains")
        return MATCHERS[matcher.name](read) == matcher
    except (BadFilter, ValueError):
        return False


def _type_of(value: Json) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    return "number" if isinstance(value, (int, float)) else "text"


def _typed(value: Json, value_type: str) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) and value_type != "list" else json.dumps(value, ensure_ascii=False)


def _typed_list(items: list[Json]) -> str:
    plain = [item if isinstance(item, str) else json.dumps(item) for item in items]
    if any("," in item or item != item.strip() or not item or item.startswith("[") for item in plain):
        return json.dumps(items, ensure_ascii=False)
    return ", ".join(plain)


def field_of(form: BaseForm, name: str) -> Any:
    """The form's field of this name; None where a form of one's own has none."""
    try:
        return form[name]
    except KeyError:
        return None


def has_row(form: BaseForm, argument: Argument) -> bool:
    """Whether the form asks about the argument; one of a hook's own need not ask about all of them."""
    return f"{argument.name}_cond" in form and f"{argument.name}_query" in form


def _offers(form: BaseForm, name: str, matcher: Matcher) -> bool:
    """Whether the row's matcher can be this one; a form of a hook's own may offer fewer."""
    field = form[f"{name}_cond"]
    return not isinstance(field, SelectField) or matcher.name in [one.value for one in field.iter_choices()]


def _data(form: BaseForm, name: str) -> str:
    field = field_of(form, name)
    return str(field.data or "") if field is not None else ""


def _add_error(field: Any, sentence: str) -> None:
    field.errors = [*field.errors, sentence]
