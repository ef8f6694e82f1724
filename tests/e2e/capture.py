#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What others on the segment get to see of two people who talk, and what a stolen disk shows: a
capture of everything, and the memory, database and logs of a third node that is linked to them."""

import os
import re
import sqlite3
import tempfile

import mdns
import needles
import segment
from nodes import CLEAR_COPY, Node, befriend, wait_until
from segment import HOST_NAME, Capture, Host, Segment, Skip, run

TEXTS = ["the heron waits by the seventh lamp post", "yellow umbrellas for the night watch"]
ADA, BOB = "Adalbertine-Kowalczyk", "Bonaventure-Oyelaran"
PAGE = 4096
SHADOW_BYTES = 1 << 32
_BROADCAST = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
for planted in sys.argv[2:]:
    s.sendto(bytes.fromhex(planted), (sys.argv[1], 9))
"""


def secrets_of(*nodes):
    found = [needles.text(f"text {i}", text) for i, text in enumerate(TEXTS)]
    found.append(needles.text("host name", HOST_NAME))
    for node in nodes:
        found += [needles.text(f"the name {node.name}", node.name),
                  *needles.keys(node.name, node.address)]
    return found


def memory(pid):
    """What a process has in memory and is not zero."""
    pages = []
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps, \
            open(f"/proc/{pid}/mem", "rb", buffering=0) as mem:
        for line in maps:
            low, high, mode = re.match(r"(\w+)-(\w+) (\S+)", line).groups()
            if "r" not in mode or "[v" in line:
                continue
            low, high = int(low, 16), int(high, 16)
            if high - low > SHADOW_BYTES:
                raise Skip("a sanitizer's shadow memory cannot be read")
            mem.seek(low)
            area = mem.read(high - low)
            pages += [page for at in range(0, len(area), PAGE)
                      if (page := area[at:at + PAGE]).strip(b"\0")]
    return b"".join(pages)


def files(node, skip=()):
    content = b""
    for folder, _, names in os.walk(node.home):
        for name in names:
            path = os.path.join(folder, name)
            if name not in skip and os.path.isfile(path):
                with open(path, "rb") as file:
                    content += file.read()
    return content


def database(node, *passphrase):
    """The database of a stopped node as SQLite writes it without the vault."""
    with tempfile.TemporaryDirectory() as folder:
        run(CLEAR_COPY, node.home, folder + "/copy", *passphrase)
        with open(folder + "/copy", "rb") as file:
            return file.read()


def tables(copy):
    with tempfile.NamedTemporaryFile() as file:
        file.write(copy)
        file.flush()
        with sqlite3.connect(file.name) as connection:
            return [row[0] for row in connection.execute(
                "SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'")]


def nobody_else_learns_what_and_who():
    lan = Segment()
    capture = Capture(lan)
    ada, bob = Node(Host(lan), ADA), Node(Host(lan), BOB)
    third = Node(Host(lan), "Third-Node-Itself")
    third.up()
    at_ada, at_bob = ada.up(), bob.up()
    befriend(ada, bob)
    at_ada.wait("present", name=BOB)
    at_bob.wait("present", name=ADA)
    bob.run("send", ADA, TEXTS[0], "--wait", "delivered", "--timeout", "10s")
    ada.run("send", BOB, TEXTS[0], "--wait", "delivered", "--timeout", "10s")
    wait_until(lambda: third.json("status")[0]["links"] >= 2, "the third node's links")
    bob.down()
    at_ada.wait("gone", name=BOB)
    before = third.count("envelopes_in")
    ada.run("send", BOB, TEXTS[1])
    # A stranger is dialled once in half a minute at most, so a link may still be missing.
    wait_until(lambda: third.count("envelopes_in") > before,
               "the envelope to be offered to others", limit=70)
    places = {"memory of the third node": memory(third.pid()),
              "memory of its network process": memory(third.net_pid())}
    at_bob = bob.up()
    at_bob.wait("message", text=TEXTS[1])
    third.down()
    places |= {"capture": capture.bytes(), "database of the third node": database(third),
               "files of the third node": files(third)}

    for place in ("memory of the third node", "database of the third node"):
        assert third.name.encode() in places[place], (place, "control: its own name")
    hidden = secrets_of(ada, bob)
    for place, content in places.items():
        print(f"# {place}: {len(content)} bytes", flush=True)
        if len(content) < 4 << 20:
            for secret in hidden:
                secret.check_control(content)
        assert not needles.found(hidden, content), (place, needles.found(hidden, content))


def the_capture_sees_what_is_sent():
    """Positive control: each encoding, sent in plain."""
    lan = Segment()
    capture = Capture(lan)
    host = Host(lan)
    ada = Node(host, ADA)
    for secret in secrets_of(ada):
        host.run("python3", "-c", _BROADCAST, f"10.77.{lan.number}.255",
                 *(planted.hex() for _, planted in secret.plants()))
    seen = capture.bytes()
    for secret in secrets_of(ada):
        assert len(secret.found_in(seen)) == len(secret.needles), secret.name


