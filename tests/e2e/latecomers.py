#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Somebody comes back after the world has moved on: everybody restarted, rotated, elsewhere, with a
clock that is a day wrong. What waited arrives all the same, and so does the answer."""

import datetime

import segment
from nodes import Node, pair, wait_until
from segment import Segment

TEXTS = [f"text {i}" for i in range(20)]


def queue(ada):
    ada.run("send", "Bob", "-", text="".join(f"{text}\n" for text in TEXTS))
    assert ada.json("status")[0]["queued"] == len(TEXTS)


def all_arrives(ada, bob, at_bob):
    at_bob.wait("message", count=len(TEXTS), limit=60)
    wait_until(lambda: ada.json("status")[0]["queued"] == 0, "every receipt", limit=60)
    assert bob.texts("Ada") == TEXTS
    bob.run("send", "Ada", "I am back", "--wait", "delivered", "--timeout", "30s")
    ada.run("send", "Bob", "welcome", "--wait", "delivered", "--timeout", "30s")
    assert ada.texts("Bob") == ["I am back"] and bob.texts("Ada") == [*TEXTS, "welcome"]
    for node in (ada, bob):
        assert node.count("sessions_renewed") == 0, "nothing had to be renewed"


def hours_off(node, who):
    """By how much its clock is wrong, as a message shows that it has received."""
    received = [m["received_at"] for m in node.json("log", who) if m["direction"] == "in"][-1]
    then = datetime.datetime.fromisoformat(received.replace("Z", "+00:00"))
    return abs(then - datetime.datetime.now(datetime.timezone.utc)).total_seconds() / 3600


def with_a_clock(offset, late):
    """One of them, the late recipient or the sender, comes back with a wrong clock."""
    ada, bob, _, _ = pair()
    bob.down()
    if not late:
        ada.down()
        ada.set_clock(offset)
        ada.up()
    else:
        bob.set_clock(offset)
    queue(ada)
    all_arrives(ada, bob, bob.up())
    assert round(hours_off(bob, "Ada")) == (24 if late else 0)
    assert round(hours_off(ada, "Bob")) == (0 if late else 24)


def a_recipient_whose_clock_is_a_day_ahead():
    with_a_clock("+1d", late=True)


def a_recipient_whose_clock_is_a_day_behind():
    with_a_clock("-1d", late=True)


def a_sender_whose_clock_is_a_day_ahead():
    with_a_clock("+1d", late=False)


def a_sender_whose_clock_is_a_day_behind():
    with_a_clock("-1d", late=False)


def everything_has_changed():
    """Both rotated and restarted, the sender elsewhere, the recipient's clock a day wrong."""
    lan = Segment()
    ada, bob, _, _ = pair(conf="[discovery]\nrotation = 10s\n", segment=lan)
    wait_until(lambda: min(ada.count("rotations"), bob.count("rotations")) >= 2, "rotations",
               limit=40, pause=0.5)
    bob.down()
    queue(ada)
    before = ada.count("rotations")
    wait_until(lambda: ada.count("rotations") > before, "another rotation", limit=30, pause=0.5)
    ada.down()
    ada.host.run("ip", "addr", "flush", "dev", "eth0")
    ada.host.run("ip", "addr", "add", f"10.77.{lan.number}.99/24", "dev", "eth0")
    ada.up()
    bob.set_clock("+1d")
    all_arrives(ada, bob, bob.up())


if __name__ == "__main__":
    segment.enter()
    try:
        segment.run_cases([
            a_recipient_whose_clock_is_a_day_ahead, a_recipient_whose_clock_is_a_day_behind,
            a_sender_whose_clock_is_a_day_ahead, a_sender_whose_clock_is_a_day_behind,
            everything_has_changed])
    finally:
        Node.forget_homes()
