#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Many messages, long histories, and commands that go on: send -, log, listen, chat."""

import calendar
import json
import time

import fake_node
from fake_node import (ADDRESS, TIME, Node, Refused, Started, Terminal, case, objects, on_terminal,
                       run, run_json, without_styles)

LABEL = {"conversation": "Ada", "path": "direct", "text": "you and Ada"}


def message(order, **more):
    return {"id": f"M{order}", "conversation": "Ada", "from": ADDRESS, "name": "Ada",
            "text": f"text {order}", "sent_at": TIME, "received_at": TIME, "direction": "in",
            "state": "received", "delivered_to": 1, "of": 1, "reply_to": None, "expires_at": None,
            "order": order, **more}


def history(count, node=None):
    """Pages of a history as docs/api.md says."""
    def log(params):
        rows = [message(i) for i in range(1, (count() if callable(count) else count) + 1)]
        limit = params.get("limit", 50)
        assert 1 <= limit <= 256
        if "after" in params:
            rows = [r for r in rows if r["order"] > params["after"]]
            more = len(rows) > limit
            rows = rows[:limit]
            return {"rows": rows, "next": rows[-1]["order"] if more else None}
        rows = [r for r in rows if r["order"] < params.get("before", 1 << 60)]
        more = len(rows) > limit
        rows = rows[-limit:]
        return {"rows": rows, "next": rows[0]["order"] if more else None}
    if node:
        node.answers.update(log=log, label=LABEL, listen={"seq": 0}, read={})
    return log


def numbered(params):
    return {"id": "M" + params["text"], "conversation": "Ada", "state": "queued", "reason": None}


# --- send - --------------------------------------------------------------------------------------


@case
def lines_are_sent_without_waiting_for_answers():
    """Nothing is answered before 200 requests wait, then the last one first."""
    node = Node()
    node.answers["send"] = numbered
    node.hold_count["send"] = 200
    lines = [str(i) for i in range(400)]
    out = run_json(node, "send", "Ada", "-", stdin="\n".join(lines))
    assert [each["id"] for each in out] == ["M" + line for line in lines]
    assert [p["text"] for p in node.asked("send")] == lines


@case
def thousands_of_lines_go_through():
    node = Node()
    node.answers["send"] = numbered
    lines = [f"{i} " + "x" * 300 for i in range(5000)]
    assert run(node, "send", "Ada", "-", stdin="\n".join(lines), check=0) == (0, "", "")
    assert [p["text"] for p in node.asked("send")] == lines


@case
def empty_lines_are_none():
    node = Node()
    node.answers["send"] = numbered
    run(node, "send", "Ada", "-", stdin="\n\none\r\n\r\n two \nlast", check=0)
    assert [p["text"] for p in node.asked("send")] == ["one", " two ", "last"]
    run(node, "send", "Ada", "-", stdin="", check=0)
    assert len(node.asked("send")) == 3


@case
def a_refused_line_is_reported_and_the_rest_sent():
    node = Node()
    node.answers["send"] = lambda p: Refused("too-long", "too long") if p["text"] == "bad" \
        else numbered(p)
    stdin = b"one\nbad\n\n\xff\xfe\nfive\n" + b"x" * 300000 + b"\nseven\n"
    result = run(node, "--json", "send", "Ada", "-", stdin=stdin, check=1)
    assert [o["id"] for o in objects(result.out)] == ["Mone", "Mfive", "Mseven"]
    assert sorted((e["line"], e["error"]) for e in objects(result.err)) == [
        (2, "too-long"), (4, "not-utf8"), (6, "too-long")], result.err
    result = run(node, "send", "Ada", "-", stdin=stdin, check=1)
    assert result.out == "" and "line 2: too long" in result.err, result


