#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""`earshot doctor` finds what has been broken on purpose, and nothing where nothing is broken."""

import json
import os
import subprocess
import tempfile

import segment
from segment import Host, Segment, Skip, need

EARSHOT = os.environ["EARSHOT"]

_RESPONDER = """
import socket, struct, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 5353))
s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
             struct.pack("=4sll", socket.inet_aton("224.0.0.251"), 0, socket.if_nametoindex("eth0")))
print("ready", flush=True)
while True:
    question, sender = s.recvfrom(9000)
    s.sendto(question[:2] + b"\\x84" + bytes(9), sender)
"""


def findings(host, **environment):
    """By check: the states and what was found."""
    with tempfile.TemporaryDirectory() as home:
        done = subprocess.run(
            host.command(EARSHOT, "--home", home, "--json", "doctor"), capture_output=True,
            text=True, timeout=60, check=False, env={
                "PATH": os.environ["PATH"], "EARSHOTD": EARSHOT, "EARSHOT_NET": EARSHOT,
                **environment})
    assert done.stderr == "", done
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == any(f["state"] == "fail" for f in found), done
    assert all(f["hint"] for f in found if f["state"] != "ok"), found
    return found


def state(found, check):
    return [f["state"] for f in found if f["check"] == check]


def text(found, check):
    return " ".join(f["finding"] for f in found if f["check"] == check)


def with_responder(lan):
    host = Host(lan)
    process = host.spawn("python3", "-c", _RESPONDER, stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"ready\n"
    return host


def a_good_network_has_nothing_to_complain_of():
    lan = Segment()
    with_responder(lan)
    found = findings(Host(lan))
    assert {f["check"] for f in found if f["state"] != "ok"} == {"node"}, found
    assert "1 device answered on eth0" in text(found, "multicast")


def nobody_who_answers_is_doubtful():
    assert state(findings(Host(Segment())), "multicast") == ["warn"]


def no_network_at_all():
    found = findings(Host())
    assert state(found, "interfaces") == ["fail"] and state(found, "multicast") == []


def an_interface_without_an_address_or_without_a_cable():
    host = Host()
    host.plug(Segment(), address="")
    host.run("ip", "-6", "addr", "flush", "dev", "eth0")
    found = findings(host)
    assert state(found, "interfaces") == ["warn", "fail"], found
    assert "no address" in text(found, "interfaces")
    host = Host(Segment())
    segment.run("ip", "link", "set", host.interfaces["eth0"], "down")
    assert "not connected" in text(findings(host), "interfaces")
    host = Host(Segment())
    host.run("ip", "link", "set", "eth0", "multicast", "off")
    assert "does not multicast" in text(findings(host), "interfaces")


def a_vpn_that_takes_everything():
    if not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        raise Skip("/dev/net/tun is not for this user")
    host = Host(Segment())
    host.run("ip", "tuntap", "add", "tun0", "mode", "tun")
    host.run("ip", "link", "set", "tun0", "up")
    assert state(findings(host), "vpn") == ["ok"]
    for route in ("0.0.0.0/1", "128.0.0.0/1", "default"):
        host.run("ip", "route", "add", route, "dev", "tun0")
        found = findings(host)
        assert state(found, "vpn") == ["warn"] and "tun0" in text(found, "vpn"), (route, found)
        host.run("ip", "route", "del", route, "dev", "tun0")


def a_firewall_that_drops_what_comes_in():
    need("nft")
    host = Host(Segment())
    assert state(findings(host), "firewall") == ["ok"]
    host.run("nft", "add table inet f; add chain inet f in { type filter hook input priority 0; "
             "policy drop; }")
    assert state(findings(host), "firewall") == ["warn"]
    host.run("nft", "add rule inet f in udp dport 5353 accept")
    assert state(findings(host), "firewall") == ["ok"]
    host.run("nft", "add rule inet f in udp dport 5353 drop")
    assert state(findings(host), "firewall") == ["fail"]


def a_firewall_that_drops_what_goes_out():
    need("nft")
    host = Host(Segment())
    host.run("nft", "add table inet f; add chain inet f out { type filter hook output priority 0; "
             "policy drop; }")
    found = findings(host)
    assert state(found, "multicast") == ["fail"], found
    assert "firewall" in [f["hint"] for f in found if f["check"] == "multicast"][0]


def another_program_on_the_port_of_mdns():
    found = findings(with_responder(Segment()))
    assert state(found, "mdns") == ["warn"] and "python" in text(found, "mdns"), found
    need("dbus-daemon", "avahi-daemon")
    host = Host(Segment())
    host.start_avahi_daemon()
    found = findings(host)
    assert state(found, "mdns") == ["ok"] and "avahi" in text(found, "mdns"), found


def a_program_that_is_not_there():
    found = findings(Host(Segment()), EARSHOT_NET="/nowhere")
    assert state(found, "programs") == ["fail"] and "earshot-net" in text(found, "programs")


def a_disk_that_is_nearly_full():
    host = Host(Segment())
    home = tempfile.mkdtemp()
    try:
        for size, expected in (("8m", "fail"), ("64m", "warn")):
            host.run("mount", "-t", "tmpfs", "-o", f"size={size}", "none", home)
            done = subprocess.run(host.command(EARSHOT, "--home", home, "--json", "doctor"),
                                  capture_output=True, text=True, timeout=60, check=False)
            found = [json.loads(line) for line in done.stdout.splitlines()]
            assert state(found, "disk") == [expected], found
            host.run("umount", home)
    finally:
        os.rmdir(home)


if __name__ == "__main__":
    segment.enter()
    segment.run_cases([
        a_good_network_has_nothing_to_complain_of,
        nobody_who_answers_is_doubtful,
        no_network_at_all,
        an_interface_without_an_address_or_without_a_cable,
        a_vpn_that_takes_everything,
        a_firewall_that_drops_what_comes_in,
        a_firewall_that_drops_what_goes_out,
        another_program_on_the_port_of_mdns,
        a_program_that_is_not_there,
        a_disk_that_is_nearly_full,
    ])
