# SPDX-License-Identifier: ISC
"""A node that strangers attack: where it listens, what it counts, what its database holds."""

import os
import shutil
import socket
import sqlite3
import struct
import tempfile
import time

import mdns
import zmtp
from nodes import CLEAR_COPY, pair, wait_until
from segment import Capture, Host, Segment, run

PATIENCE_S = 5
COUNTED_S = 15


class Target:
    """Starts a node and learns from its advert where it listens and by which key."""

    def __init__(self, lan, node):
        self.lan = lan
        self.node = node
        self.start()

    def start(self):
        own = self.node.host.run("ip", "-4", "-o", "addr", "show", "eth0").split()[3].split("/")[0]
        capture = Capture(self.lan)
        self.events = self.node.up()
        wait_until(lambda: self._read(capture, own), "its advert")
        capture.bytes()

    def _read(self, capture, own):
        """False: not all of it was captured yet."""
        try:
            records = [r for p in mdns.packets_of(b"".join(capture.chunks))
                       for r in mdns.records_of(p) if r[2] > 0]
        except (IndexError, struct.error):
            return False
        hosts = {name for name, kind, _, data in records
                 if kind == mdns.A and data == socket.inet_aton(own)}
        for owner, kind, _, data in records:
            if kind == mdns.SRV and data[1] in hosts:
                self.at = (own, data[0])
                texts = [text for name, kind, _, text in records
                         if kind == mdns.TXT and name == owner]
                if texts:
                    self.key = texts[0][texts[0].index(b"k=") + 2:][:32]
                    return True
        return False

    def attack(self, act, *args):
        """From a new address: the one before may be banned."""
        return zmtp.inside(Host(self.lan), act, self, *args)

    def refuses(self, counters, at_least, act, *args):
        """The attack is counted under these reasons, so many times in all."""
        before = self.counters()
        outcome = self.attack(act, *args)

        def counted():
            now = self.counters()
            return sum(now[name] - before[name] for name in counters)

        try:
            wait_until(lambda: counted() >= at_least, "the count", limit=COUNTED_S)
        finally:
            after = self.counters()
            print(f"# {act.__name__.replace('_', ' ')}:", ", ".join(
                f"{name} {after[name] - before[name]}" for name in after
                if after[name] != before[name] and
                (name in counters or name.startswith(("net_", "rejected_")))), flush=True)
        return outcome

    def counters(self):
        return self.node.json("stats")[0]["counters"]

    def image(self):
        return image(self.node)


def image(node):
    """The database of a running node, row by row, as it is on disk."""
    with tempfile.TemporaryDirectory() as folder:
        for name in os.listdir(node.home):
            if name.startswith("earshot.") and name != "earshot.db-shm":
                shutil.copy2(node.home + "/" + name, folder + "/" + name)
        return rows(folder)


def rows(home):
    """The database of a stopped node, row by row."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        run(CLEAR_COPY, home, folder + "/copy")
        with sqlite3.connect(folder + "/copy") as database:
            for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'"):
                for row in database.execute(f"SELECT * FROM {table}"):
                    found[table, row[0]] = row
    return found


def attacked():
    """Ada, who has a contact and messages, runs and is to be attacked; Bob is away."""
    lan = Segment()
    ada, bob, at_ada, _ = pair(segment=lan)
    bob.run("send", "Ada", "hello", "--wait", "delivered", "--timeout", "10s")
    ada.run("send", "Bob", "hello yourself", "--wait", "delivered", "--timeout", "10s")
    bob.down()
    at_ada.wait("gone", name="Bob")
    ada.down()
    target = Target(lan, ada)
    assert len(target.image()) >= 5
    return target, bob


def connects(target, bob):
    """A contact does so within five seconds, and nothing was lost."""
    started = time.monotonic()
    took = bob.up().wait("present", limit=PATIENCE_S, name="Ada")["at"] - started
    print(f"# a contact is present after {took:.2f} s", flush=True)
    assert took <= PATIENCE_S
    bob.run("send", "Ada", "still here?", "--wait", "delivered", "--timeout", "10s")
    assert target.node.texts("Bob")[0] == "hello"
    assert target.node.texts("Bob")[-1] == "still here?"
