#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What scripts rely on: exit codes, JSON lines, silence, what is asked of the node."""

import json
import os
import pathlib
import re
import tempfile
import time

import fake_node
from fake_node import (ADDRESS, EARSHOT, TIME, Node, Refused, case, on_terminal, refuse, run, run_json)

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent

COMMANDS = """init up down status id invite nearby visible add requests accept decline contacts
rename block unblock forget verify send chat log conversations read label listen ping mesh stats
connect doctor help version""".split()
LATER = "panic restore backup group room join leave file react edit delete expire search".split()

CONTACT = {"name": "Ada", "claimed_name": "Ada L", "address": ADDRESS, "state": "accepted",
           "verified": False, "verified_by": None, "present": True}
SENT = {"id": "M1", "conversation": "Ada", "state": "queued", "reason": None}
LABEL = {"conversation": "Ada", "readers": 2, "verified": 0, "forward_secrecy": True,
         "post_quantum": "none", "path": "direct", "expires": None, "text": "you and Ada"}

# Words of a command that needs a node, its method, its parameters, its answer.
CALLS = [
    (["id"], "id", {}, {"address": ADDRESS, "name": "Ada"}),
    (["status"], "status", {}, {"running": True, "name": "Ada", "pid": 1}),
    (["invite"], "invite", {"uses": 1, "for_ms": 600000},
     {"link": ADDRESS, "uses": 1, "expires_at": TIME}),
    (["invite", "--uses", "3", "--for", "2h"], "invite", {"uses": 3, "for_ms": 7200000},
     {"link": ADDRESS, "uses": 3, "expires_at": TIME}),
    (["visible", "on"], "visible", {"for_ms": 3600000}, {"visible_until": TIME}),
    (["visible", "on", "--for", "10m"], "visible", {"for_ms": 600000}, {"visible_until": TIME}),
    (["visible", "off"], "visible", {"for_ms": 0}, {"visible_until": None}),
    (["add", "Ada"], "add", {"who": "Ada"}, CONTACT),
    (["add", ADDRESS, "--as", "A", "--greeting", "hi you"], "add",
     {"who": ADDRESS, "petname": "A", "greeting": "hi you"}, CONTACT),
    (["accept", "Ada"], "accept", {"who": "Ada"}, CONTACT),
    (["accept", "Ada", "--as", "A"], "accept", {"who": "Ada", "petname": "A"}, CONTACT),
    (["decline", "Ada"], "decline", {"who": "Ada"}, {}),
    (["rename", "Ada", "A"], "rename", {"who": "Ada", "petname": "A"}, CONTACT),
    (["block", "Ada"], "block", {"who": "Ada"}, {}),
    (["unblock", "Ada"], "unblock", {"who": "Ada"}, {}),
    (["forget", "Ada", "--yes"], "forget", {"who": "Ada"}, {}),
    (["verify", "Ada"], "verify", {"who": "Ada"},
     {"name": "Ada", "safety_number": "12345 67890", "verified": False}),
    (["verify", "Ada", "--code", "12345 67890"], "verify", {"who": "Ada", "code": "12345 67890"},
     {"name": "Ada", "safety_number": "12345 67890", "verified": True}),
    (["send", "Ada", "hello"], "send", {"conversation": "Ada", "text": "hello"}, SENT),
    (["send", "Ada", "two", "words"], "send", {"conversation": "Ada", "text": "two words"}, SENT),
    (["send", "Ada", "--", "--wait", "-"], "send", {"conversation": "Ada", "text": "--wait -"},
     SENT),
    (["send", "Ada", "--", "-"], "send", {"conversation": "Ada", "text": "-"}, SENT),
    (["send", "Ada", "hi", "--wait", "read", "--reply-to", "M0"], "send",
     {"conversation": "Ada", "text": "hi", "wait": "read", "reply_to": "M0"},
     {**SENT, "state": "read"}),
    (["read", "Ada"], "read", {"conversation": "Ada"}, {}),
    (["label", "Ada"], "label", {"conversation": "Ada"}, LABEL),
    (["ping", "Ada", "--size", "1KiB"], "ping", {"conversation": "Ada", "bytes": 1024},
     {"conversation": "Ada", "rtt_ms": 3, "path": "direct"}),
    (["stats"], "stats", {}, {"counters": {"frames_in": 1}}),
    (["connect", "tcp://192.0.2.1:42000/K"], "connect", {"endpoint": "tcp://192.0.2.1:42000/K"},
     {}),
]
LISTS = {
    "contacts": CONTACT,
    "requests": {"address": ADDRESS, "name": "Ada", "greeting": "hi", "received_at": TIME},
    "conversations": {"conversation": "Ada", "kind": "contact", "unread": 2, "last_at": TIME,
                      "label": LABEL},
    "nearby": {"name": "Ada", "address": None, "contact": False, "present": False,
               "verified": False},
}


