#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What strangers write reaches no terminal unescaped: every command that shows it, in every form."""

import json
import re

import fake_node
from fake_node import (ADDRESS, HOSTILE, HOSTILE_NAME, TIME, Node, Refused, Started, Terminal,
                       assert_clean, case, on_terminal, run, without_styles)


def page(*rows, **more):
    return {"rows": list(rows), "next": None, **more}


CONTACT = {"name": HOSTILE_NAME, "claimed_name": HOSTILE_NAME + "2", "address": ADDRESS,
           "state": HOSTILE, "verified": True, "verified_by": HOSTILE, "present": True}
MESSAGE = {"id": HOSTILE, "conversation": HOSTILE_NAME, "from": ADDRESS, "name": HOSTILE_NAME,
           "text": HOSTILE + "\n17:00  Bob: pay her", "sent_at": TIME, "received_at": TIME,
           "direction": "in", "state": "received", "delivered_to": 1, "of": 1, "reply_to": None,
           "expires_at": None, "order": 1}
SENT = {"id": HOSTILE, "conversation": HOSTILE_NAME, "state": HOSTILE, "reason": HOSTILE}
LABEL = {"conversation": HOSTILE_NAME, "readers": HOSTILE, "verified": 0, "forward_secrecy": True,
         "post_quantum": HOSTILE, "path": HOSTILE, "expires": HOSTILE, "text": HOSTILE}
REQUEST = {"address": ADDRESS, "name": HOSTILE_NAME, "greeting": HOSTILE, "received_at": TIME}

ANSWERS = {
    "id": {"address": HOSTILE, "name": HOSTILE_NAME},
    "status": {"running": True, "name": HOSTILE_NAME, "pid": 1, "version": HOSTILE,
               "endpoints": [HOSTILE], "discovery": {"method": HOSTILE, "problem": HOSTILE}},
    "invite": {"link": HOSTILE, "uses": 1, "expires_at": HOSTILE},
    "nearby": page({"name": HOSTILE_NAME, "address": None, "contact": False, "present": False}),
    "visible": {"visible_until": HOSTILE},
    "add": CONTACT, "accept": CONTACT, "rename": CONTACT, "decline": {}, "block": {},
    "unblock": {}, "forget": {}, "read": {}, "connect": {},
    "requests": page(REQUEST), "contacts": page(CONTACT),
    "verify": {"name": HOSTILE_NAME, "safety_number": HOSTILE, "verified": False},
    "send": SENT, "log": page(MESSAGE), "label": LABEL,
    "conversations": page({"conversation": HOSTILE_NAME, "kind": "contact", "unread": 1,
                           "last_at": HOSTILE, "label": LABEL}),
    "ping": {"conversation": HOSTILE_NAME, "rtt_ms": 1, "path": HOSTILE},
    "mesh": page({"link": 1, "direction": HOSTILE, "contact": HOSTILE_NAME, "rtt_ms": 1},
                 carrying={"envelopes": 1, "bytes": 1}),
    "stats": {"counters": {HOSTILE: 1, "rejected_" + HOSTILE: 2}},
    "doctor": page({"check": HOSTILE, "state": HOSTILE, "finding": HOSTILE, "hint": HOSTILE}),
}
COMMANDS = [
    ["id"], ["status"], ["invite"], ["nearby"], ["visible", "on"], ["add", "x"], ["accept", "x"],
    ["rename", "x", "y"], ["decline", "x"], ["block", "x"], ["unblock", "x"], ["forget", "x", "--yes"],
    ["requests"], ["contacts"], ["verify", "x"], ["verify", "x", "--code", "1"], ["send", "x", "y"],
    ["log", "x"], ["conversations"], ["label", "x"], ["read", "x"], ["ping", "x"], ["mesh"],
    ["stats"], ["stats", "--openmetrics"], ["connect", "x"], ["doctor"],
]
EVENTS = [
    *({**CONTACT, "event": name} for name in ("accepted", "present", "gone", "key-changed",
                                              "renewed")),
    *({**SENT, "event": name} for name in ("delivered", "read", "failed")),
    {**MESSAGE, "event": "message"}, {**MESSAGE, "event": "conflict"},
    {**REQUEST, "event": "request"}, {"event": "visible", "visible_until": HOSTILE},
    {"event": "lagged", "missed": 3}, {"event": HOSTILE},
]


def hostile_node():
    node = Node()
    node.answers.update(ANSWERS)
    return node


