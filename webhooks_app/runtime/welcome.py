"""What does a person read when everything runs?"""

from __future__ import annotations

import sys
from pathlib import Path

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
        "Try next, in a second terminal:",
        *(f"    {each}" for each in _next_steps(app_import, demo=f"{address}/demo" if has_demo else None)),
        "",
        f"Logs: {settings.instance_path / 'logs'}",
        "Ctrl-C stops everything; nothing is lost.",
    ]
    return "\n".join(lines)


def _next_steps(app_import: str, *, demo: str | None) -> list[str]:
    webhooks = f"{_flask(Path.cwd())} --app {app_import} webhooks"
    if demo is None:
        return [f"{webhooks} hooks", f"{webhooks} listeners add HOOK URL"]
    return [
        f"{webhooks} hooks",
        f'{webhooks} send person name=Joe address="New York"',
        f"or open {demo} and add a person",
    ]


def _flask(root: Path) -> str:
    # The environment that `make run` made is not on the person's PATH.
    script = Path(sys.executable).with_name("flask")
    return str(script.relative_to(root)) if script.is_relative_to(root) else "flask"
