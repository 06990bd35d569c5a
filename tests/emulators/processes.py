"""Servers in processes of their own: started on a free port, awaited, stopped, their logs kept."""

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

READY_WITHIN = 60.0
# How long a server may take to go when asked, and then when killed: what it holds is thrown away.
STOPPED_WITHIN = 3.0


class NotReady(Exception):
    """The server ended, or did not answer in time."""


def free_port():
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(condition, within, what):
    """Waits for a condition, looking again every few milliseconds; its value, or NotReady."""
    deadline = time.monotonic() + within
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise NotReady(f"{what} within {within:.0f} s")
        time.sleep(0.02)


def answers(url):
    """Whether a GET is answered by anything at all."""
    try:
        with urllib.request.urlopen(url, timeout=2):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


class Server:
    """A process in a session of its own, so that whatever it starts ends with it."""

    def __init__(self, name, command, environment, log):
        self.name, self.log = name, log
        with open(log, "wb") as sink:
            self.process = subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def await_ready(self, ready):
        """Waits until `ready` gives something true, and gives it; ends the process if it does not."""

        def condition():
            if self.process.poll() is not None:
                raise NotReady(f"{self.name} ended with {self.process.returncode}")
            return ready()

        try:
            return until(condition, READY_WITHIN, f"{self.name} did not answer")
        except NotReady as error:
            self.stop()
            raise NotReady(f"{error}\n{self.text()}") from None

    def text(self):
        return self.log.read_text(errors="replace")

    def stop(self):
        """Ends the whole process group, by force if it does not go."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, number)
            except ProcessLookupError:
                break
            try:
                self.process.wait(STOPPED_WITHIN)
                break
            except subprocess.TimeoutExpired:
                continue
        self.process.wait(STOPPED_WITHIN)


def serve(name, attempt, tries=3):
    """Calls `attempt(port)` with free ports until a server stands: another process may take a port first."""
    for left in reversed(range(tries)):
        try:
            return attempt(free_port())
        except NotReady:
            if left == 0:
                raise
    raise AssertionError(name)
