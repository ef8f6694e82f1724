#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A stranger on the segment attacks the connections of a running node by every means that need no
key of its people: refused and counted, no row of its database changes, and a contact connects."""

import os
import random

import segment
import zmtp
from nodes import Node, wait_until
from target import attacked, connects

SILENT = 10000
PART_BYTES = 60000
PARTS = 5000  # more than the network process may use
FRAME_BYTES_MAX = 66560
KINDS = (*range(12), 255)
FRAME_REASONS = ("rejected_frame_malformed", "rejected_frame_unexpected")
_P = 2 ** 255 - 19
LOW_ORDER = [
    0, 1, _P - 1, _P, _P + 1,
    325606250916557431795983626356110631294008115727848805560023387167927233504,
    39382357235489614581723060781553021112529911719440698176882885853963445705823,
]

# --- Before a link ------------------------------------------------------------------------------


def random_bytes(target):
    for _ in range(100):
        zmtp.say(target, os.urandom(random.randrange(1, 4096)))
    zmtp.say(target, os.urandom(8 << 20))


def truncated(target):
    whole = zmtp.greeting() + zmtp.hello(os.urandom(32))
    for end in range(0, len(whole), 8):
        zmtp.say(target, whole[:end])


def without_curve(target):
    ready = zmtp.command(b"READY", b"\x0bSocket-Type\0\0\0\x06DEALER")
    for mechanism in (b"NULL", b"PLAIN", b"GSSAPI", b"", b"C" * 20):
        zmtp.say(target, zmtp.greeting(mechanism), ready, b"\0\5hello")
    for version in (b"\0\0", b"\1\0", b"\2\0"):
        zmtp.say(target, zmtp.greeting(version=version), ready)


def announced_too_long(target):
    for flags in (b"\2", b"\3", b"\4", b"\6", b"\7"):
        zmtp.say(target, zmtp.greeting(), flags + b"\x7f" + b"\xff" * 7, os.urandom(1 << 20))
        zmtp.say(target, zmtp.greeting(), flags + b"\xff" * 8, os.urandom(1 << 20))


def wrong_server_key(target):
    client = zmtp.Client(target, os.urandom(32))
    assert not client.send(b"hello")
    client.close()


def low_order_points(target):
    """Boxes that would open if the server took a point that makes the shared secret zero."""
    key, shared = zmtp.agree(target)
    control = zmtp.answer(target, zmtp.greeting(), zmtp.hello(key, zmtp.hello_box(shared)))
    assert zmtp.WELCOME in control, "control: a box that opens is answered"
    for point in LOW_ORDER:
        said = zmtp.hello(point.to_bytes(32, "little"), zmtp.hello_box(bytes(32)))
        assert zmtp.WELCOME not in zmtp.answer(target, zmtp.greeting(), said), hex(point)


def heard_on_the_wire(target, flip_at=None):
    """What an honest client said to the node, of which one bit may be turned on the way."""
    relay = zmtp.Relay(target, flip_at)
    client = zmtp.Client(relay)
    arrived = client.send(b"\x08\1")
    if flip_at is None:
        wait_until(lambda: len(relay.said) > 600, "the client's frame")
    client.close()
    relay.close()
    return relay.said, arrived


def replayed(target):
    said, arrived = heard_on_the_wire(target)
    assert arrived, "control: it was good when it was new"
    for _ in range(5):
        zmtp.say(target, said)


def altered(target):
    whole, _ = heard_on_the_wire(target)
    first, initiate = len(zmtp.greeting()), whole.index(b"INITIATE")
    for at in (first + 150, initiate + 20, initiate + 250):
        assert not heard_on_the_wire(target, at)[1], at


BEFORE_A_LINK = [
    (random_bytes, 101), (truncated, 30), (without_curve, 8), (announced_too_long, 10),
    (wrong_server_key, 1), (low_order_points, len(LOW_ORDER)), (replayed, 5), (altered, 3)]

# --- On a link ----------------------------------------------------------------------------------


def one_frame(target, kind, greeted):
    client = zmtp.Client(target)
    if greeted:
        client.greet()
    for size in (0, 1, 40, 700, 5000):
        client.send(bytes([kind]) + random.randbytes(size))
    client.close()


def close_when_ended(client):
    """What is on its way when a client goes away may be lost."""
    wait_until(lambda: not client.send(b"\x08\1"), "the end of the link")
    client.close()


def long_frames(target):
    client = zmtp.Client(target)
    assert client.send(os.urandom(FRAME_BYTES_MAX + 1))
    close_when_ended(client)
    client = zmtp.Client(target).greet()
    assert client.send(bytes(FRAME_BYTES_MAX + 1))
    close_when_ended(client)


def far_too_long_frame(target):
    client = zmtp.Client(target)
    assert client.send(os.urandom(16 << 20))
    client.close()


def two_parts(target):
    client = zmtp.Client(target).greet()
    assert client.send(b"\6" + bytes(4), more=True) and client.send(bytes(4))
    close_when_ended(client)


def again_and_again(target):
    """Whoever offends three times is not heard any more."""
    for _ in range(3):
        client = zmtp.Client(target)
        assert client.send(b"\xff")
        close_when_ended(client)
    client = zmtp.Client(target)
    assert not client.send(b"\xff")
    client.close()


def endless_message(target):
    client = zmtp.Client(target)
    part = os.urandom(PART_BYTES)
    for _ in range(PARTS):
        assert client.send(part, more=True)
    client.send(b"end")  # libzmq begins to send now
    client.close()


# --- Cases --------------------------------------------------------------------------------------


def unchanged(target, act):
    """Whatever act does, no row of the database changes."""
    before = target.image()
    act(target)
    after = target.image()
    assert after == before, {key for key in before.keys() | after.keys()
                             if before.get(key) != after.get(key)}


def before_a_link_nothing_is_believed():
    target, bob = attacked()

    def attack(target):
        frames = target.counters()["frames_in"]
        for act, times in BEFORE_A_LINK:
            target.refuses(["net_failed"], times, act)
        assert target.counters()["frames_in"] <= frames + 2, "only what the two controls sent"

    unchanged(target, attack)
    connects(target, bob)


def frames_that_are_none_end_their_link():
    target, bob = attacked()

    def attack(target):
        for greeted in (False, True):
            for kind in KINDS:
                target.attack(one_frame, kind, greeted)
        wait_until(lambda: sum(target.counters()[name] for name in FRAME_REASONS) >=
                   2 * len(KINDS) - 2, "each to be refused")
        target.refuses(["net_oversized"], 2, long_frames)
        target.refuses(["net_failed"], 1, far_too_long_frame)
        target.refuses(["net_oversized"], 1, two_parts)
        target.refuses(["net_denied"], 1, again_and_again)

    unchanged(target, attack)
    connects(target, bob)


def an_endless_message_ends_at_a_limit():
    target, bob = attacked()
    net = target.node.net_pid()

    def attack(target):
        target.refuses(["net_oversized"], 1, endless_message)

    unchanged(target, attack)
    assert target.node.net_pid() == net, "the network process lives"
    connects(target, bob)


def ten_thousand_silent_connections_keep_nobody_out():
    target, bob = attacked()

    before = target.image()
    silent = target.refuses(["net_denied"], SILENT // 2, zmtp.Silent, SILENT)
    assert target.image() == before
    connects(target, bob)
    silent.close()


if __name__ == "__main__":
    segment.enter()
    try:
        segment.run_cases([before_a_link_nothing_is_believed, frames_that_are_none_end_their_link,
                           an_endless_message_ends_at_a_limit,
                           ten_thousand_silent_connections_keep_nobody_out])
    finally:
        Node.forget_homes()
