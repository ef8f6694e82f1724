# SPDX-License-Identifier: ISC
"""A node for tests of the client: a control socket that plays answers and remembers requests; and the
client run as a script runs it, or as a person does, on a terminal."""

import collections
import fcntl
import functools
import json
import os
import pty
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import termios
import threading
import time

from segment import run_cases

EARSHOT = os.environ.get("EARSHOT", "earshot")
SECONDS_MAX = 20

ADDRESS = "earshot:" + "0123456789abcdefghjkmnpqrstvwxyz" + "0123456789abcdefghjkmnpq"
TIME = "2026-01-31T17:00:00.000Z"

# All that the client may write to a terminal besides text: its styles, and taking a line away.
_OWN_SEQUENCES = re.compile(r"\x1b\[(?:0|1|2|31|32|38;5;231;48;5;16)m|\r\x1b\[K|\x1b\[H\x1b\[J")


class Refused(Exception):
    """An error answer."""

    def __init__(self, code, message="refused", hint=None, number=1, candidates=None):
        super().__init__(code)
        data = {"code": code, "hint": hint}
        if candidates is not None:
            data["candidates"] = candidates
        self.error = {"code": number, "message": message, "data": data}


class Node:
    """Answers: a result, a function of the parameters, Refused, or nothing for a method that is
    not answered at all."""

    def __init__(self, home=None, folder=None):
        self.home = home or tempfile.mkdtemp(prefix="earshot-cli.", dir=folder)
        self.answers = {"requests": {"rows": [], "next": None}}
        self.requests = []
        self.held, self.hold_count = [], {}
        self._listeners = []
        self._lock = threading.Condition()
        self._connections = []
        self._listen()
        _all.append(self)

    def _listen(self):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        folder = os.open(self.home, os.O_PATH | os.O_DIRECTORY)
        self.socket.bind(f"/proc/self/fd/{folder}/control.sock")
        os.close(folder)
        self.socket.listen(16)
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self._connections.append(connection)
            threading.Thread(target=self._serve, args=[connection], daemon=True).start()

    def _serve(self, connection):
        try:
            for line in connection.makefile("rb"):
                self._take(connection, json.loads(line))
        except (OSError, ValueError):
            pass

    def _take(self, connection, request):
        method, params = request["method"], request["params"]
        with self._lock:
            self.requests.append((method, params))
            self._lock.notify_all()
        if method in self.hold_count:
            self._hold(connection, request)
            return
        self._answer(connection, request)

    def _hold(self, connection, request):
        """Answers nothing until so many requests wait; then the last one first."""
        self.held.append((connection, request))
        if len(self.held) == self.hold_count[request["method"]]:
            held, self.held = self.held, []
            for each in reversed(held):
                self._answer(*each)

    def _answer(self, connection, request):
        method = request["method"]
        answer = {"jsonrpc": "2.0", "id": request["id"]}
        try:
            result = self.answers.get(method)
            if callable(result):
                result = result(request["params"])
            if isinstance(result, Refused):
                raise result
            if result is None and method != "listen":
                return
            answer["result"] = {"seq": 0} if result is None else result
        except Refused as refused:
            answer["error"] = refused.error
        self._write(connection, answer)
        if method == "listen":
            with self._lock:
                self._listeners.append(connection)
                self._lock.notify_all()

    @staticmethod
    def _write(connection, obj):
        connection.sendall(json.dumps(obj).encode() + b"\n")

    def event(self, **fields):
        """To all who listen; waits until somebody does."""
        with self._lock:
            assert self._lock.wait_for(lambda: self._listeners, SECONDS_MAX), "nobody listens"
        for connection in self._listeners:
            self._write(connection, {"jsonrpc": "2.0", "method": "event", "params": fields})

    def wait_request(self, method, count=1, **params):
        """The count-th request of this method with these parameters, when it has come."""
        def found():
            return [p for m, p in self.requests
                    if m == method and all(p.get(k) == v for k, v in params.items())]
        with self._lock:
            assert self._lock.wait_for(lambda: len(found()) >= count, SECONDS_MAX), self.requests
            return found()[count - 1]

    def asked(self, method):
        return [params for name, params in self.requests if name == method]

    def close(self):
        """As if it were killed."""
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # closed before
        # Not before the thread has left accept(): its descriptor's number may be used again.
        self._acceptor.join()
        self.socket.close()
        for connection in self._connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def forget(self):
        self.close()
        shutil.rmtree(self.home, ignore_errors=True)


_all = []
_cases = []


def case(function):
    """Marks a test; whatever it leaves is ended after it."""
    @functools.wraps(function)
    def run_and_forget():
        try:
            function()
        finally:
            while _all:
                _all.pop().forget()
    _cases.append(run_and_forget)
    return function


def leave(thing):
    """Its forget() is called after the test."""
    _all.append(thing)


def wait_until(condition):
    deadline = time.monotonic() + SECONDS_MAX
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def run_all():
    run_cases(_cases)


Result = collections.namedtuple("Result", "code out err")