def page(*rows, **more):
    return {"rows": list(rows), "next": None, **more}


# --- usage ---------------------------------------------------------------------------------------


@case
def no_command_is_wrong_usage():
    result = run(None, check=2)
    assert result.out == "" and "usage: earshot" in result.err, result
    assert "usage: earshot" in on_terminal(None, check=2)


@case
def wrong_usage_is_exit_2_and_starts_nothing():
    node = Node()
    for words in (["nope"], ["id", "--nope"], ["id", "-x"], ["id", "too much"], ["rename", "Ada"],
                  ["visible"], ["visible", "maybe"], ["visible", "off", "--for", "1h"],
                  ["visible", "on", "--for", "0"], ["invite", "--uses", "0"],
                  ["invite", "--for", "soon"], ["invite", "--qr-file", "code.png"],
                  ["invite", "--qr", "--link"], ["id", "--qr", "--link"], ["log"], ["send", "Ada"],
                  ["send", "Ada", "x", "--wait", "never"], ["send", "Ada", "x", "--expire", "7d"],
                  ["send", "Ada", "x", "--wait", "carried"], ["invite", "--for", "31d"],
                  ["visible", "on", "--for", "2d"], ["--timeout", "0", "id"],
                  ["log", "Ada", "--limit", "-1"], ["log", "Ada", "--since", "yesterday"],
                  ["ping", "Ada", "--size", "5KiB"], ["ping", "Ada", "--count", "0"],
                  ["listen", "--since", "x"], ["stats", "--watch", "--openmetrics"],
                  ["--timeout", "5", "id"], ["--timeout"], ["id", "--json=yes"],
                  ["--profile", "../x", "id"], ["forget", "Ada"],
                  ["init", "--visible-for", "1h", "--hidden"]):
        refuse(node, *words, code=2, error="usage")
    assert not node.requests


@case
def commands_that_come_later_are_not_there():
    for name in LATER:
        refuse(None, name, code=2, error="usage")


@case
def a_missing_conversation_explains_the_number_sign():
    for words in (["send"], ["log"], ["chat"], ["read"], ["label"], ["ping"]):
        assert "#" in refuse(None, *words, code=2)["message"], words


@case
def help_about_nothing_leads_to_the_list():
    for words in (["help", "nope"], ["nope"]):
        assert refuse(None, *words, code=2)["hint"] == "see: earshot help", words
    overview = run(None, "help", check=0).out
    for name in LATER:
        assert not re.search(rf"^  {name} ", overview, re.M), name


@case
def every_command_has_help():
    overview = run(None, "help", check=0).out
    assert overview == run(None, "--help", check=0).out
    for name in COMMANDS:
        helped = run(None, "help", name, check=0)
        assert helped.out.startswith(f"usage: earshot {name}") and helped.err == "", helped
        assert helped.out == run(None, name, "--help", check=0).out
        assert max(map(len, helped.out.splitlines())) <= 100, name
        assert re.search(rf"^  {name} ", overview, re.M), name
    assert run(None, "help", "history", check=0).out == run(None, "help", "log", check=0).out
    refuse(None, "help", "nope", code=2)


def options_of(name):
    text = run(None, "help", name, check=0).out.split("\nOptions of every")[0]
    return re.findall(r"^  (?:-\w, )?--([a-z-]+)", text, re.M)


@case
def completions_and_man_page_know_every_command_and_option():
    files = ["cli/completion/earshot.bash", "cli/completion/_earshot",
             "cli/completion/earshot.fish", "docs/man/earshot.1.scd"]
    for path in files:
        text = (ROOT / path).read_text(encoding="utf-8")
        for name in COMMANDS:
            assert re.search(rf"\b{name}\b", text), (path, name)
            for option in options_of(name):
                assert re.search(rf"(--|-l |-l'|\b){option}\b", text), (path, name, option)
        for name in LATER:
            assert not re.search(rf"\bearshot {name}\b|'{name}:|-a {name}\b", text), (path, name)


