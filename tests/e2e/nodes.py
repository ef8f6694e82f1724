# SPDX-License-Identifier: ISC
"""Real nodes on hosts of a segment: driven by the real client, watched over the control socket."""

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

from segment import Host, Segment, need

EARSHOT = os.environ["EARSHOT"]
CLEAR_COPY = os.environ.get("CLEAR_COPY")
LIMIT = 20.0


class Failed(Exception):
    """A command that did not end with 0."""

    def __init__(self, code, err):
        super().__init__(f"exit {code}: {err}")
        self.code = code
        self.err = err


class Listener:
    """Every event of a node from now on."""

    def __init__(self, node):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(node.home + "/control.sock")
        self.socket.sendall(b'{"jsonrpc":"2.0","id":1,"method":"listen"}\n')
        self.lines = self.socket.makefile("r", encoding="utf-8")
        assert json.loads(self.lines.readline())["result"]["seq"] >= 0
        self.events = []
        self.changed = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        try:
            for line in self.lines:
                event = json.loads(line)["params"]
                event["at"] = time.monotonic()
                with self.changed:
                    self.events.append(event)
                    self.changed.notify_all()
        except (OSError, ValueError):
            pass

    def wait(self, kind, limit=LIMIT, count=1, **fields):
        """The count-th such event."""
        deadline = time.monotonic() + limit
        with self.changed:
            while True:
                found = [e for e in self.events if e["event"] == kind and
                         all(e.get(k) == v for k, v in fields.items())]
                if len(found) >= count:
                    return found[count - 1]
                left = deadline - time.monotonic()
                if left <= 0:
                    raise AssertionError(f"{len(found)} of {count} {kind} {fields} within {limit} s; "
                                         f"last events: {self.events[-6:]}")
                self.changed.wait(left)

    def close(self):
        self.socket.close()


class Control:
    """Calls over the control socket, one after the other."""

    def __init__(self, node):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(node.home + "/control.sock")
        self.lines = self.socket.makefile("rw", encoding="utf-8")
        self.number = 0

    def call(self, method, **params):
        self.number += 1
        self.lines.write(json.dumps({"jsonrpc": "2.0", "id": self.number, "method": method,
                                     "params": params}) + "\n")
        self.lines.flush()
        answer = json.loads(self.lines.readline())
        assert answer["id"] == self.number, answer
        if "error" in answer:
            raise Failed(1, answer["error"])
        return answer["result"]


class Node:
    """A home, a host, and the commands of the client."""

    _homes = []

    def __init__(self, host, name, conf="", visible=False, passphrase=None, home=None):
        self.host = host
        self.name = name
        self.home = home or Node.folder()
        self.lock = []
        self.clock = []
        if conf:
            with open(self.home + "/earshot.conf", "w", encoding="utf-8") as file:
                file.write(conf)
        if passphrase:
            self.lock = ["--passphrase-file", Node.folder() + "/passphrase"]
            with open(self.lock[1], "w", encoding="utf-8") as file:
                file.write(passphrase)
        wish = ["--visible-for", "1h"] if visible else ["--hidden"]
        self.address = self.json("init", "--name", name, *wish, *self.lock)[0]["address"]

    @staticmethod
    def folder():
        """A new one, which goes when the program ends."""
        Node._homes.append(tempfile.mkdtemp(prefix="earshot-"))
        return Node._homes[-1]

    @staticmethod
    def forget_homes():
        while Node._homes:
            shutil.rmtree(Node._homes.pop(), ignore_errors=True)

    def run(self, *args, text=None, limit=60):
        done = subprocess.run(self.host.command(*self.clock, EARSHOT, "--home", self.home, *args),
                              input=text, capture_output=True, text=True, timeout=limit,
                              check=False, stdin=subprocess.DEVNULL if text is None else None)
        if done.returncode:
            raise Failed(done.returncode, done.stderr)
        return done.stdout

    def json(self, *args, **options):
        return [json.loads(line) for line in self.run("--json", *args, **options).splitlines()]

    def refused(self, *args, text=None):
        """The error object of a command that must not be done."""
        try:
            self.run("--json", *args, text=text)
        except Failed as failed:
            return failed.code, json.loads(failed.err.strip().splitlines()[-1])
        raise AssertionError(f"{args} was not refused")

    def up(self):
        self.run("up", *self.lock)
        return Listener(self)

    def down(self):
        self.run("down")

    def set_clock(self, offset):
        """From the next start on its machine has another wall clock: "+1d", "-1d"."""
        need("faketime")
        self.clock = ["faketime", "--exclude-monotonic", "-f", offset]

    def pid(self):
        return self.json("status")[0]["pid"]

    def kill(self):
        """SIGKILL; the network process ends when its pair closes."""
        pid = self.pid()
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not running(pid), f"process {pid} to end")

    def net_pid(self):
        return child_of(self.pid())

    def count(self, counter):
        return self.json("stats")[0]["counters"][counter]

    def texts(self, who):
        return [m["text"] for m in self.json("log", who, "--limit", "0") if m["direction"] == "in"]


def child_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        children = file.read().split()
    return int(children[0]) if children else None


def running(pid):
    """While any thread lives, even of a killed process, its sockets and locks are held."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            state = file.read().rsplit(")", 1)[1].split()[0]
        return state != "Z" or len(os.listdir(f"/proc/{pid}/task")) > 1
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_until(condition, what, limit=LIMIT, pause=0.05):
    """For what tells nobody when it changes."""
    deadline = time.monotonic() + limit
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {limit} s for {what}")
        time.sleep(pause)


def pair(conf="", segment=None):
    """Two nodes on one segment, up, contacts by invite, present to each other."""
    lan = segment or Segment()
    ada, bob = Node(Host(lan), "Ada", conf), Node(Host(lan), "Bob", conf)
    at_ada, at_bob = ada.up(), bob.up()
    befriend(ada, bob)
    at_ada.wait("present", name="Bob")
    at_bob.wait("present", name="Ada")
    return ada, bob, at_ada, at_bob


def befriend(ada, bob):
    link = ada.json("invite")[0]["link"]
    bob.run("add", link)


def quantile(values, q):
    values = sorted(values)
    return values[min(len(values) - 1, int(q * len(values)))]