def adverts_in(pcap):
    """TXT data by instance, in order of appearance."""
    texts = {}
    for packet in mdns.packets_of(pcap):
        for owner, kind, ttl, data in mdns.records_of(packet):
            if kind == mdns.TXT and ttl > 0:
                texts.setdefault(owner, data)
    return texts


def hidden_adverts_have_one_length():
    lan = Segment()
    capture = Capture(lan)
    nodes = [Node(Host(lan), name) for name in ("A", BOB, "C", ADA * 2)]
    for node in nodes:
        node.up()
    for other in nodes[2:]:
        befriend(nodes[1], other)
    wait_until(lambda: len(nodes[1].json("contacts")) == 2, "two contacts")
    for node in nodes:
        node.down()
        node.up()
    wait_until(lambda: all(n.json("status")[0]["discovery"]["seen"] >= 3 for n in nodes),
               "everybody to be seen")
    lengths = [len(data) for data in adverts_in(capture.bytes()).values()]
    assert len(lengths) >= 8 and len(set(lengths)) == 1, lengths


def fields_of(owner, records):
    """Every value of one period of a node but what all have in common."""
    values = {"instance": owner.split(".")[0]}
    for name, kind, _, data in records:
        if name == owner and kind == mdns.SRV:
            values["port"], values["host"] = data[0], data[1].split(".")[0]
        if name == owner and kind == mdns.TXT:
            while data:
                string, data = data[1:1 + data[0]], data[1 + data[0]:]
                values[string[:1]] = string[2:]
    assert values.pop(b"v") == b"1"
    return values


def two_periods_share_no_value():
    lan = Segment()
    capture = Capture(lan)
    ada = Node(Host(lan), ADA, conf="[discovery]\nrotation = 10s\n")
    watching = Node(Host(lan), "Watching")
    ada.up()
    watching.up()
    befriend(ada, watching)
    wait_until(lambda: ada.count("rotations") >= 3, "three rotations", limit=60, pause=0.5)
    own = f"10.77.{lan.number}.2"
    assert ada.host.run("ip", "-4", "addr", "show", "eth0").find(own) > 0
    records = [r for p in mdns.packets_of(capture.bytes()) for r in mdns.records_of(p)]
    hosts = {name for name, kind, _, data in records
             if kind == mdns.A and data == bytes(map(int, own.split(".")))}
    owners = list(dict.fromkeys(name for name, kind, _, data in records
                                if kind == mdns.SRV and data[1] in hosts))
    assert len(owners) >= 3, owners
    periods = [fields_of(owner, records) for owner in owners]
    for before, after in zip(periods, periods[1:]):
        assert before.keys() == after.keys() and len(before) >= 7, before.keys()
        assert not set(before.values()) & set(after.values()), (before, after)
        windows = [{value[i:i + 4] for value in period.values() if isinstance(value, bytes)
                    for i in range(len(value) - 3)} for period in (before, after)]
        assert len(windows[0] & windows[1]) <= 1, windows[0] & windows[1]


def a_visible_advert_holds_no_identity():
    lan = Segment()
    capture = Capture(lan)
    ada, bob = Node(Host(lan), ADA, visible=True), Node(Host(lan), BOB)
    ada.up()
    bob.up()
    wait_until(lambda: [n for n in bob.json("nearby") if n["name"] == ADA], "Ada to be seen")
    seen = capture.bytes()
    assert needles.text("name", ADA).needles["raw", None] in seen, "she is visible"
    for secret in needles.keys(ADA, ada.address):
        secret.check_control(seen)
        assert not secret.found_in(seen)


def locked_files_show_nothing():
    for passphrase in (None, "four legs and a tail"):
        lan = Segment()
        ada, bob = Node(Host(lan), ADA, passphrase=passphrase), Node(Host(lan), BOB)
        at_ada = ada.up()
        bob.up()
        befriend(ada, bob)
        at_ada.wait("present", name=BOB)
        ada.run("send", BOB, TEXTS[0], "--wait", "delivered", "--timeout", "10s")
        bob.run("send", ADA, TEXTS[1], "--wait", "delivered", "--timeout", "10s")
        ada.down()
        bob.down()
        clear = database(ada, *([passphrase] if passphrase else []))
        stolen = files(ada)
        words = [b"SQLite format 3", *(t.encode() for t in tables(clear))]
        assert len(words) > 10, words
        for needle in words:
            assert needle in clear and needle not in stolen, needle
        hidden = secrets_of(ada, bob)
        for secret in hidden:
            secret.check_control(stolen)
            if "X25519" not in secret.name and secret.name != "host name":
                assert secret.needles["raw", None] in clear, (secret.name, "control")
        assert not needles.found(hidden, stolen), needles.found(hidden, stolen)


if __name__ == "__main__":
    segment.enter()
    try:
        segment.run_cases([the_capture_sees_what_is_sent, nobody_else_learns_what_and_who,
                           hidden_adverts_have_one_length, two_periods_share_no_value,
                           a_visible_advert_holds_no_identity, locked_files_show_nothing])
    finally:
        Node.forget_homes()
