"""`webhooks up` with a real supervisor, a real Redis and fake programs: start, restart, stop, refuse."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.patience import PATIENCE, wait_until

HERE = Path(__file__).parent
ALL = ("web", "clock", "worker-1", "worker-slow")
# How long supervisor waits for a program to stop before it kills it: none of them shall need that.
STUBBORN_SECONDS = 60


class Up:
    """One run of fake_up.py and what can be seen of it."""

    def __init__(self, root, *programs, port, wait=True, **environ):
        self.root, self.port = root, port
        modes = programs or (f"web=web:{port}", "clock=stay", "worker-1=stay", "worker-slow=stay")
        environment = {
            "PATH": os.environ["PATH"],
            "PORT": str(port),
            "PYTHONPATH": str(HERE.parents[1]),
            "LANG": "C.UTF-8",
            "STOP_SECONDS": str(STUBBORN_SECONDS),
            **environ,
        }
        self.process = subprocess.Popen(
            [sys.executable, HERE / "fake_up.py", root, *modes],
            cwd=root,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        if wait:
            self.welcome = self.read_until("Ctrl-C stops everything")

    def read_until(self, words):
        lines = ""
        while words not in lines:
            line = self.process.stdout.readline()
            assert line, f"ended before saying {words!r}: {lines} {self.process.stderr.read()}"
            lines += line
        return lines

    def journal(self):
        return [line.split() for line in (self.root / "journal").read_text().splitlines()]

    def pids(self, name):
        return [int(line[2]) for line in self.journal() if line[:2] == ["start", name]]

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=PATIENCE)


@pytest.fixture
def start(tmp_path):
    runs = []
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    def begin(*programs, wait=True, **environ):
        runs.append(Up(tmp_path, *programs, port=port, wait=wait, **environ))
        return runs[-1]

    yield begin
    for run in runs:
        run.end()


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def noted(root):
    return [int(pid) for pid in re.findall(r'"(\d+)":', (root / "instance/run/processes.json").read_text())]


def test_it_starts_all_restarts_what_dies_and_stops_in_order(start, tmp_path):
    up = start()

    assert up.journal()[0] == ["migrate"]
    assert f"http://127.0.0.1:{up.port}/login/once" in up.welcome
    wait_until(lambda: {line[1] for line in up.journal()[1:]} == set(ALL))

    # While it runs, a second terminal finds the port that only this one was told, and nobody else reads along.
    dev_env = tmp_path / "instance/dev.env"
    assert f"PORT={up.port}" in dev_env.read_text().splitlines()
    assert not [path for path in tmp_path.glob("instance/logs/*") if path.stat().st_mode & 0o077]

    # A worker that dies is started again, and the person is told.
    first = up.pids("worker-1")[0]
    wait_until(lambda: len(noted(tmp_path)) == 5)
    time.sleep(1)  # supervisor believes in a start after a second
    os.kill(first, signal.SIGKILL)
    told = up.read_until("it is started again")
    assert "worker-1 was killed by SIGKILL; it is started again. " in told
    wait_until(lambda: len(up.pids("worker-1")) == 2)

    # A second one in the same checkout says so in one line.
    second = start(wait=False)
    out, err = second.process.communicate(timeout=PATIENCE)
    assert (second.process.returncode, out) == (1, "")
    assert re.fullmatch(r"Error: webhooks up already runs here: http://\S+ \(process \d+\)\. .*\n", err)

    # Ctrl-C: in order, soon, and nobody is left.
    running = noted(tmp_path)
    up.process.send_signal(signal.SIGINT)
    rest, err = up.process.communicate(timeout=STUBBORN_SECONDS / 2)
    assert (up.process.returncode, err) == (0, "")
    assert rest.strip().splitlines()[-1] == "Stopping …"
    stopped = [line[1] for line in up.journal() if line[0] == "stop"]
    assert stopped[:2] == ["web", "clock"]
    assert set(stopped[2:]) == {"worker-1", "worker-slow"}
    assert not any(is_alive(pid) for pid in running)
    assert not (tmp_path / "instance/run/redis.sock").exists()
    assert "PORT=" not in dev_env.read_text()


def test_a_kill_of_up_itself_leaves_nothing_in_the_way(start, tmp_path):
    killed = start()
    wait_until(lambda: len(noted(tmp_path)) == 5)
    left = noted(tmp_path)
    killed.process.kill()
    killed.process.wait()
    assert all(is_alive(pid) for pid in left)

    again = start()

    assert again.welcome.startswith("Ended what a killed run had left behind.")
    wait_until(lambda: not any(is_alive(pid) for pid in left))
    again.process.send_signal(signal.SIGTERM)
    assert again.process.wait(PATIENCE) == 0


def test_a_program_that_cannot_start_is_shown_with_the_end_of_its_log(start):
    up = start("worker-1=crash", "clock=stay", wait=False, START_SECONDS=str(STUBBORN_SECONDS))

    out, err = up.process.communicate(timeout=PATIENCE)

    assert (up.process.returncode, err) == (1, "")
    assert "worker-1 stopped right after its start; trying again." in out
    assert "worker-1 cannot be started. Everything is stopped." in out
    assert "    the reason of the crash\n" in out
    assert len(up.pids("worker-1")) == 3
    assert not any(is_alive(pid) for pid in up.pids("clock"))


def test_a_port_in_use_stops_the_start_before_anything_runs(start, tmp_path):
    probe = start(wait=False)
    probe.end()
    with socket.create_server(("127.0.0.1", probe.port)):
        up = start(wait=False)
        out, err = up.process.communicate(timeout=PATIENCE)

    assert (up.process.returncode, out) == (1, "")
    assert re.fullmatch(r"Error: Port \d+ is already in use\. Try PORT=\d+\.\n", err)


def test_an_instance_folder_that_cannot_be_written_stops_the_start(start, tmp_path):
    (tmp_path / "instance").write_text("in the way")

    up = start(wait=False)
    out, err = up.process.communicate(timeout=PATIENCE)

    assert (up.process.returncode, out) == (1, "")
    assert re.fullmatch(r"Error: \S+/instance cannot be written: File exists\.\n", err)
