#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What a person on a terminal is told, and a script is not."""

import re

import fake_node
from fake_node import (ADDRESS, TIME, Node, Refused, Terminal, case, on_terminal, run,
                       without_styles)

STRANGER = {"name": "Ada", "address": None, "contact": False, "present": False, "verified": False}
CONTACT = {"name": "Ada", "claimed_name": "Ada L", "address": ADDRESS, "state": "accepted",
           "verified": False, "verified_by": None, "present": True}
REQUEST = {"address": ADDRESS, "name": "Ada", "greeting": "hi", "received_at": TIME}
SENT = {"id": "M1", "conversation": "Ada", "state": "queued", "reason": None}
LABEL = {"conversation": "Ada", "readers": 2, "verified": 0, "forward_secrecy": True,
         "post_quantum": "none", "path": "direct", "expires": None, "text": "you and Ada"}


def page(*rows, **more):
    return {"rows": list(rows), "next": None, **more}


@case
def on_a_terminal_empty_lists_say_what_to_do():
    node = Node()
    for name, word in (("contacts", "earshot nearby"), ("requests", "Nobody"),
                       ("conversations", "No conversations")):
        node.answers[name] = page()
        assert word in on_terminal(node, name), name
        assert on_terminal(node, name, "-q") == ""
        assert on_terminal(node, name, "--json") == ""


@case
def nearby_explains_what_it_did():
    node = Node()
    node.answers["nearby"] = page(hidden=3, listening_ms=12000, interfaces=["eth0", "wlan0"])
    text = without_styles(on_terminal(node, "nearby"))
    for part in ("12 s", "eth0, wlan0", "3 hidden", "earshot visible on", "earshot invite"):
        assert part in text, (part, text)


@case
def nearby_listens_before_it_gives_up():
    node = Node()
    answers = iter([page(listening_ms=100), page(listening_ms=600),
                    page({**STRANGER, "name": "Bob"}, listening_ms=1100)])
    node.answers["nearby"] = lambda _: next(answers)
    assert "Bob" in on_terminal(node, "nearby")


@case
def waiting_requests_are_told_on_a_terminal():
    node = Node()
    node.answers["contacts"] = page(CONTACT)
    request = REQUEST
    node.answers["requests"] = page(request)
    text = without_styles(on_terminal(node, "contacts"))
    assert text.endswith("1 request from Ada: earshot accept Ada\n"), text
    node.answers["requests"] = page(request, {**request, "name": "Bob"})
    text = without_styles(on_terminal(node, "contacts"))
    assert text.endswith("2 requests from Ada and Bob: earshot requests\n"), text
    for quiet in (["-q"], ["--json"]):
        assert "request" not in on_terminal(node, "contacts", *quiet)
    assert "request" not in run(node, "contacts", check=0).err


@case
def a_notice_can_be_pasted_into_a_shell():
    node = Node()
    node.answers["contacts"] = page(CONTACT)
    for name in ("$(reboot)", "a; rm -rf ~", "-x", "", "`id`", "two words", "\u202eAda"):
        node.answers["requests"] = page({**REQUEST, "name": name})
        notice = without_styles(on_terminal(node, "contacts")).splitlines()[-1]
        assert re.search(r": earshot accept earshot:\w{10}$", notice), notice


@case
def a_notice_is_not_waited_for():
    node = Node()
    node.answers["contacts"] = page(CONTACT)
    del node.answers["requests"]
    assert "Ada" in on_terminal(node, "contacts")


@case
def colour_is_for_terminals_that_want_it():
    node = Node()
    node.answers["contacts"] = page(CONTACT)
    assert "\x1b[" in on_terminal(node, "contacts")
    assert "\x1b" not in on_terminal(node, "contacts", env={"NO_COLOR": "1"})
    assert "\x1b" not in on_terminal(node, "contacts", env={"TERM": "dumb"})
    assert "\x1b[" in on_terminal(node, "contacts", env={"NO_COLOR": ""})
    assert "\x1b" not in run(node, "contacts", check=0).out
    node.answers["contacts"] = Refused("unknown")
    assert "\x1b" not in run(node, "contacts", check=1).err


@case
def what_comes_next_can_be_copied():
    node = Node()
    node.answers["nearby"] = page(STRANGER, {**STRANGER, "name": "$(reboot)"})
    plain, hostile = without_styles(on_terminal(node, "nearby", "-q")).splitlines()
    assert plain.endswith("earshot add Ada") and hostile.endswith("earshot add NAME")
    node.answers["verify"] = {"name": "Ada", "safety_number": "12345 67890", "verified": False}
    assert "earshot verify Ada --code" in on_terminal(node, "verify", "Ada")
    node.answers["contacts"] = page(CONTACT, {**CONTACT, "name": "Bob", "present": False},
                                    {**CONTACT, "name": "Eve", "state": "requested"})
    lines = without_styles(on_terminal(node, "contacts")).splitlines()
    for line, state in zip(lines, ("here", "not here", "asked, no answer yet")):
        assert re.match(rf"[* ] \w+ +{state}", line), line


@case
def labels_stand_on_lines_that_a_terminal_need_not_break():
    node = Node()
    text = "only you and Ada can read this \u00b7 key compared \u00b7 post-quantum: by invite"
    label = {**LABEL, "text": text}
    node.answers.update(log=page(), label=label, listen={"seq": 0}, read={}, conversations=page(
        {"conversation": "Ada", "kind": "contact", "unread": 1, "last_at": TIME, "label": label}))
    terminal = Terminal(node, "chat", "Ada")
    terminal.wait("Ctrl-D ends")
    terminal.type("\x04")
    shown = without_styles(terminal.finish())
    assert "-- only you and Ada can read this\n-- key compared \u00b7 " in shown, shown
    first, second = without_styles(on_terminal(node, "conversations")).splitlines()
    assert first.startswith("Ada ") and second == "  " + text
    assert run(node, "conversations", check=0).out.count("\n") == 1


@case
def sending_on_a_terminal_says_what_became_of_it():
    node = Node()
    node.answers["send"] = {**SENT, "state": "delivered"}
    assert on_terminal(node, "send", "Ada", "hi") == "delivered\n"
    params = node.asked("send")[0]
    assert params["wait"] == "delivered" and 0 < params["wait_ms"] <= 2000
    node.answers["send"] = {**SENT, "timed_out": True}
    node.answers["label"] = {**LABEL, "path": "unreachable"}
    assert on_terminal(node, "send", "Ada", "hi").startswith("queued: Ada is not here; it goes out")
    node.answers["label"] = LABEL
    assert "is here" in on_terminal(node, "send", "Ada", "hi")
    assert on_terminal(node, "send", "Ada", "hi", "-q") == ""


@case
def forget_asks_a_person():
    node = Node()
    node.answers["forget"] = {}
    for answer, exit_code, count in (("n\r", 1, 0), ("\r", 1, 0), ("what\ry\r", 0, 1)):
        terminal = Terminal(node, "forget", "Ada")
        terminal.wait("[y/N]")
        terminal.type(answer)
        assert terminal.finish(exit_code).count("Forget Ada and") == answer.count("\r")
        assert len(node.asked("forget")) == count, answer


if __name__ == "__main__":
    fake_node.run_all()
