"""What does a person read when everything runs?"""

from __future__ import annotations

import sys
from pathlib import Path

from webhooks_app.flask_command import flask_command
from webhooks_app.settings import Settings

DEMO = "webhooks_app.demo"


def welcome_text(settings: Settings, *, link: str, app_import: str, url_prefix: str = "") -> str:
    """The address, the one-time link and what to try next."""
    address = settings.public_base_url + url_prefix
    # Inside another application the demo is loaded only on request.
    has_demo = DEMO in settings.hooks and not url_prefix
    lines = [
        f"Webhooks App runs at {address}",
        "",
        "Sign in with this link (once, within 15 minutes):",
        f"    {link}",
        "",
        "Try next:",
        *(f"    {each}" for each in _next_steps(address, app_import=app_import, has_demo=has_demo)),
        "",
        f"Logs: {settings.instance_path / 'logs'}",
        "Ctrl-C stops everything; nothing is lost.",
    ]
    return "\n".join(lines)


def _next_steps(address: str, *, app_import: str, has_demo: bool) -> list[str]:
    """A listener first: without one an event is kept, and goes nowhere."""
    flask = flask_command(sys.argv[0], python=sys.executable, root=Path.cwd())
    webhooks = f"{flask} --app {app_import} webhooks"
    if not has_demo:
        return [
            f"1. Make a listener: open {address}/hooks, or in a second terminal",
            f"       {webhooks} listeners add HOOK URL",
            "2. Let something happen:",
            f"       {webhooks} send HOOK key=text",
        ]
    return [
        f"1. Make a listener: {address}/hooks/person/listeners/new",
        f"   A box of {address}/echo is a URL to try with.",
        f"2. Add a person at {address}/demo, or in a second terminal:",
        f'       {webhooks} send person name=Joe address="New York"',
    ]