@case
def a_control_character_takes_six_bytes_and_is_still_counted_right():
    """16 KiB of text are one line of more than 64 KiB if all of it is escaped."""
    node = Node()
    node.answers["send"] = numbered
    result = run(node, "--json", "send", "Ada", "-", stdin=b"\x01" * 16384 + b"\nnext\n", check=1)
    assert [o["id"] for o in objects(result.out)] == ["Mnext"]
    assert objects(result.err)[0]["error"] == "too-long"
    assert run(node, "send", "Ada", "\x01" * 16384, check=1).err


@case
def a_line_goes_out_when_it_comes():
    node = Node()
    node.answers["send"] = numbered
    started = Started(node, "--json", "send", "Ada", "-")
    for word in ("one", "two", "three"):
        started.write(word + "\n")
        assert json.loads(started.line())["id"] == "M" + word
    assert started.finish().code == 0


@case
def when_the_node_goes_the_line_is_told():
    node = Node()
    started = Started(node, "--json", "send", "Ada", "-")
    started.write("one\ntwo\n")
    node.wait_request("send", 2)
    node.close()
    result = started.finish()
    error = json.loads(result.err)
    assert result.code == 4 and error["error"] == "not-running" and error["line"] == 1, result


@case
def lines_that_time_out_are_exit_3():
    node = Node()
    node.answers["send"] = lambda p: {**numbered(p), "timed_out": p["text"] == "two"}
    result = run(node, "--json", "send", "Ada", "-", "--wait", "delivered", "--timeout", "9s",
                 stdin="one\ntwo\n", check=3)
    assert len(objects(result.out)) == 2 and objects(result.err)[0]["line"] == 2, result
    assert all(p["wait"] == "delivered" and 0 < p["wait_ms"] <= 9000 for p in node.asked("send"))


@case
def on_a_terminal_lines_are_counted():
    node = Node()
    node.answers["send"] = numbered
    terminal = Terminal(node, "send", "Ada", "-")
    terminal.type("one\n\ntwo\n\x04")
    assert terminal.finish().endswith("2 messages sent\n")


# --- log -----------------------------------------------------------------------------------------


def orders(rows):
    return [row["order"] for row in rows]


@case
def the_newest_are_shown_oldest_first():
    node = Node()
    history(700, node)
    assert orders(run_json(node, "log", "Ada")) == list(range(651, 701))
    assert orders(run_json(node, "history", "Ada", "--limit", "3")) == [698, 699, 700]
    assert orders(run_json(node, "log", "Ada", "--limit", "600")) == list(range(101, 701))
    assert orders(run_json(node, "log", "Ada", "--limit", "0")) == list(range(1, 701))
    assert orders(run_json(node, "log", "Ada", "--limit", "9999")) == list(range(1, 701))
    history(0, node)
    assert run(node, "log", "Ada", check=0) == (0, "", "")
    assert "No messages" in on_terminal(node, "log", "Ada")


@case
def since_is_a_time_or_a_duration():
    node = Node()
    history(60, node)
    assert len(run_json(node, "log", "Ada", "--since", "2026-01-31T18:00:00+01:00")) == 60
    assert node.asked("log")[-1]["since"] == TIME
    assert len(run_json(node, "log", "Ada", "--since", "2h", "--limit", "5")) == 5
    since = time.strptime(node.asked("log")[-1]["since"][:19], "%Y-%m-%dT%H:%M:%S")
    assert abs(time.time() - 7200 - calendar.timegm(since)) < 60


@case
def messages_are_lines():
    node = Node()
    node.answers["log"] = {"rows": [message(1), message(2, direction="out", state="read")],
                           "next": None}
    assert run(node, "log", "Ada", check=0).out == (
        "2026-01-31 17:00  Ada: text 1\n2026-01-31 17:00  me: text 2  (read)\n").replace(
            "2026-01-31 ", "" if time.strftime("%Y-%m-%d") == "2026-01-31" else
            "01-31 " if time.strftime("%Y") == "2026" else "2026-01-31 ")


