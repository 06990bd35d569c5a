"""Runs a command: wall time, CPU seconds of it and all its children, peak memory of the whole tree."""

import os
import resource
import subprocess
import threading
import time

PAGE = os.sysconf("SC_PAGE_SIZE")


def tree(root):
    """The process and its descendants, by /proc."""
    children = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat", encoding="ascii", errors="replace") as file:
                    parent = int(file.read().rsplit(")", 1)[1].split()[1])
            except (OSError, IndexError, ValueError):
                continue
            children.setdefault(parent, []).append(int(entry))
    found, open_ = [], [root]
    while open_:
        process = open_.pop()
        found.append(process)
        open_ += children.get(process, [])
    return found


def memory(root):
    """Resident pages of the tree; shared ones count once for each process."""
    total = 0
    for process in tree(root):
        try:
            with open(f"/proc/{process}/statm", encoding="ascii") as file:
                total += int(file.read().split()[1]) * PAGE
        except (OSError, IndexError, ValueError):
            continue
    return total


class Run:
    """What a run took. `output` is what it printed."""

    def __init__(self, arguments, text, environment, folder, at_most):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        begun = time.perf_counter()
        process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   env=environment, cwd=folder, text=True, start_new_session=True)
        self.peak, done = 0, threading.Event()

        def watch():
            while not done.wait(0.02 if time.perf_counter() - begun < 5 else 0.25):
                self.peak = max(self.peak, memory(process.pid))

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            self.output, self.said = process.communicate(text, timeout=at_most)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            self.output, self.said = process.communicate()
            self.said += f"\nended after {at_most} s"
        self.wall = time.perf_counter() - begun
        done.set()
        watcher.join()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        self.code = process.returncode