@case
def the_version_is_shown():
    assert re.fullmatch(r"earshot \d+\.\d+\.\d+\n", run(None, "version", check=0).out)
    (version,) = run_json(None, "--version")
    assert set(version) == {"version"}


# --- no node ---------------------------------------------------------------------------------------


@case
def without_a_node_there_is_exit_4():
    with tempfile.TemporaryDirectory() as home:
        for words in [["id"], ["send", "Ada", "x"], ["send", "Ada", "-"], ["chat", "Ada"],
                      ["listen"], ["log", "Ada"], ["nearby"], ["doctor"], ["up"]][:-2]:
            refuse(home, "--no-start", *words, code=4, error="not-running")
        assert run(home, "status", check=4).out == "not running\n"
        status = run(home, "status", "--json", check=4)
        assert json.loads(status.out) == {"running": False} and status.err == ""
        assert run(home, "down", check=0) == (0, "", "")
        assert os.listdir(home) == []


@case
def a_socket_that_nobody_serves_is_no_node():
    node = Node()
    node.close()
    refuse(node, "--no-start", "id", code=4, error="not-running")
    assert run(node, "status", check=4).out == "not running\n"


@case
def doctor_works_without_a_node():
    with tempfile.TemporaryDirectory() as home:
        result = run(home, "doctor", "--json", env={"EARSHOTD": EARSHOT, "EARSHOT_NET": EARSHOT})
        assert result.code in (0, 1) and result.err == "", result
        findings = fake_node.objects(result.out)
        for each in findings:
            assert set(each) == {"check", "state", "finding", "hint"}, each
            assert each["state"] in ("ok", "warn", "fail"), each
        assert {"programs", "home", "disk", "interfaces", "vpn", "mdns", "firewall",
                "node"} <= {each["check"] for each in findings}
        assert result.code == any(each["state"] == "fail" for each in findings)
        assert [e["state"] for e in findings if e["check"] == "node"] == ["warn"]


@case
def doctor_shows_what_the_node_sees():
    node = Node()
    row = {"check": "advert", "state": "fail", "finding": "own advert not heard", "hint": "mend it"}
    node.answers["doctor"] = page(row)
    result = run(node, "doctor", "--json", check=1)
    assert row in fake_node.objects(result.out)
    assert "own advert not heard" in run(node, "doctor", check=1).out


@case
def the_node_is_found_over_a_long_path():
    with tempfile.TemporaryDirectory() as top:
        home = os.path.join(top, *["a-long-name-of-a-folder"] * 12)
        os.makedirs(home)
        assert len(home) > 250
        node = Node(home)
        node.answers["id"] = {"address": ADDRESS, "name": "Ada"}
        assert run(node, "id", check=0).out == ADDRESS + "\n"
        relative = os.path.relpath(home)
        assert run(relative, "id", check=0).out == ADDRESS + "\n"
        assert run(None, "id", env={"EARSHOT_HOME": home}, check=0).out == ADDRESS + "\n"


# --- answers -----------------------------------------------------------------------------------------


@case
def commands_ask_what_they_mean():
    for words, method, params, answer in CALLS:
        node = Node()
        node.answers[method] = answer
        run(node, *words, check=0)
        out = run_json(node, *words)
        assert node.requests == [(method, params)] * 2, (words, node.requests)
        assert out == ([answer] if answer else []), (words, out)
        node.forget()


@case
def options_stand_anywhere():
    node = Node()
    node.answers["send"] = SENT
    for words in (["--json", "send", "Ada", "hi", "--wait", "queued"],
                  ["send", "--wait=queued", "Ada", "--json", "hi"],
                  ["send", "Ada", "--wait", "queued", "--json", "--", "hi"]):
        assert fake_node.objects(run(node, *words, check=0).out) == [SENT]
    assert all(p["text"] == "hi" and p["wait"] == "queued" for p in node.asked("send"))


@case
def lists_are_one_object_per_line_and_empty_ones_silent():
    for name, row in LISTS.items():
        node = Node()
        node.answers[name] = page(row, row)
        assert run_json(node, name) == [row, row]
        assert run(node, name, check=0).out.count("Ada") >= 2, name
        node.answers[name] = page(hidden=2, listening_ms=9000, interfaces=["eth0"])
        for words in ([name], [name, "--json"]):
            assert run(node, *words, check=0) == (0, "", "")
        node.forget()