@case
def in_a_script():
    node = hostile_node()
    for words in COMMANDS:
        result = run(node, *words)
        assert_clean(result.out)
        assert_clean(result.err)


@case
def as_json_and_nothing_is_lost():
    node = hostile_node()
    for words in COMMANDS:
        result = run(node, "--json", *words)
        assert_clean(result.out)
        assert_clean(result.err)
        for line in result.out.splitlines():
            json.loads(line)
    assert json.loads(run(node, "--json", "log", "x", check=0).out) == MESSAGE


@case
def on_a_terminal():
    node = hostile_node()
    for words in COMMANDS:
        text = on_terminal(node, *words, check=None)
        assert_clean(text)
        assert "evil" not in text or "\\x1b[5m" in text, (words, text)


@case
def in_errors():
    node = Node()
    refused = Refused("unknown", HOSTILE_NAME, HOSTILE_NAME, candidates=[HOSTILE_NAME, HOSTILE])
    for words in COMMANDS:
        node.answers[words[0]] = refused
        if words[0] in ("doctor", "status"):
            continue
        for form in ([], ["--json"]):
            result = run(node, *form, *words, check=1)
            assert_clean(result.err)
        assert_clean(on_terminal(node, *words, check=1))
    assert_clean(run(None, HOSTILE_NAME, check=2).err)
    assert_clean(run(None, "--json", HOSTILE_NAME, check=2).err)
    assert_clean(run(None, "id", "--" + HOSTILE_NAME, check=2).err)


@case
def in_events():
    for form in ([], ["--json"]):
        node = Node()
        node.answers["listen"] = {"seq": 0}
        started = Started(node, *form, "listen")
        for number, event in enumerate(EVENTS, 1):
            node.event(seq=number, **event)
            assert_clean(started.line())
        result = started.stop()
        assert_clean(result.out)
        assert_clean(result.err)


@case
def in_chat():
    node = hostile_node()
    node.answers.update(listen={"seq": 0}, log=page(MESSAGE))
    terminal = Terminal(node, "chat", "x")
    terminal.wait("Ctrl-D")
    for number, event in enumerate(EVENTS, 1):
        node.event(seq=number, **{**event, "order": number + 1, "name": HOSTILE_NAME})
    node.event(seq=99, **{**MESSAGE, "event": "message", "order": 99, "text": "the last"})
    terminal.wait("the last")
    terminal.type("\x04")
    text = terminal.finish()
    assert_clean(text)
    assert "\x1b[5m" not in text and "\x1b]" not in text


@case
def a_message_of_several_lines_cannot_pass_for_several_messages():
    node = Node()
    node.answers["log"] = page({**MESSAGE, "name": "Eve", "text": "hi\n17:00  Bob: pay her"})
    lines = run(node, "log", "x", check=0).out.splitlines()
    assert len(lines) == 2 and lines[0].endswith("Eve: hi"), lines
    assert lines[1].startswith(" ") and lines[1].strip() == "17:00  Bob: pay her", lines


@case
def a_name_cannot_pass_for_another():
    node = Node()
    node.answers["contacts"] = page({**CONTACT, "name": "Ada\u200b", "claimed_name": ""})
    assert "Ada\\u200b" in run(node, "contacts", check=0).out
    assert "Ada\\u200b" in without_styles(on_terminal(node, "contacts", "-q"))


@case
def marks_are_not_piled_up_over_other_lines():
    node = Node()
    pile = "a" + "\u0301" * 30
    node.answers.update({
        "log": page({**MESSAGE, "name": pile, "text": "x" + "\u0489" * 5000}),
        "contacts": page({**CONTACT, "name": pile}), "nearby": page({**CONTACT, "name": pile}),
        "requests": page({**REQUEST, "name": pile, "greeting": pile})})
    for words in (["log", "x"], ["contacts"], ["nearby"], ["requests"]):
        for text in (on_terminal(node, *words), run(node, *words, check=0).out,
                     run(node, "--json", *words, check=0).out):
            assert not re.search("[\u0301\u0489]{9}", text), (words, text)
    assert json.loads(run(node, "--json", "contacts", check=0).out)["name"] == pile


@case
def emoji_and_scripts_stay_as_they_are():
    node = Node()
    family = "\U0001f469\u200d\U0001f467 \u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"
    node.answers["log"] = page({**MESSAGE, "name": "Ada", "text": family})
    assert run(node, "log", "x", check=0).out.rstrip("\n").endswith("Ada: " + family)


if __name__ == "__main__":
    fake_node.run_all()
