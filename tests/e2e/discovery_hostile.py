#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Packets that no honest stack sends. Whatever comes, discovery goes on finding those who are
there; the sender of the packets plays a host of the same segment."""

import os
import struct
import subprocess

import mdns
import segment
from segment import Host, Probe, Segment, key

# Good base32 names, as a node would choose them.
NAME, NAME_HOST = "0123456789abcdef", "fedcba9876543210"


class Attacker:
    """A host that sends prepared packets."""

    def __init__(self, lan):
        self.host = Host(lan)
        self.address = self.host.run("ip", "-4", "-o", "addr", "show", "eth0").split()[3].split(
            "/")[0]
        self.n_aliases = 0

    def alias(self):
        """A further address, with a budget of its own."""
        address = f"{self.address.rsplit('.', 1)[0]}.{200 + self.n_aliases}"
        self.n_aliases += 1
        self.host.run("ip", "addr", "add", f"{address}/24", "dev", "eth0")
        return address

    def send(self, packets, pause_every=50, address=None):
        payload = b"".join(struct.pack(">H", len(p)) + p for p in packets)
        code = ("import sys, struct, time; sys.path.insert(0, sys.argv[1]); import mdns\n"
                "sender = mdns.Sender(sys.argv[2]); data = sys.stdin.buffer.read(); at = n = 0\n"
                "while at < len(data):\n"
                "    size, = struct.unpack_from('>H', data, at); n += 1\n"
                "    sender.send(data[at + 2:at + 2 + size]); at += 2 + size\n"
                f"    n % {pause_every} or time.sleep(0.01)\n")
        subprocess.run(self.host.command(
            "python3", "-c", code, os.path.dirname(os.path.abspath(__file__)),
            address or self.address),
            input=payload, check=True)


def still_finds(lan, probe, seed=77):
    """Somebody new is found, both ways: the test that all is well."""
    late = Probe(Host(lan))
    late.publish(seed)
    probe.wait("seen", key=key(seed), limit=10)
    late.wait("seen", key=key(1), limit=10)
    late.quit()


def a_good_txt(seed=9):
    return strings(b"v=1", b"n=" + bytes(8), b"k=" + struct.pack("<I", seed) * 8,
                   b"b=" + bytes(16), b"s=" + bytes(64))


def strings(*each):
    return b"".join(bytes([len(s)]) + s for s in each)


def advert(instance=NAME, host=NAME_HOST, port=4000, txt=None, numeric=None):
    records = [mdns.pointer(instance), mdns.service(instance, host, port),
               mdns.text(instance, a_good_txt() if txt is None else txt)]
    if numeric:
        records.append(mdns.address(host, numeric))
    return mdns.response(*records)


def victim_and_attacker():
    lan = Segment()
    victim = Probe(Host(lan))
    victim.publish(1)
    victim.wait("state", published=True)
    return lan, victim, Attacker(lan)


def a_well_formed_forgery_is_taken():
    """Control: the packets of this file would be taken if nothing were wrong with them."""
    lan, victim, attacker = victim_and_attacker()
    attacker.send([advert(numeric=attacker.address)])
    victim.wait("seen", key=key(9), host=attacker.address, limit=5)
    still_finds(lan, victim)


def adverts_with_a_wrong_text_are_refused():
    lan, victim, attacker = victim_and_attacker()
    good = [b"v=1", b"n=" + bytes(8), b"k=" + bytes([9] * 32), b"b=" + bytes(16),
            b"s=" + bytes(64)]
    texts = [
        b"", b"\0", strings(*good[1:]), strings(b"v=2", *good[1:]), strings(*good, b"v=1"),
        strings(*good[:2], b"k=" + bytes(31), *good[3:]),
        strings(*good[:2], b"k=" + bytes(33), *good[3:]),
        strings(*good[:4], b"s=" + bytes(200)),
        strings(*good, b"x=" + bytes(32), b"m=" + b"\xff\xfe\x80" * 5),
        strings(*good, *[b"z=" + bytes([i]) * 250 for i in range(30)]),
        strings(*good) + b"\xff", b"\xff" * 300, bytes(1200),
    ]
    before = len(victim.events)
    attacker.send([advert(f"{i:016d}", f"{i + 100:016d}", txt=t, numeric=attacker.address)
                   for i, t in enumerate(texts)])
    victim.wait_for(lambda: sum(e["count"] for e in victim.matching("refused", before)) >= 4)
    still_finds(lan, victim)
    victim.never("seen", during=0, host=attacker.address)


def names_that_no_node_chooses_are_refused_unresolved():
    lan, victim, attacker = victim_and_attacker()
    names = [b"\xff\xfe\xfd", b"a\0b", b"\x1b[31mred", b"a" * 63, b"a.b\\c", "\u202eabc".encode(),
             b"0123456789ABCDEF", b"0123456789abcdeu", b"0123456789abcde", b" ", b"\x7f" * 16]
    before = len(victim.events)
    attacker.send([advert(n, numeric=attacker.address) for n in names])
    victim.wait("refused", before, limit=5)
    still_finds(lan, victim)
    victim.never("seen", during=0, host=attacker.address)


def broken_packets_do_no_harm():
    lan, victim, attacker = victim_and_attacker()
    good = advert(numeric=attacker.address)
    header = struct.pack(">HHHHHH", 0, 0x8400, 0, 1, 0, 0)
    loop = header + b"\xc0\x0c" + struct.pack(">HHIH", mdns.PTR, 1, 120, 2) + b"\xc0\x0c"
    packets = [good[:n] for n in range(len(good))]
    packets += [good[:i] + bytes([good[i] ^ 0xff]) + good[i + 1:] for i in range(len(good))]
    packets += [
        loop, header, header + b"\xff" * 200, b"", b"\0", bytes(8000), b"\xff" * 8900,
        struct.pack(">HHHHHH", 0, 0x8400, 65535, 65535, 65535, 65535) + good[12:],
        mdns.response(mdns.record(mdns.SERVICE, mdns.PTR, b"")),
        mdns.response(mdns.record(mdns.SERVICE, mdns.PTR, b"\x3f" + b"a" * 10)),
        mdns.response(mdns.record(mdns.SERVICE, mdns.SRV, b"\0" * 3)),
        mdns.response(mdns.record(b"\x00", mdns.A, b"\0" * 4)),
        mdns.response(mdns.record(mdns.SERVICE, mdns.TXT, strings(b"a" * 255) * 30)),
        mdns.response(*[mdns.record(mdns.name([b"\xff" * 63] * 3 + [b"x"]), k, bytes(70))
                        for k in range(1, 60)]),
        mdns.query(*[(mdns.SERVICE, 255)] * 100),
        mdns.query((mdns.name([NAME, *mdns.SERVICE.split(".")]), 255)),
    ]
    for at in range(0, len(packets), 50):
        attacker.send(packets[at:at + 50], address=attacker.alias())
    still_finds(lan, victim)


def an_advert_that_leads_elsewhere_is_refused():
    lan, victim, attacker = victim_and_attacker()
    targets = ["203.0.113.80", "127.0.0.1", "0.0.0.0", "255.255.255.255", "224.0.0.251",
               "10.78.0.1"]
    before = len(victim.events)
    attacker.send([advert(f"{i:016d}", f"{i + 100:016d}", numeric=t)
                   for i, t in enumerate(targets)])
    victim.wait_for(lambda: sum(e["count"] for e in victim.matching("refused", before)) >=
                    len(targets))
    assert not victim.matching("seen", before)
    still_finds(lan, victim)


def flood(attacker, numbers, address=None):
    """Names of which nothing else is known, to be remembered for 68 years."""
    names = [mdns.pointer(f"{n:016d}", ttl=2**31 - 1) for n in numbers]
    attacker.send([mdns.response(*names[at:at + 20]) for at in range(0, len(names), 20)],
                  pause_every=1, address=address)


def processor_seconds(probe):
    with open(f"/proc/{probe.process.pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def a_neighbour_that_floods_is_not_listened_to():
    lan, victim, attacker = victim_and_attacker()
    late = Probe(Host(lan))
    flood(attacker, range(8000))
    late.publish(77)
    late.wait("seen", key=key(1), limit=5)
    victim.wait("seen", key=key(77), limit=5)
    assert not victim.matching("refused")
    assert processor_seconds(victim) < 3, processor_seconds(victim)


def a_flood_from_many_addresses_is_forgotten_soon():
    lan, victim, attacker = victim_and_attacker()
    for n in range(12):
        flood(attacker, range(n * 400, (n + 1) * 400), attacker.alias())
    victim.wait("refused", limit=20)
    late = Probe(Host(lan))
    late.publish(77)
    late.wait("seen", key=key(1), limit=10)
    victim.wait("seen", key=key(77), limit=30)


def a_forged_goodbye_is_answered():
    lan, victim, attacker = victim_and_attacker()
    watching = Probe(Host(lan))
    names = watching.publish(2)
    victim.wait("seen", key=key(2), limit=5)
    before = len(victim.events)
    attacker.send([mdns.response(mdns.pointer(names["instance"], ttl=0))] * 3)
    victim.never("gone", during=3, key=key(2), since=before)


def nobody_is_pushed_off_the_air_by_conflicts():
    lan, victim, attacker = victim_and_attacker()
    names = victim.publish(1)
    found_at_first = Probe(Host(lan))
    found_at_first.wait("seen", key=key(1), limit=5)
    before = len(victim.events)
    conflict = mdns.response(
        mdns.service(names["instance"], NAME_HOST, 9),
        mdns.text(names["instance"], a_good_txt(5)), mdns.address(names["host"], "10.77.0.9"))
    attacker.send([conflict] * 20, pause_every=1)
    late = Probe(Host(lan))
    late.wait("seen", key=key(1), port=4000, limit=10)
    assert not victim.matching("state", before, published=False)


if __name__ == "__main__":
    segment.enter()
    segment.run_cases([
        a_well_formed_forgery_is_taken,
        adverts_with_a_wrong_text_are_refused,
        names_that_no_node_chooses_are_refused_unresolved,
        broken_packets_do_no_harm,
        an_advert_that_leads_elsewhere_is_refused,
        a_neighbour_that_floods_is_not_listened_to,
        a_flood_from_many_addresses_is_forgotten_soon,
        a_forged_goodbye_is_answered,
        nobody_is_pushed_off_the_air_by_conflicts,
    ])
