"""`webhooks up` with fake programs, in a process of its own. Started by test_up.py.

fake_up.py ROOT NAME=MODE …      the modes of fake_program.py; WEB=… serves PORT

STOP_SECONDS in its environment is the time that each program has to stop, START_SECONDS the one after which a
start counts: a loaded machine is slower than one may expect of a real one.
"""

import os
import sys
from dataclasses import replace
from pathlib import Path

from webhooks_app.errors import WebhooksError
from webhooks_app.runtime import supervise, up
from webhooks_app.runtime.programs import CLOCK, WEB, WORKERS, Program
from webhooks_app.runtime.redis_server import own_redis
from webhooks_app.settings import Settings

ORDER = {"web": WEB, "clock": CLOCK, "worker-1": WORKERS, "worker-slow": WORKERS}
FAKE = Path(__file__).with_name("fake_program.py")
STOP_SECONDS = int(os.environ["STOP_SECONDS"])


def patient_redis(instance):
    redis = own_redis(instance)
    return replace(redis, program=replace(redis.program, stop_seconds=STOP_SECONDS))


def main(root, *programs):
    supervise.START_SECONDS = int(os.environ.get("START_SECONDS", supervise.START_SECONDS))
    up.own_redis = patient_redis

    def write(what):
        with (root / "journal").open("a") as file:
            file.write(f"{what}\n")

    def program(text):
        name, _, mode = text.partition("=")
        command = (sys.executable, "-S", str(FAKE), name, str(root / "journal"), mode)
        return Program(name, command, ORDER[name], STOP_SECONDS)

    settings = Settings.read(root=root, instance=root / "instance")
    try:
        return up.run_up(
            settings,
            app_import="wsgi",
            migrate=lambda: write("migrate"),
            sign_in_link=lambda: f"{settings.public_base_url}/login/once",
            own=[program(each) for each in programs],
        )
    except WebhooksError as exc:
        print(f"Error: {exc}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *sys.argv[2:]))
