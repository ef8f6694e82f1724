#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Stands in for earshotd where the client starts one: says what it was given, and answers.

FAKE_STATE: what --state prints. FAKE_FAIL: an error line, then it ends. FAKE_SILENT: it ends without a
word. FAKE_SLOW: seconds that it takes. What it was started with is written to HOME/spawned.json."""

import contextlib
import json
import os
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

# pylint: disable=wrong-import-position
import fake_node


def option(name):
    return sys.argv[sys.argv.index(name) + 1] if name in sys.argv else None


def passphrase():
    fd = option("--passphrase-fd")
    return os.read(int(fd), 4096).decode() if fd else None


def open_descriptors():
    """Without the one that lists them."""
    found = {}
    for fd in os.listdir("/proc/self/fd"):
        try:
            found[int(fd)] = os.readlink(f"/proc/self/fd/{fd}")
        except OSError:
            pass
    return found


def end_if_told():
    time.sleep(float(os.environ.get("FAKE_SLOW", "0")))
    if os.environ.get("FAKE_FAIL"):
        print("a line of the log\n" + os.environ["FAKE_FAIL"], file=sys.stderr)
        sys.exit(1)
    if os.environ.get("FAKE_SILENT"):
        sys.exit(1)


def serve(home):
    spawned = {"args": sys.argv[1:], "fds": open_descriptors(), "cwd": os.getcwd(),
               "session": os.getsid(0) == os.getpid(), "passphrase": passphrase()}
    with open(os.path.join(home, "starts"), "a", encoding="ascii") as file:
        file.write("x")
    end_if_told()
    with open(os.path.join(home, "spawned.json"), "w", encoding="utf-8") as file:
        json.dump(spawned, file)
    print("the fake node runs", file=sys.stderr, flush=True)
    stopped = threading.Event()
    node = fake_node.Node(home)
    node.answers.update({
        "id": {"address": fake_node.ADDRESS, "name": "Ada"},
        "visible": {"visible_until": fake_node.TIME},
        "status": lambda _: {"running": True, "pid": os.getpid(), "visible": node.asked("visible")},
        "stop": lambda _: stopped.set() or {},
    })
    if option("--ready-fd"):
        with contextlib.suppress(BrokenPipeError):  # who started it has given up
            os.write(int(option("--ready-fd")), b"x")
        os.close(int(option("--ready-fd")))
    stopped.wait(60)
    time.sleep(0.2)  # the client waits for the end of the process, not for the answer
    os.unlink(os.path.join(home, "control.sock"))


def main():
    home = option("--home") or option("--data")
    if "--state" in sys.argv:
        print(os.environ.get("FAKE_STATE", '{"exists":true,"at_rest":"keyfile"}'))
    elif "--init" in sys.argv:
        end_if_told()
        os.makedirs(home, exist_ok=True)
        with open(os.path.join(home, "init.json"), "w", encoding="utf-8") as file:
            json.dump({"args": sys.argv[1:], "passphrase": passphrase()}, file)
        print(json.dumps({"address": fake_node.ADDRESS, "name": option("--name")}))
    else:
        serve(home)


if __name__ == "__main__":
    main()
