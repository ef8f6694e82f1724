#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Somebody is blocked: nothing passes in either direction any more, asking again is of no use, the
blocked cannot tell which advert is the blocker's, and all others go on."""

import segment
from nodes import Node, befriend, wait_until
from segment import Host, Segment

ROTATION = "[discovery]\nrotation = 10s\n"


def three(conf=""):
    """Ada has two contacts, Bob and Cid, who do not know each other."""
    lan = Segment()
    ada, bob, cid = (Node(Host(lan), name, conf) for name in ("Ada", "Bob", "Cid"))
    listeners = [node.up() for node in (ada, bob, cid)]
    for other in (bob, cid):
        befriend(ada, other)
        listeners[0].wait("present", name=other.name)
    for listener in listeners[1:]:
        listener.wait("present", name="Ada")
    bob.run("send", "Ada", "hello", "--wait", "delivered", "--timeout", "10s")
    ada.run("send", "Bob", "hello yourself", "--wait", "delivered", "--timeout", "10s")
    return ada, bob, cid, *listeners


def present(node, who):
    return [c["present"] for c in node.json("contacts") if c["name"] == who] == [True]


def others_go_on(ada, cid):
    for sender, to in ((ada, "Cid"), (cid, "Ada")):
        sender.run("send", to, f"from {sender.name}", "--wait", "delivered", "--timeout", "30s",
                   limit=40)


def nothing_passes(ada, bob, cid):
    """Bob is not told; what he writes stays with him. Ada is told why she cannot write."""
    before = ada.texts("Bob"), bob.texts("Ada")
    sent = bob.json("send", "Ada", "are you there?")[0]["id"]
    code, error = ada.refused("send", "Bob", "nothing")
    assert code == 1 and error["error"] == "blocked", error
    others_go_on(ada, cid)
    states = [m["state"] for m in bob.json("log", "Ada", "--limit", "0") if m["id"] == sent]
    assert states == ["queued"], states
    assert (ada.texts("Bob"), bob.texts("Ada")) == before
    assert not present(ada, "Bob") and not present(bob, "Ada")


def a_blocked_contact_is_cut_off_for_good():
    ada, bob, cid, _, at_bob, _ = three()
    ada.run("block", "Bob")
    at_bob.wait("gone", name="Ada")
    others_go_on(ada, cid)
    nothing_passes(ada, bob, cid)
    for node in (ada, bob):
        node.down()
    listeners = [node.up() for node in (ada, bob)]
    wait_until(lambda: present(cid, "Ada") and present(ada, "Cid"), "the others to meet again")
    others_go_on(ada, cid)
    nothing_passes(ada, bob, cid)
    met = [e["address"] for listener in listeners for e in listener.events
           if e["event"] in ("present", "request", "accepted")]
    assert set(met) <= {cid.address}, met


def asking_again_is_of_no_use():
    ada, bob, cid, at_ada, at_bob, _ = three()
    ada.run("block", "Bob")
    at_bob.wait("gone", name="Ada")
    bob.run("forget", "Ada", "--yes")
    bob.run("add", ada.address)
    wait_until(lambda: ada.count("rejected_request_blocked") >= 1, "the request to be refused",
               limit=60)
    assert not ada.json("requests")
    assert not [e for e in at_ada.events if e["event"] == "request"]
    others_go_on(ada, cid)
    contact, = [c for c in bob.json("contacts") if c["address"] == ada.address]
    assert contact["state"] == "requested" and not contact["present"]


def the_blocked_recognises_the_blocker_no_more():
    """By no advert of any period, while others do; nor when they start anew."""
    ada, bob, cid, _, at_bob, _ = three(ROTATION)
    assert bob.count("adverts_recognised") + ada.count("adverts_recognised") > 0, "control"
    ada.run("block", "Bob")
    at_bob.wait("gone", name="Ada")
    others_go_on(ada, cid)
    before, periods = bob.count("adverts_recognised"), ada.count("rotations")
    wait_until(lambda: ada.count("rotations") >= periods + 2, "new periods", limit=60, pause=0.5)
    assert bob.count("adverts_recognised") == before
    for node in (bob, cid):
        node.down()
    at_bob, at_cid = bob.up(), cid.up()
    at_cid.wait("present", name="Ada")
    others_go_on(ada, cid)
    seen, periods = bob.count("adverts_seen"), ada.count("rotations")
    wait_until(lambda: ada.count("rotations") >= periods + 2, "new periods", limit=60, pause=0.5)
    wait_until(lambda: bob.count("adverts_seen") >= seen + 2, "their adverts")
    assert cid.count("adverts_recognised") > 0 and bob.count("adverts_recognised") == 0
    assert not [e for e in at_bob.events if e["event"] == "present"]
    others_go_on(ada, cid)


def who_was_away_while_somebody_was_blocked_finds_back():
    """Cid missed the change of keys."""
    ada, bob, cid, at_ada, at_bob, _ = three()
    cid.down()
    at_ada.wait("gone", name="Cid")
    ada.run("block", "Bob")
    at_bob.wait("gone", name="Ada")
    ada.down()
    ada.up()
    at_cid = cid.up()
    at_cid.wait("present", name="Ada", limit=60)
    others_go_on(ada, cid)
    nothing_passes(ada, bob, cid)


def after_unblocking_what_waited_arrives():
    ada, bob, _, _, at_bob, _ = three()
    ada.run("block", "Bob")
    at_bob.wait("gone", name="Ada")
    bob.run("send", "Ada", "while you did not listen")
    ada.run("unblock", "Bob")
    wait_until(lambda: ada.texts("Bob")[-1:] == ["while you did not listen"], "the message",
               limit=90, pause=0.2)
    ada.run("send", "Bob", "I listen again", "--wait", "delivered", "--timeout", "60s", limit=70)


if __name__ == "__main__":
    segment.enter()
    try:
        segment.run_cases([a_blocked_contact_is_cut_off_for_good, asking_again_is_of_no_use,
                           the_blocked_recognises_the_blocker_no_more,
                           who_was_away_while_somebody_was_blocked_finds_back,
                           after_unblocking_what_waited_arrives])
    finally:
        Node.forget_homes()
