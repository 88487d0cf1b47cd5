"""Do the documents say what the code does? The reference of hooks, the matchers, the settings, the words."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from webhooks_app import settings
from webhooks_app.builtin import BUILT_IN
from webhooks_app.draft import ListenerDraft
from webhooks_app.engine import ladder
from webhooks_app.engine.holding import RELEASED_PER_SECOND
from webhooks_app.event import Hook, ModelHook, SignalHook
from webhooks_app.match import MATCHERS
from webhooks_app.version import __version__

ROOT = Path(__file__).resolve().parent.parent
HOOKS = (ROOT / "docs" / "hooks.md").read_text("utf-8")
FAILING = (ROOT / "docs" / "failing-listeners.md").read_text("utf-8")
HOUR = timedelta(hours=1)
README = (ROOT / "README.md").read_text("utf-8")


def first_column(text: str) -> list[str]:
    """The words in backticks that open the rows of a document's tables."""
    return re.findall(r"^\| `([^`]+)` \|", text, flags=re.MULTILINE)


def section(title: str) -> str:
    """The part of the reference under this heading."""
    return HOOKS.partition(f"## {title}\n")[2].partition("\n## ")[0]


def test_every_attribute_of_a_hook_is_in_the_reference():
    described = first_column(section("Attributes of every hook"))
    described += first_column(section("`SignalHook`")) + first_column(section("`ModelHook`"))

    assert set(described) == set(Hook._attributes)


@pytest.mark.parametrize("kind", [Hook, SignalHook, ModelHook])
def test_every_public_method_of_a_hook_is_named_in_the_reference(kind):
    own = {name for name in vars(kind) if not name.startswith("_") and callable(getattr(kind, name))}
    inward = {"watch", "unwatch", "occurrence", "check_filter"}  # called by the registry and the engine

    assert not [name for name in own - inward if f"{name}(" not in HOOKS and name not in Hook._attributes]


def test_the_built_in_hooks_are_in_the_reference_with_their_arguments():
    told = section("Built-in hooks")

    assert first_column(told) == [one.name for one in BUILT_IN[0].arguments]
    for page in (told, FAILING):
        assert not [hook.name for hook in BUILT_IN if f"`{hook.name}`" not in page]


def test_the_ladder_is_told_with_its_numbers():
    row = {name: line for name in ("Failing", "Warned", "Disabled") for line in FAILING.splitlines()
           if line.startswith(f"| **{name}**")}  # fmt: skip

    assert f"{ladder.FAILURES} failed attempts" in row["Failing"]
    assert f"{ladder.DELIVERIES} deliveries, over at least {ladder.SPAN.seconds} s" in row["Failing"]
    waits = [wait // timedelta(minutes=1) for wait in ladder.PROBES]
    assert f"{', '.join(map(str, waits[:-1]))}, then every {waits[-1]} minutes" in row["Failing"]
    assert f"{ladder.WARNED_AFTER // HOUR} hours without a success, {ladder.WARNED_FAILURES}" in row["Warned"]
    assert (
        f"{ladder.DISABLED_AFTER // HOUR} hours without a success and {ladder.DISABLED_FAILURES}"
        in row["Disabled"]
    )
    assert f"the oldest first, {RELEASED_PER_SECOND} a second" in FAILING


def test_every_matcher_is_in_the_reference_with_its_word():
    rows = re.findall(r"^\| `(\w+)\([^`]*\)` \| `(\w+)` \|", section("Matchers"), flags=re.MULTILINE)

    assert {word: name for name, word in rows} == {word: kind.__name__ for word, kind in MATCHERS.items()}


def test_the_defaults_in_the_reference_are_those_of_the_code():
    hook = Hook(name="x")

    assert (hook.asynchronous, hook.retry, hook.fail_silently) == (True, True, False)
    assert (hook.timeout, hook.max_retries, hook.config_form, tuple(hook.provides_args)) == (
        None,
        None,
        None,
        (),
    )
    for line in ("`asynchronous` | `bool` | `True`", "`retry` | `bool` or a schedule | `True`"):
        assert line in HOOKS


def test_a_draft_offers_what_the_reference_names():
    assert callable(ListenerDraft.match)
    assert callable(ListenerDraft.save)


def test_the_readme_holds_the_settings_as_the_code_has_them():
    rows = [
        f"| `{one.name}` | {f'`{one.default}`' if one.default else '–'} | {one.meaning} |"
        for one in settings.table()
    ]
    between = README.partition("<!-- settings:")[2].partition("<!-- /settings -->")[0]

    assert between.splitlines()[3:] == rows


def test_the_changelog_knows_the_version_or_says_it_is_not_released():
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")

    assert f"## [{__version__}]" in changelog or "## [Unreleased]" in changelog


@pytest.mark.parametrize(
    "document",
    ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"]
    + [path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "docs").glob("*.md"))],
)
def test_every_file_that_a_document_links_to_is_there(document):
    folder = (ROOT / document).parent
    text = (ROOT / document).read_text("utf-8")
    linked = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]

    assert not [link for link in linked if not (folder / link).exists()]