@case
def follow_shows_each_message_once():
    node = Node()
    count = [2]
    history(lambda: count[0], node)
    started = Started(node, "--json", "log", ADDRESS, "--follow")
    assert [json.loads(started.line())["order"] for _ in range(2)] == [1, 2]
    count[0] = 3
    node.event(seq=1, event="present", name="Ada")
    node.event(seq=2, event="message", **message(9, conversation="Bob"))
    node.event(seq=3, event="message", **message(3))
    assert json.loads(started.line())["order"] == 3
    node.event(seq=4, event="message", **message(3))
    count[0] = 600
    node.event(seq=5, event="lagged", missed=7)
    assert [json.loads(started.line())["order"] for _ in range(597)] == list(range(4, 601))
    node.close()
    assert started.finish().code == 4
    assert [m for m, _ in node.requests][:3] == ["label", "listen", "log"]


# --- listen --------------------------------------------------------------------------------------


@case
def events_are_shown_as_they_come():
    node = Node()
    started = Started(node, "listen", "--since", "5", "--json")
    for seq in (6, 7):
        event = {"seq": seq, "event": "message", **message(seq)}
        node.event(**event)
        assert json.loads(started.line()) == event
    assert node.asked("listen") == [{"since": 5}]
    assert started.stop().code == -2


@case
def a_reader_that_goes_away_ends_it():
    node = Node()
    started = Started(node, "listen", "--json")
    started.process.stdout.close()
    for seq in range(2):
        node.event(seq=seq, event="gone", name="Ada")
    assert started.process.wait(fake_node.SECONDS_MAX) == -13


# --- chat ----------------------------------------------------------------------------------------


@case
def a_pipe_can_chat():
    node = Node()
    history(2, node)
    node.answers["send"] = numbered
    result = run(node, "chat", "Ada", stdin="one\n\ntwo", check=0)
    assert [p["text"] for p in node.asked("send")] == ["one", "two"]
    assert "text 2" in result.out and "me: two" in result.out and result.err == "", result
    assert node.asked("read") == [{"conversation": "Ada"}]


@case
def a_pipe_can_chat_a_lot():
    node = Node()
    history(0, node)
    node.answers["send"] = numbered
    lines = [str(i) for i in range(1000)]
    out = run_json(node, "chat", "Ada", stdin="\n".join(lines))
    assert [o["id"] for o in out] == ["M" + line for line in lines]


@case
def arrivals_and_states_appear():
    node = Node()
    history(1, node)
    node.answers["send"] = numbered
    started = Started(node, "chat", "Ada")
    assert started.line().endswith("Ada: text 1")
    started.write("hello\n")
    assert started.line().endswith("me: hello")
    node.wait_request("send")
    node.event(seq=1, event="message", **message(2, id="Mhello", text="hello", direction="out"))
    node.event(seq=2, event="delivered", id="Mhello", conversation="Ada", state="delivered")
    assert started.line() == "-- delivered: hello"
    node.event(seq=3, event="message", **message(8, conversation="Bob"))
    node.event(seq=4, event="message", **message(3))
    assert started.line().endswith("Ada: text 3")
    node.wait_request("read", 2)
    node.event(seq=5, event="gone", name="Ada")
    assert started.line() == "-- gone: Ada"
    started.write("later\n")
    assert started.line().endswith("me: later")
    assert started.line() == "-- queued: it goes out when they are here: Ada"
    assert started.finish().code == 0


def said(node, seq, text):
    """The node's word about what this client sent, which may come before its answer."""
    node.event(seq=seq, event="message",
               **message(seq + 1, id="M" + text, text=text, direction="out"))