@case
def lists_go_through_all_pages():
    node = Node()
    rows = [{**CONTACT, "name": f"c{i}"} for i in range(600)]

    def contacts(params):
        at = params.get("after", 0)
        return {"rows": rows[at:at + 256], "next": at + 256 if at + 256 < len(rows) else None}

    node.answers["contacts"] = contacts
    assert run_json(node, "contacts") == rows
    assert len(node.asked("contacts")) == 3


@case
def mesh_ends_with_what_is_carried():
    node = Node()
    link = {"link": 3, "direction": "out", "contact": None, "rtt_ms": 1.5, "envelopes_in": 1,
            "envelopes_out": 2}
    carrying = {"envelopes": 7, "bytes": 65536}
    node.answers["mesh"] = page(link, carrying=carrying)
    assert run_json(node, "mesh") == [link, {"carrying": carrying}]
    assert "carrying 7 envelopes, 64 KiB" in run(node, "mesh", check=0).out


@case
def in_scripts_there_is_silence_when_there_is_nothing_to_say():
    node = Node()
    for words, method, _, answer in CALLS:
        node.answers[method] = answer
        result = run(node, *words, check=0)
        assert result.err == "", (words, result)
        if words[0] in ("add", "accept", "rename", "send", "visible"):
            assert result.out == "", (words, result)


@case
def openmetrics_are_well_formed():
    node = Node()
    node.answers["stats"] = {"counters": {"frames_in": 5, "rejected_proof": 2, "rotations": 1,
                                          "rejected_beacon": 0}}
    lines = run(node, "stats", "--openmetrics", check=0).out.splitlines()
    assert lines[-1] == "# EOF"
    assert "earshot_frames_in_total 5" in lines
    at = lines.index("# TYPE earshot_rejected counter")
    assert lines[at + 1:-1] == ['earshot_rejected_total{reason="proof"} 2',
                                'earshot_rejected_total{reason="beacon"} 0']


# --- errors ------------------------------------------------------------------------------------------


@case
def errors_have_their_exit_codes():
    node = Node()
    for code, exit_code in (("unknown", 1), ("exists", 1), ("usage", 2), ("timeout", 3),
                            ("stopping", 4)):
        for words, method, _, _ in CALLS:
            node.answers[method] = Refused(code, "so it is", "do that")
            error = refuse(node, *words, code=exit_code, error=code)
            assert error == {"error": code, "message": "so it is", "hint": "do that"}, error


@case
def an_ambiguous_name_shows_the_candidates():
    node = Node()
    node.answers["label"] = Refused("ambiguous", "more than one fits", candidates=["Ada", "Adam"])
    assert refuse(node, "label", "Ad", code=1)["candidates"] == ["Ada", "Adam"]
    assert "Ada, Adam" in run(node, "label", "Ad", check=1).err


@case
def an_error_without_a_code_is_one_of_the_protocol():
    node = Node()
    node.answers["id"] = lambda _: (_ for _ in ()).throw(NotAnError())
    refuse(node, "id", code=1, error="protocol")


class NotAnError(Refused):
    """As a node of another version would answer."""

    def __init__(self):
        super().__init__("x")
        self.error = {"code": -32601, "message": "no such method"}


@case
def who_waits_too_long_gets_exit_3():
    node = Node()
    started = time.monotonic()
    refuse(node, "--timeout", "300ms", "id", code=3, error="timeout")
    assert 0.5 < time.monotonic() - started < 10
    for words in (["listen"], ["log", "Ada", "--follow"], ["chat", "Ada"], ["nearby", "--watch"],
                  ["stats", "--watch"]):
        node.answers.update(listen={"seq": 0}, log=page(), label=LABEL, read={}, nearby=page(),
                            stats={"counters": {}})
        with os.fdopen(os.open("/dev/zero", os.O_RDONLY), "rb"):
            result = fake_node.Started(node, "--timeout", "300ms", *words)
            assert result.process.wait(fake_node.SECONDS_MAX) == 3, words


@case
def a_node_that_goes_away_is_exit_4():
    node = Node()
    started = fake_node.Started(node, "--json", "id")
    node.wait_request("id")
    node.close()
    result = started.finish()
    assert result.code == 4 and json.loads(result.err)["error"] == "not-running", result


@case
def text_that_is_no_utf8_is_refused():
    node = Node()
    for words in ([b"send", b"Ada", b"\xff\x9b"], [b"rename", b"Ada", b"\xc3"],
                  [b"accept", b"Ada", b"--as", b"\xe2\x80"]):
        refuse(node, *words, code=1, error="not-utf8")
    assert not node.requests


