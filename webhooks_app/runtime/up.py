"""How does one command start everything?

`webhooks up`, from an empty folder to a sign-in link: one `up` at a time, nothing left of a killed one, a
free port, keys, a Redis, a migrated database, and then this process is the supervisor of all others.
"""

from __future__ import annotations

import http.client
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from webhooks_app.engine import QueueUnreachable
from webhooks_app.runtime import foreman, leftovers, ports, programs, supervise
from webhooks_app.runtime.dev_env import ensure_dev_env, write_dev_env
from webhooks_app.runtime.instance import Instance, locked, prepare
from webhooks_app.runtime.programs import Program
from webhooks_app.runtime.redis_server import is_given, own_redis
from webhooks_app.runtime.welcome import welcome_text
from webhooks_app.runtime.worker import queue_of
from webhooks_app.settings import Settings

_ANSWER_SECONDS = 0.3


def _print(text: str) -> None:
    # A log's lines may hold what this terminal cannot show.
    encoding = sys.stdout.encoding or "utf-8"
    try:
        sys.stdout.write(text.encode(encoding, "replace").decode(encoding) + "\n")
        sys.stdout.flush()
    except OSError:
        pass  # The terminal is gone, and with it whoever would have read this.


def run_up(
    settings: Settings,
    *,
    app_import: str,
    migrate: Callable[[], None],
    sign_in_link: Callable[[], str],
    url_prefix: str = "",
    say: Callable[[str], None] = _print,
    own: Sequence[Program] | None = None,
) -> int:
    """Start everything, stay, stop everything; the exit status.

    `app_import` is what `flask --app` was told ("wsgi", "shop", "shop:create_app"). `migrate` brings the
    database up to date, `sign_in_link` makes a one-time link; both are called once, before any process
    starts. `url_prefix` is where the console stands inside another application, "" where it is the whole
    one. `own` replaces our own programs. CannotStart says in one line what is in the way.
    """
    os.umask(0o077)  # payloads in the database and lines in the logs are for this account alone
    instance = prepare(settings.instance_path)
    # Not settings.root: a host's modules are found from where its commands are typed.
    root = Path.cwd()
    with locked(instance, address=settings.public_base_url):
        if leftovers.end_leftovers(instance):
            say("Ended what a killed run had left behind.")
        ports.require_free(settings.port)
        chosen = own or programs.own_programs(
            app_import=app_import, root=root, workers=settings.workers, is_guest=bool(url_prefix)
        )
        everything = (*_redis(settings, instance), *chosen)
        _warn_of_redis(settings, say)
        migrate()
        link = sign_in_link()
        config = instance.run / "supervisord.conf"
        config.write_text(supervise.config_text(everything, instance=instance, root=root), "utf-8")
        with _told_where(settings, instance):
            return foreman.keep_running(
                config,
                instance=instance,
                answers=lambda: answers(settings.port, url_prefix),
                welcome=lambda: welcome_text(
                    settings, link=link, app_import=app_import, url_prefix=url_prefix
                ),
                say=say,
            )


@contextmanager
def _told_where(settings: Settings, instance: Instance) -> Iterator[None]:
    """While it runs, a second terminal knows the port and address that only this one was told."""
    told = {name: os.environ.get(name) for name in ("PORT", "PUBLIC_BASE_URL")}
    told = {} if settings.is_production else {name: text for name, text in told.items() if text}
    if told:
        write_dev_env(instance.path, told)
    try:
        yield
    finally:
        if told:
            write_dev_env(instance.path, dict.fromkeys(told))


def _warn_of_redis(settings: Settings, say: Callable[[str], None]) -> None:
    if not is_given(settings):
        return
    try:
        queue_of(settings.redis_url).length()
    except QueueUnreachable as error:
        say(
            f"The Redis of REDIS_URL does not answer ({error}). Events are kept, and delivered slowly without it."
        )


def _redis(settings: Settings, instance: Instance) -> tuple[Program, ...]:
    if not settings.is_production:
        ensure_dev_env(instance.path)
    if is_given(settings):
        return ()
    redis = own_redis(instance)
    redis.clear()
    # The other processes and a second terminal find it here.
    write_dev_env(instance.path, {"REDIS_URL": redis.url})
    return (redis.program,)


def answers(port: int, url_prefix: str = "") -> bool:
    """Whether the web server says that it lives."""
    connection = http.client.HTTPConnection(ports.HOST, port, timeout=_ANSWER_SECONDS)
    try:
        connection.request("GET", f"{url_prefix}/healthz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
