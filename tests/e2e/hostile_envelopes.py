#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Envelopes that a stranger has: altered, repeated, forged. They are refused and counted, change no
row of the database, and keep nothing away that is good. The envelopes are taken from the databases
of those who wait to send them; a stranger on the segment hears the same bytes."""

import hashlib
import os
import random

import segment
import zmtp
from nodes import Node, wait_until
from segment import Host
from target import attacked, connects, image, rows

HEADER_BYTES = 20
SEALED_AT = (HEADER_BYTES, 52, 100)
WORK_BITS = 20


def waiting_message(database):
    """The sealed bytes of the only message that waits: they end its row."""
    body, = [row[1] for (table, _), row in database.items() if table == "outbox"]
    return body[-zmtp.ENVELOPE_BYTES:]


def waiting_request(database):
    """The same of a request: its work shows where it stands. None while that is still searched."""
    for (table, _), (_, body, *_) in database.items():
        for at in range(len(body) - zmtp.ENVELOPE_BYTES + 1 if table == "request_out" else 0):
            if worked(body[at:at + zmtp.ENVELOPE_BYTES]):
                return body[at:at + zmtp.ENVELOPE_BYTES]
    return None


def turned(envelope, at):
    return envelope[:at] + bytes([envelope[at] ^ 1 << at % 8]) + envelope[at + 1:]


# --- Proof of work, protocol section 6.1 ----------------------------------------------------------


def _hash(value):
    return hashlib.blake2b(value, digest_size=32).digest()


def _enough(digest):
    return int.from_bytes(digest[:4], "big") >> (32 - WORK_BITS) == 0


def worked(envelope):
    inner = _hash(envelope[:2] + envelope[HEADER_BYTES:])
    return _enough(_hash(envelope[4:HEADER_BYTES] + inner))


def work(envelope):
    """The same envelope with a tag that is a proof of work."""
    inner, fixed, number = _hash(envelope[:2] + envelope[HEADER_BYTES:]), os.urandom(8), 0
    while not _enough(_hash(fixed + number.to_bytes(8, "little") + inner)):
        number += 1
    return envelope[:4] + fixed + number.to_bytes(8, "little") + envelope[HEADER_BYTES:]


# --- Attacks ------------------------------------------------------------------------------------


def offered(target, envelopes):
    """The link stays until all are taken: what is on its way when it breaks is lost."""
    before = target.counters()["envelopes_in"]
    client = zmtp.Client(target).greet()
    for envelope in envelopes:
        assert client.offer(envelope)
    wait_until(lambda: target.counters()["envelopes_in"] >= before + len(envelopes),
               "all envelopes to be taken")
    client.close()


def malformed(target, envelope):
    client = zmtp.Client(target).greet()
    assert client.offer(envelope)
    wait_until(lambda: not client.send(b"\x08\1"), "the end of the link")
    client.close()


def each_refused(target, reason, envelopes, act=offered):
    target.refuses([reason], len(envelopes), act, envelopes)


def unchanged(target, act):
    before = target.image()
    act()
    assert target.image() == before


# --- Cases --------------------------------------------------------------------------------------


def altered_and_repeated_messages_change_nothing():
    target, bob = attacked()
    bob.up().wait("present", name="Ada")  # before that nothing is sealed
    target.node.down()
    bob.run("send", "Ada", "on its way")
    bob.down()
    envelope = waiting_message(rows(bob.home))
    target.start()
    altered = [turned(envelope, at) for at in range(HEADER_BYTES, zmtp.ENVELOPE_BYTES, 7)]
    other_tags = [turned(envelope, at) for at in range(4, HEADER_BYTES)]

    def attack():
        each_refused(target, "rejected_envelope_bad", altered)
        each_refused(target, "envelopes_foreign", other_tags)
        for wrong in (envelope[:-1], envelope + b"\0", envelope[:1] + b"\1" + envelope[2:],
                      b"\2" + envelope[1:], b""):
            target.refuses(["rejected_frame_malformed"], 1, malformed, wrong)

    unchanged(target, attack)
    assert target.node.texts("Bob") == ["hello"]
    target.attack(offered, [envelope])
    target.events.wait("message", text="on its way")
    unchanged(target, lambda: each_refused(target, "envelopes_foreign", [envelope] * 5))
    connects(target, bob)
    assert target.node.texts("Bob") == ["hello", "on its way", "still here?"]


def request_of_carol(target):
    """She is alone, so it waits."""
    carol = Node(Host(), "Carol")
    carol.up()
    carol.run("add", target.node.address)
    wait_until(lambda: waiting_request(image(carol)), "the work to be done", limit=60, pause=0.5)
    return waiting_request(image(carol))


def forged_and_repeated_requests_change_nothing():
    target, bob = attacked()
    request = request_of_carol(target)
    no_work = [turned(request, at) for at in range(4, zmtp.ENVELOPE_BYTES, 9)]
    low_order = request[:HEADER_BYTES] + bytes(32) + request[52:]
    forged = [work(wrong) for wrong in (
        low_order, *(turned(request, at) for at in SEALED_AT),
        request[:HEADER_BYTES] + random.randbytes(zmtp.ENVELOPE_BYTES - HEADER_BYTES))]

    def attack():
        each_refused(target, "envelopes_foreign", no_work)
        each_refused(target, "envelopes_foreign", forged)

    unchanged(target, attack)
    assert not target.node.json("requests")
    target.attack(offered, [request])
    target.events.wait("request", name="Carol")
    later = request[:2] + (zmtp.bucket() + 2).to_bytes(2, "little") + request[4:]
    unchanged(target, lambda: each_refused(target, "rejected_request_seen", [request, later]))
    target.node.run("decline", "Carol")
    unchanged(target, lambda: each_refused(target, "rejected_request_seen", [request, later]))
    assert not target.node.json("requests")
    connects(target, bob)


if __name__ == "__main__":
    segment.enter()
    try:
        segment.run_cases([altered_and_repeated_messages_change_nothing,
                           forged_and_repeated_requests_change_nothing])
    finally:
        Node.forget_homes()
