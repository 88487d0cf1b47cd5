"""Programs become a configuration that supervisor reads as it was meant."""

import shlex
import sys
from pathlib import Path

import pytest
from supervisor.options import ServerOptions

from webhooks_app.errors import CannotStart
from webhooks_app.runtime.instance import prepare
from webhooks_app.runtime.programs import REDIS, WORKERS, Program, own_programs
from webhooks_app.runtime.supervise import config_text

HARD = ("/a b/python", "-c", "print('100%')", 'say "hi"', "$HOME", "é")


def understood(programs, root):
    instance = prepare(root / "instance")
    config = instance.run / "supervisord.conf"
    config.write_text(config_text(programs, instance=instance, root=root))
    options = ServerOptions()
    options.realize(["-c", str(config)])
    return options


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "a 100% folder"
    folder.mkdir()
    return folder


def test_supervisor_reads_commands_and_folders_back_unchanged(root):
    options = understood([Program("odd", HARD, WORKERS, 4, {"FLASK_APP": "shop:create_app('x, y')"})], root)

    [group] = options.process_group_configs
    [process] = group.process_configs
    assert tuple(shlex.split(process.command)) == HARD
    assert process.environment["FLASK_APP"] == "shop:create_app('x, y')"
    assert process.directory == str(root)
    assert process.stdout_logfile == str(root / "instance/logs/odd.log")
    assert process.stopwaitsecs == 4


def test_redis_starts_first_and_the_web_stops_first(root):
    programs = own_programs(app_import="wsgi", root=root, workers=2)
    options = understood([*programs, Program("redis", ("redis-server",), REDIS)], root)

    groups = sorted(options.process_group_configs, key=lambda group: group.priority)
    assert [[each.name for each in group.process_configs] for group in groups] == [
        ["redis"],
        ["worker-1", "worker-2", "worker-slow"],
        ["clock"],
        ["web"],
    ]


def test_all_stop_within_ten_seconds_even_if_none_wants_to(root):
    programs = own_programs(app_import="wsgi", root=root, workers=5)

    slowest = {each.order: each.stop_seconds for each in programs}

    assert sum(slowest.values()) <= 8  # one more for Redis, and the loop's naps between


def test_it_asks_for_no_user_and_no_other_folders(root):
    options = understood([], root)

    assert options.nodaemon
    assert options.silent
    assert options.logfile == str(root / "instance/logs/supervisord.log")
    assert not options.parse_criticals  # the warning about root
    assert not options.parse_warnings


def test_a_folder_that_supervisor_cannot_read_is_refused(tmp_path):
    with pytest.raises(CannotStart, match="move the folder"):
        config_text([Program("x", ("x",), WORKERS)], instance=prepare(tmp_path / "i"), root=Path("/a ;b"))


def test_the_programs_are_those_of_the_command_line(tmp_path):
    web, clock, worker, slow = own_programs(
        app_import="shop:create_app", root=tmp_path, workers=1, is_guest=True
    )

    flask = (sys.executable, "-m", "flask", "--app", "shop:create_app", "webhooks")
    assert clock.command == (*flask, "clock")
    assert worker.command == (*flask, "worker")
    assert slow.command == (*flask, "worker", "--queue", "slow")
    assert web.command[-1] == "webhooks_app.runtime.web_entry:load()"
    assert web.command[-2] == "python:webhooks_app.runtime.gunicorn_settings"
    assert web.environment == {"FLASK_APP": "shop:create_app"}


def test_our_own_web_server_reads_the_checkouts_file(tmp_path):
    (tmp_path / "gunicorn.conf.py").touch()

    web = own_programs(app_import="wsgi", root=tmp_path, workers=1)[0]

    assert web.command == (sys.executable, "-m", "gunicorn", "-c", f"{tmp_path}/gunicorn.conf.py", "wsgi:app")


@pytest.mark.parametrize(
    ("app_import", "target"),
    [
        ("wsgi", "wsgi:app"),
        ("wsgi.py", "wsgi:app"),
        ("wsgi:app", "wsgi:app"),
        ("site:console", "webhooks_app.runtime.web_entry:load()"),
        ("site:create_app", "webhooks_app.runtime.web_entry:load()"),
    ],
)
def test_our_own_web_server_finds_the_application_as_flask_does(tmp_path, app_import, target):
    assert own_programs(app_import=app_import, root=tmp_path, workers=1)[0].command[-1] == target