@case
def output_that_cannot_be_written_is_a_failure():
    node = Node()
    node.answers["id"] = {"address": ADDRESS, "name": "Ada"}
    with open("/dev/full", "wb") as full:
        done = fake_node.subprocess.run(fake_node.command(node, "id"), stdout=full, check=False,
                                        stderr=fake_node.subprocess.PIPE,
                                        env=fake_node.environment())
    assert done.returncode == 1 and b"writing" in done.stderr, done


# --- invites -------------------------------------------------------------------------------------------


@case
def invites_come_as_links_and_codes():
    node = Node()
    node.answers["invite"] = {"link": ADDRESS, "uses": 1, "expires_at": TIME}
    assert run(node, "invite", check=0).out == ADDRESS + "\n"
    assert run(node, "invite", "--link", check=0).out == ADDRESS + "\n"
    shown = run(node, "invite", "--qr", check=0).out.splitlines()
    assert shown[-1] == ADDRESS and set("".join(shown[:-1])) == set(" \u2580\u2584\u2588")
    for name, begin in (("code.svg", b"<svg "), ("code.pbm", b"P4\n")):
        path = os.path.join(node.home, name)
        assert run(node, "invite", "--qr-file", path, check=0).out == ""
        with open(path, "rb") as file:
            assert file.read().startswith(begin)
        assert os.stat(path).st_mode & 0o777 == 0o600
    refuse(node, "invite", "--qr-file", "/nowhere/code.svg", code=1, error="file")


@case
def add_reads_what_a_scanner_prints():
    node = Node()
    node.answers["add"] = CONTACT
    for text in (ADDRESS, f"\n  {ADDRESS.upper()}  \r\n", f"QR-Code:{ADDRESS}\nmore\n"):
        run(node, "add", "-", stdin=text, check=0)
    assert [p["who"].lower() for p in node.asked("add")] == [ADDRESS] * 3
    refuse(node, "add", "-", stdin="\n\n", code=1, error="empty")
    refuse(node, "add", "-", stdin="https://example.org\n", code=1, error="bad-invite")
    assert len(node.asked("add")) == 3


# --- waiting ----------------------------------------------------------------------------------------


@case
def waiting_for_a_state_can_time_out():
    node = Node()
    node.answers["send"] = {**SENT, "timed_out": True}
    words = ["send", "Ada", "hi", "--wait", "delivered", "--timeout", "5s"]
    result = run(node, "--json", *words, check=3)
    assert json.loads(result.out)["state"] == "queued"
    assert json.loads(result.err)["error"] == "timeout"
    assert "stays queued" in run(node, *words, check=3).err
    node.answers["send"] = {**SENT, "state": "delivered", "timed_out": True}
    assert "is delivered" in run(node, *words, check=3).err
    assert all(0 < p["wait_ms"] <= 5000 for p in node.asked("send"))


@case
def a_message_that_failed_is_exit_1():
    node = Node()
    node.answers["send"] = {**SENT, "state": "failed", "reason": "the key has changed"}
    error = json.loads(run(node, "--json", "send", "Ada", "hi", check=1).err)
    assert error["error"] == "failed" and "the key has changed" in error["message"], error


@case
def pings_repeat():
    node = Node()
    node.answers["ping"] = {"conversation": "Ada", "rtt_ms": 3, "path": "direct"}
    assert run(node, "ping", "Ada", "--count", "2", check=0).out == "Ada: 3 ms, direct\n" * 2
    node.answers["ping"] = Refused("timeout")
    refuse(node, "ping", "Ada", "--timeout", "5s", code=3, error="timeout")
    assert 0 < node.asked("ping")[-1]["wait_ms"] <= 5000


@case
def nearby_watch_shows_who_comes_and_goes():
    node = Node()
    bob, eve = ({**LISTS["nearby"], "name": name} for name in ("Bob", "Eve"))
    node.answers["nearby"] = page(bob)
    started = fake_node.Started(node, "nearby", "--watch", "--json")
    assert json.loads(started.line()) == bob
    node.answers["nearby"] = page(eve)
    assert json.loads(started.line()) == eve
    assert json.loads(started.line()) == {**bob, "present": False, "gone": True}
    started.stop()


if __name__ == "__main__":
    fake_node.run_all()
