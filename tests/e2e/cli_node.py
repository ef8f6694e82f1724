#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The client with real nodes: what docs/man/earshot.1.scd says that scripts get is what they get."""

import json
import re

import segment
from fake_node import Terminal, run, without_styles
from nodes import Node, pair
from segment import Host, Segment

TEXT, NUMBER, BOOL, NULL = "text", "number", "bool", "null"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")

LABEL = {"conversation": TEXT, "readers": NUMBER, "verified": NUMBER, "forward_secrecy": BOOL,
         "post_quantum": TEXT, "path": TEXT, "expires": (NULL, TEXT), "text": TEXT}
CONTACT = {"name": TEXT, "claimed_name": TEXT, "address": TEXT, "state": TEXT, "verified": BOOL,
           "verified_by": (NULL, TEXT), "present": BOOL}
CARRYING = {"envelopes": NUMBER, "bytes": NUMBER}
OBJECTS = {
    "id": {"address": TEXT, "name": TEXT},
    "status": {"running": BOOL, "name": TEXT, "pid": NUMBER, "visible_until": (NULL, TIME),
               "links": NUMBER, "neighbours": NUMBER, "queued": NUMBER, "carrying": CARRYING,
               "at_rest": TEXT, "endpoints": list, "version": TEXT,
               "discovery": {"method": TEXT, "seen": NUMBER, "problem": (NULL, TEXT)}},
    "invite": {"link": TEXT, "uses": NUMBER, "expires_at": TIME},
    "visible on": {"visible_until": TIME},
    "visible off": {"visible_until": NULL},
    "nearby": {"name": TEXT, "address": (NULL, TEXT), "contact": BOOL, "present": BOOL,
               "verified": BOOL},
    "contacts": CONTACT,
    "rename Bob Bob": CONTACT,
    "send Bob hello": {"id": TEXT, "conversation": TEXT, "state": TEXT, "reason": (NULL, TEXT)},
    "log Bob": {"id": TEXT, "conversation": TEXT, "from": TEXT, "name": TEXT, "text": TEXT,
                "sent_at": TIME, "received_at": (NULL, TIME), "direction": TEXT, "state": TEXT,
                "delivered_to": NUMBER, "of": NUMBER, "reply_to": (NULL, TEXT),
                "expires_at": (NULL, TIME)},
    "conversations": {"conversation": TEXT, "kind": TEXT, "unread": NUMBER,
                      "last_at": (NULL, TIME), "label": LABEL},
    "label Bob": LABEL,
    "verify Bob": {"name": TEXT, "safety_number": TEXT, "verified": BOOL},
    "ping Bob": {"conversation": TEXT, "rtt_ms": NUMBER, "path": TEXT},
    "mesh": {"link": NUMBER, "direction": TEXT, "contact": (NULL, TEXT), "rtt_ms": (NULL, NUMBER),
             "envelopes_in": NUMBER, "envelopes_out": NUMBER},
    "stats": {"counters": {"frames_in": NUMBER}},
    "doctor": {"check": TEXT, "state": TEXT, "finding": TEXT, "hint": (NULL, TEXT)},
}


def fits(value, kind):
    if isinstance(kind, tuple):
        return any(fits(value, each) for each in kind)
    if isinstance(kind, dict):
        return isinstance(value, dict) and all(
            key in value and fits(value[key], each) for key, each in kind.items())
    if isinstance(kind, re.Pattern):
        return isinstance(value, str) and kind.fullmatch(value)
    if kind in (TEXT, list):
        return isinstance(value, str if kind == TEXT else kind)
    if kind == NUMBER:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return isinstance(value, bool) if kind == BOOL else value is None


def objects_have_the_fields_of_the_contract():
    ada, bob, *_ = pair()
    bob.run("send", "Ada", "hello", "--wait", "delivered", "--timeout", "10s")
    for words, kind in OBJECTS.items():
        found = [json.loads(line) for line in
                 run(ada.home, "--json", *words.split(), check=None).out.splitlines()]
        if words == "mesh":
            assert fits(found.pop(), {"carrying": CARRYING}), words
        assert found, words
        for each in found:
            assert fits(each, kind), (words, each)


