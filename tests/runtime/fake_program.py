"""A program for the supervisor to keep: it writes its life to a journal. Started by fake_up.py.

fake_program.py NAME JOURNAL MODE       MODE: stay, crash, stubborn, or web:PORT
"""

import http.server
import os
import signal
import sys
import threading
import time
from pathlib import Path

NAME, JOURNAL, MODE = sys.argv[1:4]


def write(what):
    with Path(JOURNAL).open("a") as file:
        file.write(f"{what} {NAME} {os.getpid()}\n")


class Healthy(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/healthz" else 404)
        self.end_headers()

    def log_message(self, *args):
        pass


def stop(*_signal):
    write("stop")
    if MODE != "stubborn":
        os._exit(0)


signal.signal(signal.SIGTERM, stop)
write("start")
if MODE == "crash":
    print("the reason of the crash", flush=True)
    sys.exit(3)
if MODE.startswith("web:"):
    server = http.server.HTTPServer(("127.0.0.1", int(MODE[4:])), Healthy)
    threading.Thread(target=server.serve_forever, daemon=True).start()
while True:
    time.sleep(60)
