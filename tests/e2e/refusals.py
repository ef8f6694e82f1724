#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What a node refuses: it says so by exit code and error code, says what to do, and changes
nothing. And what a peer writes never steers a terminal."""

import os
import threading

import fake_node
import segment
from nodes import Control, Failed, Node, befriend, pair, wait_until
from segment import Host, Segment, run

MIB = 1 << 20
DISK_BYTES = 8 * MIB


def state(node):
    """What must be as before; of a database that is open its contents, else its bytes."""
    if is_up(node):
        return [node.json(name) for name in ("id", "contacts", "requests", "conversations")]
    return {name: contents(os.path.join(node.home, name))
            for name in ("earshot.db", "earshot.db-wal", "earshot.key", "earshot.conf")}


def contents(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None


def is_up(node):
    try:
        return node.json("status")[0]["running"]
    except Failed as failed:
        assert failed.code == 4
        return False


def refused(node, *args, code, text=None):
    """Exit 1, the error code, a way out in hint or message; nothing else has happened."""
    before = state(node)
    status, error = node.refused(*args, text=text)
    assert status == 1 and error["error"] == code, (status, error)
    assert error["hint"] or any(mark in error["message"] for mark in (":", ";", "that is")), error
    assert state(node) == before
    return error


def refused_call(node, method, code, **params):
    before = state(node)
    try:
        Control(node).call(method, **params)
    except Failed as failed:
        assert failed.err["data"]["code"] == code, failed.err
    else:
        raise AssertionError(f"{method} {params} was not refused")
    wait_until(lambda: state(node) == before, "all to be as before")


def a_second_identity():
    ada = Node(Host(Segment()), "Ada")
    refused(ada, "init", "--name", "Eve", code="exists")
    ada.up()
    refused(ada, "init", code="exists")
    assert ada.json("id")[0] == {"address": ada.address, "name": "Ada"}


def a_name_that_shows_something_else():
    ada = Node(Host(Segment()), "Ada")
    ada.up()
    refused_call(ada, "name", "bad-name", name="Eve\u202efdp\u200b\u2066")


def a_wrong_address():
    ada, bob, _, _ = pair()
    last = "0" if bob.address[-1] != "0" else "1"
    for wrong in (bob.address[:-1] + last, bob.address[:10] + last + bob.address[11:]):
        assert refused(ada, "add", wrong, code="checksum")
    refused(ada, "add", ada.address, code="self")
    refused(ada, "connect", "tcp://10.0.0.1:42000/nokey", code="bad-endpoint")


def invites_that_are_over():
    ada, _, _, _ = pair()
    third, fourth = (Node(ada.host, name) for name in ("Third", "Fourth"))
    at_third = third.up()
    fourth.up()
    link = ada.json("invite")[0]["link"]
    third.run("add", link)
    at_third.wait("accepted")
    refused_call(fourth, "add", "invite-used", who=link, wait_ms=10000)
    soon = Control(ada).call("invite", for_ms=1000)["link"]
    threading.Event().wait(1.1)
    refused_call(fourth, "add", "invite-expired", who=soon, wait_ms=10000)
    mistyped = link[:40] + ("0" if link[40] != "0" else "1") + link[41:]
    refused(fourth, "add", mistyped, code="checksum")


def nobody_and_more_than_one():
    ada, _, _, _ = pair()
    refused(ada, "send", "Nobody", "hello", code="unknown")
    refused(ada, "accept", "Nobody", code="no-request")
    refused(ada, "log", "Nobody", code="unknown")
    lan = Segment()
    eves = [Node(Host(lan), "Eve", visible=True) for _ in range(2)]
    asked = Node(Host(lan), "Asked")
    at_asked = asked.up()
    for eve in eves:
        eve.up()
        eve.run("add", asked.address)
    wait_until(lambda: len(asked.json("nearby")) == 2, "both to be seen")
    refused(asked, "add", "Eve", code="ambiguous")
    at_asked.wait("request", count=2)
    error = refused(asked, "accept", "Eve", code="ambiguous")
    assert sorted(error["candidates"]) == sorted(eve.address for eve in eves), error
    first, second = (eve.address.removeprefix("earshot:")[:12] for eve in eves)
    asked.run("accept", second, "--as", first)
    asked.run("accept", eves[0].address, "--as", "First")
    at_asked.wait("present", count=2)
    error = refused(asked, "send", first, "hello", code="ambiguous")
    assert sorted(error["candidates"]) == sorted(["First", first]), error


def texts_that_are_none():
    ada, bob, _, at_bob = pair()
    refused(ada, "send", "Bob", "a" * 16385, code="too-long")
    refused(ada, "send", "Bob", os.fsdecode(b"\xff\xfe"), code="not-utf8")
    refused(ada, "send", "Bob", "", code="empty")
    refused_call(ada, "send", "usage", conversation="Bob")
    ada.run("send", "Bob", "é" * 8192)
    at_bob.wait("message")
    assert bob.texts("Ada") == ["é" * 8192]


def a_machine_without_a_network():
    alone = Node(Host(), "Alone")
    alone.up()
    wait_until(lambda: alone.json("status")[0]["discovery"]["problem"], "the problem")
    try:
        alone.json("doctor")
    except Failed as failed:
        assert failed.code == 1
    else:
        raise AssertionError("doctor found nothing to mend")


def a_database_of_a_newer_version():
    ada = Node(Host(Segment()), "Ada")
    with open(ada.home + "/earshot.db", "r+b") as file:
        file.seek(8)
        file.write(b"\xff\xff\xff\xff")
    for command in (["up"], ["contacts"], ["init"]):
        refused(ada, *command, code="newer")


def a_home_that_cannot_be_written():
    home = Node.folder()
    host = Host(Segment())
    ada = Node(host, "Ada", home=home)
    host.run("mount", "--bind", home, home)
    host.run("mount", "-o", "remount,ro,bind", home)
    refused(ada, "up", code="store")
    refused(ada, "send", "Bob", "hello", code="store")
    ada.home = home + "/deeper"
    refused(ada, "init", code="home")


def a_passphrase_that_is_missing_or_wrong():
    ada = Node(Host(Segment()), "Ada", passphrase="open sesame")
    wrong, empty = Node.folder() + "/wrong", Node.folder() + "/empty"
    for path, text in ((wrong, "open sesam"), (empty, "")):
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    refused(ada, "up", code="locked")
    refused(ada, "contacts", code="locked")
    refused(ada, "up", "--passphrase-file", wrong, code="wrong-passphrase")
    status, _ = ada.refused("up", "--passphrase-file", empty)
    assert status in (1, 2)
    ada.up()
    assert ada.json("status")[0]["at_rest"] == "passphrase"


def a_configuration_with_an_error():
    ada = Node(Host(Segment()), "Ada")
    for line, said in (("colour = blue", "colour"), ("ports = 1-x", "ports"),
                       ("no assignment", "line 2")):
        with open(ada.home + "/earshot.conf", "w", encoding="utf-8") as file:
            file.write(f"[node]\n{line}\n")
        error = refused(ada, "up", code="config")
        assert "line 2" in error["message"] and said in error["message"], error


class Talker(threading.Thread):
    """Sends numbered texts until one is refused; remembers what was taken."""

    def __init__(self, node, to):
        super().__init__(daemon=True)
        self.control = Control(node)
        self.to = to
        self.taken = []
        self.error = None

    def run(self):
        try:
            while True:
                text = f"{len(self.taken)} " + "x" * 8000
                self.control.call("send", conversation=self.to, text=text)
                self.taken.append(text)
        except Failed as failed:
            self.error = failed.err


def disk():
    home = Node.folder()
    run("mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "none", home)
    return home


def a_full_disk():
    home = disk()
    lan = Segment()
    ada, bob = Node(Host(lan), "Ada", home=home), Node(Host(lan), "Bob")
    at_ada, at_bob = ada.up(), bob.up()
    befriend(ada, bob)
    at_ada.wait("present", name="Bob")
    at_bob.wait("present", name="Ada")
    with open(home + "/ballast", "wb") as ballast:
        free = os.statvfs(home)
        ballast.write(b"x" * (free.f_bavail * free.f_bsize - MIB))
    talker = Talker(ada, "Bob")
    talker.start()
    talker.join(60)
    assert talker.error and talker.error["data"]["code"] == "disk-full", talker.error
    assert talker.error["data"]["hint"], talker.error
    print(f"# {len(talker.taken)} taken before the disk was full", flush=True)
    status, error = ada.refused("send", "Bob", "one more")
    assert (status, error["error"]) == (1, "disk-full"), error
    bob.run("send", "Ada", "while your disk was full")
    os.remove(home + "/ballast")
    at_bob.wait("message", count=len(talker.taken), limit=60)
    at_ada.wait("message", text="while your disk was full", limit=60)
    ada.run("send", "Bob", "there is room", "--wait", "delivered", "--timeout", "30s")
    assert bob.texts("Ada") == [*talker.taken, "there is room"]
    ada.down()
    run("umount", home)


def what_a_peer_writes_never_steers_a_terminal():
    lan = Segment()
    eve, bob = Node(Host(lan), "Eve", visible=True), Node(Host(lan), "Bob")
    eve.up()
    at_bob = bob.up()
    wait_until(lambda: bob.json("nearby"), "Eve to be seen")
    shown = [fake_node.on_terminal(bob.home, "nearby")]
    eve.run("add", bob.address, "--greeting", fake_node.HOSTILE)
    at_bob.wait("request")
    shown.append(fake_node.on_terminal(bob.home, "requests"))
    streams = [fake_node.Terminal(bob.home, "listen")]
    bob.run("accept", eve.address)
    wait_until(lambda: eve.json("contacts")[0]["state"] == "accepted", "the acceptance")
    who = eve.address
    streams.append(fake_node.Terminal(bob.home, "chat", who))
    streams.append(fake_node.Terminal(bob.home, "log", who, "--follow"))
    Control(eve).call("send", conversation=bob.address, text=fake_node.HOSTILE + "\nsecond line")
    at_bob.wait("message")
    for stream in streams:
        stream.wait("second line")
        shown.append(stream.seen.decode().replace("\r\n", "\n"))
    shown += [fake_node.on_terminal(bob.home, *command) for command in (
        ["log", who], ["contacts"], ["conversations"], ["label", who], ["nearby"])]
    for text in shown:
        assert "Eve" in text, text
        fake_node.assert_clean(text)


if __name__ == "__main__":
    segment.enter()
    try:
        segment.run_cases([
            a_second_identity, a_name_that_shows_something_else, a_wrong_address,
            invites_that_are_over, nobody_and_more_than_one,
            texts_that_are_none, a_machine_without_a_network, a_database_of_a_newer_version,
            a_home_that_cannot_be_written, a_passphrase_that_is_missing_or_wrong,
            a_configuration_with_an_error, a_full_disk,
            what_a_peer_writes_never_steers_a_terminal])
    finally:
        Node.forget_homes()