def events_have_the_fields_of_the_contract():
    ada, bob, at_ada, at_bob = pair()
    bob.run("send", "Ada", "hello", "--wait", "delivered", "--timeout", "10s")
    assert fits(at_ada.wait("message"), OBJECTS["log Bob"])
    assert fits(at_bob.wait("delivered"), OBJECTS["send Bob hello"])
    ada.run("read", "Bob")
    assert fits(at_bob.wait("read"), OBJECTS["send Bob hello"])
    ada.down()
    assert fits(at_bob.wait("gone"), CONTACT)


def refusals_have_their_codes():
    ada, *_ = pair()
    for words, error in ((["send", "Nobody", "x"], "unknown"), (["label", "Nobody"], "unknown"),
                         (["send", "Bob", "x" * 16385], "too-long"), (["send", "Bob", ""], "empty"),
                         (["add", ada.address], "self"), (["add", ada.address[:-1] + "~"], None),
                         (["accept", "Nobody"], None), (["rename", "Bob", "#x"], "bad-name"),
                         (["connect", "nowhere"], "bad-endpoint"), (["init"], "exists"),
                         (["verify", "Bob", "--code", "1"], "code-differs"),
                         (["send", "Bob", "x", "--reply-to", "nothing"], "no-message")):
        code, told = ada.refused(*words)
        assert code == 1 and (error is None or told["error"] == error), (words, code, told)


def a_thousand_lines_arrive_once_and_in_order():
    ada, bob, _, at_bob = pair()
    lines = [f"line {i}" for i in range(1000)]
    ada.run("send", "Bob", "-", text="\n".join(lines))
    at_bob.wait("message", count=1000)
    assert bob.texts("Ada") == lines


def waiting_for_somebody_who_is_not_here_times_out():
    ada, bob, *_ = pair()
    bob.down()
    result = run(ada.home, "--json", "send", "Bob", "x", "--wait", "delivered", "--timeout", "1s",
                 check=3)
    assert json.loads(result.out)["state"] == "queued"
    assert json.loads(result.err)["error"] == "timeout"
    shown = Terminal(ada.home, "send", "Bob", "y").finish()
    assert shown.startswith("queued: Bob is not here; it goes out"), shown


def two_people_chat():
    ada, bob, *_ = pair()
    at_ada, at_bob = Terminal(ada.home, "chat", "Bob"), Terminal(bob.home, "chat", "Ada")
    for terminal in (at_ada, at_bob):
        terminal.wait("Ctrl-D ends")
    at_ada.type("Can you hear me?\r")
    at_bob.wait("Can you hear me?")
    at_bob.type("Loud and clear\r")
    at_ada.wait("Loud and clear")
    at_ada.wait("-- read: Can you hear me?")
    for terminal in (at_ada, at_bob):
        terminal.type("\x04")
        assert "Loud and clear" in without_styles(terminal.finish())
    assert ada.json("conversations")[0]["unread"] == 0


def somebody_who_waits_is_told_once_the_command_has_ended():
    lan = Segment()
    ada, bob = Node(Host(lan), "Ada"), Node(Host(lan), "Bob")
    at_ada = ada.up()
    bob.up()
    bob.run("add", ada.address)
    at_ada.wait("request")
    shown = without_styles(Terminal(ada.home, "contacts").finish())
    assert shown.endswith("1 request from Bob: earshot accept Bob\n"), shown


if __name__ == "__main__":
    segment.enter()
    segment.run_cases([
        objects_have_the_fields_of_the_contract,
        events_have_the_fields_of_the_contract,
        refusals_have_their_codes,
        a_thousand_lines_arrive_once_and_in_order,
        waiting_for_somebody_who_is_not_here_times_out,
        two_people_chat,
        somebody_who_waits_is_told_once_the_command_has_ended,
    ])
