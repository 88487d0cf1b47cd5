"""What does a person read when everything runs?"""

from __future__ import annotations

import sys
from pathlib import Path

from webhooks_app.settings import Settings

DEMO = "webhooks_app.demo"


def welcome_text(settings: Settings, *, link: str, app_import: str) -> str:
    """The address, the one-time link and what to try next."""
    lines = [
        f"Webhooks App runs at {settings.public_base_url}",
        "",
        "Sign in with this link (once, within 15 minutes):",
        f"    {link}",
        "",
        "Try next, in a second terminal:",
        *(f"    {each}" for each in _next_steps(settings, app_import=app_import)),
        "",
        f"Logs: {settings.instance_path / 'logs'}",
        "Ctrl-C stops everything; nothing is lost.",
    ]
    return "\n".join(lines)


def _next_steps(settings: Settings, *, app_import: str) -> list[str]:
    webhooks = f"{_flask(settings.root)} --app {app_import} webhooks"
    steps = [f"{webhooks} hooks", f"{webhooks} sign-in-link"]
    if DEMO in settings.hooks:
        steps.insert(1, f'{webhooks} send person name=Joe address="New York"')
        steps.append(f"or open {settings.public_base_url}/demo and add a person")
    return steps


def _flask(root: Path) -> str:
    # The environment that `make run` made is not on the person's PATH.
    script = Path(sys.executable).with_name("flask")
    return str(script.relative_to(root)) if script.is_relative_to(root) else "flask"