@case
def states_that_come_together_are_one_note():
    node = Node()
    history(0, node)
    node.answers["send"] = numbered
    started = Started(node, "chat", "Ada")
    lines = [f"line {i}" for i in range(40)]
    started.write("".join(line + "\n" for line in lines))
    for i, line in enumerate(lines):
        assert started.line().endswith("me: " + line)
        node.wait_request("send", i + 1)
    for i, line in enumerate(lines):
        said(node, i, line)
        for state in ("delivered", "read"):
            node.event(seq=i, event=state, id="M" + line, conversation="Ada", state=state)
    notes = [started.line()]
    while not (notes[-1].startswith("-- read: ") and notes[-1].endswith(": line 39")):
        notes.append(started.line())
    assert len(notes) < 10, notes  # one, unless this machine pauses between two events
    started.write("more\n")
    assert started.line().endswith("me: more")
    node.wait_request("send", 41)
    said(node, 40, "more")
    node.event(seq=40, event="delivered", id="Mmore", conversation="Ada", state="delivered")
    node.event(seq=41, event="message", **message(50))
    assert started.line() == "-- delivered: more"
    assert started.line().endswith("Ada: text 50")
    node.event(seq=42, event="read", id="Mmore", conversation="Ada", state="read")
    assert started.line() == "-- read: more"
    assert started.finish().code == 0


@case
def a_refused_line_of_a_pipe_is_exit_1():
    node = Node()
    history(0, node)
    node.answers["send"] = lambda p: Refused("blocked", "blocked") if p["text"] == "a" \
        else numbered(p)
    result = run(node, "chat", "Ada", stdin="a\nb\n", check=1)
    assert "blocked" in result.err and len(node.asked("send")) == 2


@case
def what_is_being_typed_survives_an_arrival():
    node = Node()
    history(0, node)
    node.answers["send"] = numbered
    terminal = Terminal(node, "chat", "Ada")
    terminal.wait("Ctrl-D ends")
    terminal.type("half a sen")
    at = terminal.wait("> half a sen")
    node.event(seq=1, event="message", **message(1))
    at = terminal.wait("text 1", at)
    at = terminal.wait("> half a sen", at)
    terminal.type("tenco\x7fe\r")
    node.wait_request("send", text="half a sentence")
    at = terminal.wait("me", at)
    terminal.wait("> ", at)
    terminal.type("\x04")
    text = terminal.finish()
    assert terminal.restored()
    assert "me: half a sentence\n" in without_styles(text), text


@case
def a_long_line_stays_on_its_line():
    node = Node()
    history(0, node)
    node.answers["send"] = numbered
    terminal = Terminal(node, "chat", "Ada", columns=20)
    terminal.wait("Ctrl-D ends")
    terminal.type("0123456789" * 5)
    terminal.wait("> 34567890123456789")
    terminal.type("\r")
    node.wait_request("send", text="0123456789" * 5)
    terminal.type("\x04")
    terminal.finish()


@case
def a_window_that_changes_shows_as_much_as_fits():
    node = Node()
    history(0, node)
    terminal = Terminal(node, "chat", "Ada", columns=20)
    terminal.wait("Ctrl-D ends")
    terminal.type("0123456789" * 3)
    at = terminal.wait("> 34567890123456789")
    terminal.resize(30)
    at = terminal.wait("> 345678901234567890123456789", at)
    terminal.resize(12)
    terminal.wait("\r\x1b[K> 123456789", at)
    terminal.type("\x15\x04")
    terminal.finish()


@case
def pasted_lines_are_messages_in_order():
    node = Node()
    history(0, node)
    node.answers["send"] = numbered
    terminal = Terminal(node, "chat", "Ada")
    terminal.wait("Ctrl-D ends")
    lines = [f"line {i} \u65e5\u672c" for i in range(300)]
    terminal.type("".join(line + "\r" for line in lines[:150]))
    terminal.wait("> ", terminal.wait(f"me\x1b[0m: {lines[149]}"))
    terminal.type("".join(line + "\r" for line in lines[150:]))
    terminal.wait("> ", terminal.wait(f"me\x1b[0m: {lines[299]}"))
    terminal.type("\x04")
    terminal.finish()
    assert [p["text"] for p in node.asked("send")] == lines


@case
def ctrl_c_leaves_the_terminal_as_it_was():
    node = Node()
    history(0, node)
    terminal = Terminal(node, "chat", "Ada")
    terminal.wait("> ")
    assert not terminal.restored()
    terminal.type("\x03")
    terminal.finish(-2)
    assert terminal.restored()


if __name__ == "__main__":
    fake_node.run_all()
