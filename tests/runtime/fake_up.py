"""`webhooks up` with fake programs, in a process of its own. Started by test_up.py.

fake_up.py ROOT NAME=MODE …      the modes of fake_program.py; WEB=… serves PORT
"""

import sys
from pathlib import Path

from webhooks_app.errors import WebhooksError
from webhooks_app.runtime.programs import CLOCK, WEB, WORKERS, Program
from webhooks_app.runtime.up import run_up
from webhooks_app.settings import Settings

ORDER = {"web": WEB, "clock": CLOCK, "worker-1": WORKERS, "worker-slow": WORKERS}
FAKE = Path(__file__).with_name("fake_program.py")


def main(root, *programs):
    def write(what):
        with (root / "journal").open("a") as file:
            file.write(f"{what}\n")

    def program(text):
        name, _, mode = text.partition("=")
        command = (sys.executable, "-S", str(FAKE), name, str(root / "journal"), mode)
        return Program(name, command, ORDER[name], 1)

    settings = Settings.read(root=root, instance=root / "instance")
    try:
        return run_up(
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
