# SPDX-License-Identifier: ISC
"""What a stage left behind: processes, mounts and network interfaces that were not there before."""

import ctypes
import os
import pathlib
import signal
import threading
import time

_PR_SET_CHILD_SUBREAPER = 36
_REAP_S = 0.5
_ENDING_S = 5  # what a stage told to end may take so long to be gone


def adopt_orphans():
    """From now on what daemons start becomes a child of this process when its parent ends, so that
    nothing gets lost by leaving its session or clearing its environment."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    threading.Thread(target=_reap_adopted, daemon=True).start()


def _reap_adopted():
    """Who waits for a daemon to be gone must not find it ended and kept. Children of our own are
    waited for at once: what stays for a turn was adopted."""
    seen = set()
    while True:
        time.sleep(_REAP_S)
        ended = set(_ended_children())
        for pid in ended & seen:
            try:
                os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                pass
        seen = ended


def _ended_children():
    for pid, parent, state in _processes():
        if parent == os.getpid() and state == "Z":
            yield pid


def _processes():
    """Of each its number, its parent's and its state."""
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text(errors="replace").rsplit(")", 1)[1].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        yield int(folder.name), int(fields[1]), fields[0]


class Before:
    """The state of the machine when a stage begins."""

    def __init__(self):
        self.mounts = _mounts()
        self.interfaces = _interfaces()

    def left_behind(self):
        """A line for each thing that is too much now. Processes are ended."""
        deadline = time.monotonic() + _ENDING_S
        while _descendants() and time.monotonic() < deadline:
            time.sleep(0.1)
        lines = [f"process {pid}: {_command(pid)}" for pid in _descendants()]
        end_all()
        lines += [f"mount: {mount}" for mount in sorted(_mounts() - self.mounts)]
        lines += [f"interface: {name}" for name in sorted(_interfaces() - self.interfaces)]
        return lines


def end_all():
    """Kills every descendant, also those that appear while others are killed."""
    while pids := _descendants():
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        time.sleep(0.05)


def _reap():
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def _descendants():
    _reap()
    children = {}
    for pid, parent, _ in _processes():
        children.setdefault(parent, []).append(pid)
    found, new = [], children.get(os.getpid(), [])
    while new:
        found += new
        new = [child for pid in new for child in children.get(pid, [])]
    return found


def _command(pid):
    try:
        text = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return "gone"
    return text.replace(b"\0", b" ").decode(errors="replace").strip() or "ended, not waited for"


def _mounts():
    lines = pathlib.Path("/proc/self/mountinfo").read_text(errors="replace").splitlines()
    return {line.split()[4] for line in lines}


def _interfaces():
    return set(os.listdir("/sys/class/net"))
