#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What a passer-by with a packet capture learns from discovery: nothing of the machine or the
person, and no field that ties one period to the next."""

import mdns
import segment
from segment import HOST_NAME, Capture, Host, Probe, Segment, key

_BROADCAST = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
s.sendto(sys.argv[1].encode(), (sys.argv[2], 9))
"""


def captured(act):
    """The bytes that cross a segment while act(segment) runs."""
    lan = Segment()
    capture = Capture(lan)
    act(lan)
    return capture.bytes()


def two_periods(lan, names):
    turning, watching = Probe(Host(lan)), Probe(Host(lan))
    for seed in (1, 2):
        names.append(turning.publish(seed, 4000 + seed))
        watching.wait("seen", key=key(seed), limit=5)
    watching.wait("gone", key=key(1), limit=5)
    turning.tell("withdraw")
    watching.wait("gone", key=key(2), limit=5)


def the_scan_finds_what_is_there():
    """Positive control: the machine's name sent on purpose, and the names that are advertised."""
    names = []

    def act(lan):
        Host(lan).run("python3", "-c", _BROADCAST, HOST_NAME, f"10.77.{lan.number}.255")
        two_periods(lan, names)

    seen = captured(act)
    for needle in (HOST_NAME, *(n["instance"] for n in names), *(n["host"] for n in names)):
        assert needle.encode() in seen, needle


def the_name_of_the_machine_is_never_sent():
    seen = captured(lambda lan: two_periods(lan, [])).lower()
    for needle in (HOST_NAME, HOST_NAME.split("-", maxsplit=1)[0], "in-addr", "ip6", "hinfo",
                   "_workstation", "_services", "linux", "avahi"):
        assert needle.encode() not in seen, needle


def records_are_ours_alone_and_short_lived():
    names = []
    packets = mdns.packets_of(captured(lambda lan: two_periods(lan, names)))
    records = [r for p in packets for r in mdns.records_of(p)]
    own = {n["instance"] + "." + mdns.SERVICE for n in names}
    hosts = {n["host"] + ".local" for n in names}
    assert {kind for _, kind, _, _ in records} == {
        mdns.PTR, mdns.SRV, mdns.TXT, mdns.A, mdns.AAAA}
    for owner, kind, ttl, _ in records:
        assert ttl <= 120, (owner, kind, ttl)
        assert owner == mdns.SERVICE if kind == mdns.PTR else owner in own | hosts, owner


def no_field_ties_one_period_to_the_next():
    names = []
    packets = mdns.packets_of(captured(lambda lan: two_periods(lan, names)))
    records = [r for p in packets for r in mdns.records_of(p)]
    fields = []
    for period in names:
        instance = period["instance"] + "." + mdns.SERVICE
        services = {data for owner, kind, _, data in records
                    if owner == instance and kind == mdns.SRV}
        texts = {data for owner, kind, _, data in records if owner == instance and kind == mdns.TXT}
        assert len(services) == 1 and len(texts) == 1
        (port, host), = services
        data, = texts
        strings = []
        while data:
            strings.append(data[1:1 + data[0]])
            data = data[1 + data[0]:]
        fields.append({"port": port, "host": host, "instance": instance,
                       **{s[:2]: s[2:] for s in strings}})
    first, second = fields
    assert first.keys() == second.keys() and b"v=" in first
    same = {k for k in first if first[k] == second[k]}
    assert same == {b"v="}, same
    assert {k: len(v) for k, v in first.items() if isinstance(k, bytes)} == \
           {k: len(v) for k, v in second.items() if isinstance(k, bytes)}


if __name__ == "__main__":
    segment.enter()
    segment.run_cases([
        the_scan_finds_what_is_there,
        the_name_of_the_machine_is_never_sent,
        records_are_ours_alone_and_short_lived,
        no_field_ties_one_period_to_the_next,
    ])
