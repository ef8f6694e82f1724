#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Two people write to each other while their daemons and network processes are killed at random
moments. What was reported queued is shown exactly once, in its sender's order.

usage: kills.py [--kills N] [--messages N] [--seed N]"""

import argparse
import json
import os
import random
import signal
import socket
import threading

import segment
from nodes import LIMIT, Node, child_of, pair, running, wait_until

IN_FLIGHT_MAX = 32
OPTIONS = argparse.ArgumentParser()
OPTIONS.add_argument("--kills", type=int, default=50)
OPTIONS.add_argument("--messages", type=int, default=1000)
OPTIONS.add_argument("--seed", type=int, default=None)


class Writer:
    """Writes until the node has taken as many messages as are wanted so far. A message that was not
    confirmed when the node died is in doubt: it may be shown once or not at all; the next one has
    another number."""

    def __init__(self, node, to):
        self.node = node
        self.to = to
        self.next = 0
        self.confirmed = []
        self.doubted = set()
        self.wanted = 0
        self.problem = None
        self.changed = threading.Condition()
        threading.Thread(target=self._run, daemon=True).start()

    def want(self, total):
        with self.changed:
            self.wanted = total
            self.changed.notify_all()

    def wait(self, limit):
        """Until everything wanted so far was taken."""
        with self.changed:
            done = self.changed.wait_for(
                lambda: self.problem or len(self.confirmed) >= self.wanted, limit)
        assert self.problem is None, self.problem
        assert done, f"{self.node.name}: {len(self.confirmed)} of {self.wanted} taken in {limit} s"

    def _run(self):
        while self.problem is None:
            in_flight = {}
            try:
                with socket.socket(socket.AF_UNIX) as stream:
                    stream.connect(self.node.home + "/control.sock")
                    with stream.makefile("rw", encoding="utf-8") as lines:
                        self._talk(lines, in_flight)
            except (OSError, EOFError):
                self.doubted.update(in_flight.values())
                self.node.is_up.wait()

    def _talk(self, lines, in_flight):
        while self.problem is None:
            with self.changed:
                self.changed.wait_for(lambda: in_flight or len(self.confirmed) < self.wanted)
                room = min(IN_FLIGHT_MAX, self.wanted - len(self.confirmed)) - len(in_flight)
            for _ in range(room):
                text = self.next
                self.next += 1
                in_flight[text] = text
                lines.write(json.dumps({
                    "jsonrpc": "2.0", "id": text, "method": "send",
                    "params": {"conversation": self.to, "text": str(text)}}) + "\n")
            lines.flush()
            self._take(lines.readline(), in_flight)

    def _take(self, line, in_flight):
        if not line.endswith("\n"):
            raise EOFError
        answer = json.loads(line)
        with self.changed:
            if "result" not in answer:
                self.problem = answer
            self.confirmed.append(in_flight.pop(answer["id"]))
            self.changed.notify_all()


class Watched:
    """Every message event of all the lives of a node."""

    def __init__(self, listener):
        self.listeners = [listener]

    def texts(self):
        return [int(e["text"]) for each in self.listeners for e in each.events
                if e["event"] == "message"]


def check(sender, shown, events):
    """What the other side shows of a sender's messages."""
    assert shown == sorted(set(shown)), "shown twice or out of order"
    assert not set(sender.confirmed) - set(shown), "queued and lost"
    assert set(shown) <= set(sender.confirmed) | sender.doubted, "never written"
    assert events == sorted(set(events)), "reported twice or out of order"
    assert set(events) <= set(shown), "reported and not stored"


def kill(node, target, watched):
    os.kill(target, signal.SIGKILL)
    wait_until(lambda: not running(target), f"process {target} to end", pause=0.002)
    if target == node.daemon:
        node.is_up.clear()
        watched.listeners.append(node.up())
        node.daemon = node.pid()
        node.is_up.set()
    wait_until(lambda: child_of(node.daemon) not in (None, target), "a network process", limit=60)


def everything_queued_is_shown_once_in_order():
    options = OPTIONS.parse_args()
    seed = random.randrange(1 << 32) if options.seed is None else options.seed
    print(f"# {options.kills} kills, {options.messages} messages each way, --seed {seed}",
          flush=True)
    choose = random.Random(seed)
    ada, bob, at_ada, at_bob = pair()
    watched = {ada: Watched(at_ada), bob: Watched(at_bob)}
    for node in (ada, bob):
        node.is_up = threading.Event()
        node.is_up.set()
        node.daemon = node.pid()
    writers = {ada: Writer(ada, "Bob"), bob: Writer(bob, "Ada")}
    for number in range(options.kills):
        node = choose.choice((ada, bob))
        target = choose.choice((node.daemon, child_of(node.daemon)))
        for writer in writers.values():
            writer.want(options.messages * (number + 1) // options.kills)
        threading.Event().wait(choose.uniform(0, choose.choice((0.01, 0.1))))
        kill(node, target, watched[node])
        for writer in writers.values():
            writer.wait(LIMIT)
    wait_until(lambda: ada.json("status")[0]["queued"] + bob.json("status")[0]["queued"] == 0,
               "every receipt", limit=120, pause=0.5)
    for node, other, name in ((ada, bob, "Ada"), (bob, ada, "Bob")):
        shown = [int(text) for text in other.texts(name)]
        check(writers[node], shown, watched[other].texts())
        print(f"# {name}: {len(writers[node].confirmed)} taken, {len(writers[node].doubted)} in "
              f"doubt, {len(shown)} shown", flush=True)


if __name__ == "__main__":
    segment.enter()
    try:
        segment.run_cases([everything_queued_is_shown_once_in_order])
    finally:
        Node.forget_homes()