def environment(**more):
    keep = {k: v for k, v in os.environ.items() if k in ("PATH", "LD_LIBRARY_PATH", "ASAN_OPTIONS",
                                                        "UBSAN_OPTIONS", "LSAN_OPTIONS")}
    return {**keep, "HOME": "/nonexistent", "TZ": "UTC", "TERM": "xterm", **more}


def command(node, *args):
    home = node.home if isinstance(node, Node) else node
    return [EARSHOT, *(["--home", home] if home else []), *args]


def run(node, *args, stdin=b"", env=None, check=None):
    """Runs the client as a script does. check: the exit code that must come."""
    data = stdin.encode() if isinstance(stdin, str) else stdin
    done = subprocess.run(command(node, *args), input=data, capture_output=True, check=False,
                          timeout=SECONDS_MAX, env=environment(**(env or {})))
    result = Result(done.returncode, done.stdout.decode(), done.stderr.decode())
    assert check is None or result.code == check, result
    assert result.code >= 0, result
    return result


def objects(text):
    return [json.loads(line) for line in text.splitlines()]


def run_json(node, *args, **options):
    return objects(run(node, "--json", *args, check=0, **options).out)


def refuse(node, *args, code, error=None, **options):
    """The client refuses, with this exit code and, as JSON, this error; returns the error."""
    plain = run(node, *args, check=code, **options)
    assert plain.out == "" and plain.err.startswith("earshot"), plain
    lines = objects(run(node, "--json", *args, check=code, **options).err)
    assert set(lines[-1]) >= {"error", "message", "hint"}, lines
    assert error is None or lines[-1]["error"] == error, lines
    return lines[-1]


class Started:
    """The client running, with pipes."""

    def __init__(self, node, *args, env=None):
        self.process = subprocess.Popen(
            command(node, *args), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env=environment(**(env or {})))
        self.seen = b""
        _all.append(self)

    def write(self, text):
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def line(self):
        while b"\n" not in self.seen:
            ready, _, _ = select.select([self.process.stdout], [], [], SECONDS_MAX)
            assert ready, "no line came"
            more = os.read(self.process.stdout.fileno(), 65536)
            assert more, "the output has ended"
            self.seen += more
        line, _, self.seen = self.seen.partition(b"\n")
        return line.decode()

    def finish(self):
        out, err = self.process.communicate(timeout=SECONDS_MAX)
        return Result(self.process.returncode, (self.seen + out).decode(), err.decode())

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        return self.finish()

    def forget(self):
        self.process.kill()
        self.process.wait()


class Terminal:
    """The client with a terminal for its standard input, output and errors."""

    def __init__(self, node, *args, env=None, columns=80):
        self.master, slave = pty.openpty()
        self.slave = slave
        self.resize(columns)
        self.before = termios.tcgetattr(slave)
        self.seen = b""
        self.process = subprocess.Popen(
            command(node, *args), stdin=slave, stdout=slave, stderr=slave, close_fds=True,
            start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
            env=environment(**(env or {})))
        _all.append(self)

    def resize(self, columns):
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))

    def type(self, keys):
        os.write(self.master, keys.encode())

    def _read(self, seconds):
        ready, _, _ = select.select([self.master], [], [], seconds)
        if ready:
            self.seen += os.read(self.master, 65536)
        return bool(ready)

    def wait(self, text, since=0):
        """Waits until this has been written; returns where it ends."""
        deadline = time.monotonic() + SECONDS_MAX
        while text.encode() not in self.seen[since:]:
            left = deadline - time.monotonic()
            assert left > 0, (text, self.seen)
            self._read(left)
        return since + self.seen[since:].index(text.encode()) + len(text.encode())

    def finish(self, check=0):
        """All that was written, with \\n for the ends of lines. check: the exit code; None: any."""
        deadline = time.monotonic() + SECONDS_MAX
        while self.process.poll() is None and time.monotonic() < deadline:
            self._read(0.02)
        while self._read(0):
            pass
        assert self.process.poll() is not None, self.seen
        assert check in (None, self.process.returncode), (self.process.returncode, self.seen)
        return self.seen.decode().replace("\r\n", "\n")

    def restored(self):
        return termios.tcgetattr(self.slave) == self.before

    def forget(self):
        self.process.kill()
        self.process.wait()
        os.close(self.master)
        os.close(self.slave)


def on_terminal(node, *args, check=0, **options):
    return Terminal(node, *args, **options).finish(check)


def without_styles(text):
    return _OWN_SEQUENCES.sub("", text)


# What must never reach a terminal or a JSON line, in any text of somebody else.
BAD = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
HOSTILE = "evil\x1b[5m\x1b]0;t\x07\x9b2J\x7f\u202efdp\u2066\u2028\r\x08Z"
HOSTILE_NAME = HOSTILE + "\u200b\ufeff\u00ad"


def assert_clean(text, names=True):
    found = BAD.search(without_styles(text))
    assert not found, (found, text)
    for c in "\u200b\ufeff\u00ad" if names else "":
        assert c not in text, (c, text)
