#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Nodes beside a running avahi-daemon, on one side and on both: they meet and talk as fast as
without it, and the daemon's own services go on resolving. Prints its figures.

usage: avahi.py [--runs N]"""

import argparse
import subprocess
import time

import segment
from nodes import Control, Node, befriend, quantile, wait_until
from segment import Host, Segment, need

PRESENT_S = 5
DELIVERED_MS = 10
TEXTS = 20
OPTIONS = argparse.ArgumentParser()
OPTIONS.add_argument("--runs", type=int, default=2)
SERVICE = "_test._tcp"


def host_on(lan, daemon, exclusive=False):
    need("avahi-browse", "avahi-publish")
    host = Host(lan)
    if daemon:
        host.start_avahi_daemon(exclusive)
        host.spawn("avahi-publish", "-s", f"service-of-{host.holder.pid}", SERVICE, "1234",
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return host


def resolves(at, published_by):
    """The service of a daemon, as the daemon of another host sees it now."""
    listing = subprocess.run(at.command("avahi-browse", "-rptk", SERVICE), check=False,
                             capture_output=True, text=True, timeout=30).stdout
    return f"=;eth0;IPv4;service-of-{published_by.holder.pid};" in listing


def contacts(ada_host, bob_host):
    ada, bob = Node(ada_host, "Ada"), Node(bob_host, "Bob")
    at_ada, at_bob = ada.up(), bob.up()
    befriend(ada, bob)
    at_ada.wait("present", name="Bob")
    at_bob.wait("present", name="Ada")
    return ada, bob


def figures(ada, bob, services):
    """Each run: one of them comes back and writes; every service still resolves."""
    present, delivered = [], []
    for run in range(OPTIONS.parse_args().runs):
        comes, other = ((ada, "Bob"), (bob, "Ada"))[run % 2]
        comes.down()
        started = time.monotonic()
        present.append(comes.up().wait("present", name=other)["at"] - started)
        control = Control(comes)
        for i in range(TEXTS):
            started = time.monotonic()
            sent = control.call("send", conversation=other, text=f"{run} {i}", wait="delivered")
            assert sent["state"] == "delivered"
            delivered.append((time.monotonic() - started) * 1000)
        for at, publisher in services:
            wait_until(lambda at=at, publisher=publisher: resolves(at, publisher),
                       f"the service of {publisher.holder.pid} in run {run}", limit=10)
    p95, p50 = quantile(present, 0.95), quantile(delivered, 0.5)
    print(f"# {len(present)} runs, up to present: p50 {quantile(present, 0.5):.2f} s, "
          f"p95 {p95:.2f} s; send to delivered: p50 {p50:.1f} ms of {len(delivered)}", flush=True)
    assert p95 <= PRESENT_S, present
    assert p50 <= DELIVERED_MS, delivered


def method(node):
    return node.json("status")[0]["discovery"]["method"]


def with_a_daemon_on_one_side():
    lan = Segment()
    beside, watching = host_on(lan, True), host_on(lan, True)
    ada, bob = contacts(beside, host_on(lan, False))
    figures(ada, bob, [(beside, watching), (watching, beside)])
    assert method(ada) == method(bob) == "embedded"


def with_a_daemon_on_both_sides():
    lan = Segment()
    left, right = host_on(lan, True), host_on(lan, True)
    ada, bob = contacts(left, right)
    figures(ada, bob, [(left, right), (right, left)])
    assert method(ada) == method(bob) == "embedded"


def with_a_daemon_that_keeps_the_port_to_itself():
    """The embedded stack is of no use there, so `auto` uses the daemon."""
    lan = Segment()
    exclusive, watching = host_on(lan, True, exclusive=True), host_on(lan, True)
    ada, bob = contacts(exclusive, host_on(lan, False))
    assert method(ada) == "avahi-daemon" and method(bob) == "embedded"
    figures(ada, bob, [(exclusive, watching), (watching, exclusive)])
    assert method(ada) == "avahi-daemon"


if __name__ == "__main__":
    segment.enter()
    try:
        segment.run_cases([with_a_daemon_on_one_side, with_a_daemon_on_both_sides,
                           with_a_daemon_that_keeps_the_port_to_itself])
    finally:
        Node.forget_homes()
