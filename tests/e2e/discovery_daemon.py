#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""avahi-daemon: used by D-Bus, coming and going, and undisturbed beside the embedded stack. Each
host has a D-Bus and a daemon of its own."""

import subprocess

import segment
from segment import Host, Probe, Segment, key


def found(probe, seed, since=0, limit=5.0, **fields):
    return probe.wait("seen", since, limit, key=key(seed), **fields)


def with_daemon(lan):
    host = Host(lan)
    host.daemon = host.start_avahi_daemon()
    return host


def by_daemon_and_embedded_find_each_other():
    lan = Segment()
    by_daemon, embedded = Probe(with_daemon(lan), "avahi-daemon"), Probe(Host(lan))
    by_daemon.publish(1, 4001)
    embedded.publish(2, 4002)
    found(by_daemon, 2, port=4002)
    found(embedded, 1, port=4001)
    by_daemon.wait("state", published=True, problem="")
    by_daemon.publish(3, 4003)
    found(embedded, 3, port=4003)
    embedded.wait("gone", key=key(1), limit=5)
    embedded.publish(4)
    found(by_daemon, 4)
    by_daemon.wait("gone", key=key(2), limit=5)
    by_daemon.quit()
    embedded.wait("gone", key=key(3), limit=5)


def two_nodes_with_one_daemon_find_each_other():
    host = with_daemon(Segment())
    one, two = Probe(host, "avahi-daemon"), Probe(host, "avahi-daemon")
    one.publish(1)
    two.publish(2)
    found(one, 2)
    found(two, 1)
    one.never("seen", during=1, key=key(1))


def a_daemon_that_comes_later_is_used():
    lan = Segment()
    host = Host(lan)
    early, other = Probe(host, "avahi-daemon"), Probe(Host(lan))
    early.publish(1)
    other.publish(2)
    early.wait("state", published=False, problem="avahi-daemon is not running")
    host.start_avahi_daemon()
    found(early, 2, limit=20)
    found(other, 1)
    early.wait("state", published=True, problem="")


def a_daemon_that_restarts_is_used_again():
    lan = Segment()
    host = with_daemon(lan)
    probe, other = Probe(host, "avahi-daemon"), Probe(Host(lan))
    probe.publish(1)
    other.publish(2)
    found(probe, 2)
    found(other, 1)
    before = len(probe.events)
    host.daemon.kill()
    host.daemon.wait()
    probe.wait("state", before, published=False, problem="avahi-daemon is not running")
    host.run("rm", "-f", "/run/avahi-daemon/pid")
    seen_before = len(other.events)
    host.restart_avahi_daemon()
    probe.wait("state", before, limit=20, published=True, problem="")
    found(other, 1, since=seen_before)
    probe.never("gone", during=2, key=key(2))
    other.publish(3)
    found(probe, 3)


def a_bus_that_restarts_is_used_again():
    lan = Segment()
    host = with_daemon(lan)
    probe, other = Probe(host, "avahi-daemon"), Probe(Host(lan))
    probe.publish(1)
    found(other, 1)
    before = len(probe.events)
    host.bus.kill()
    host.bus.wait()
    probe.wait("state", before, published=False, problem="avahi-daemon is not running")
    host.daemon.kill()
    host.daemon.wait()
    host.run("rm", "-f", "/run/avahi-daemon/pid")
    host.start_avahi_daemon()
    probe.wait("state", before, limit=20, published=True, problem="")
    other.publish(2)
    found(probe, 2)


def only_the_chosen_interfaces_are_used():
    left, right = Segment(), Segment()
    host = Host(left, right)
    host.start_avahi_daemon()
    both = Probe(host, "avahi-daemon", "eth0")
    on_left, on_right = Probe(Host(left)), Probe(Host(right))
    for seed, probe in enumerate((both, on_left, on_right), 1):
        probe.publish(seed)
    found(both, 2)
    found(on_left, 1)
    on_right.never("seen", during=2)
    both.never("seen", during=0, key=key(3))


def resolves(host, name):
    listing = subprocess.run(host.command("timeout", 8, "avahi-browse", "-rpt", "_test._tcp"),
                             check=False, capture_output=True, text=True).stdout
    return f"=;eth0;IPv4;{name};" in listing


def the_embedded_stack_leaves_daemons_alone():
    lan = Segment()
    hosts = {name: with_daemon(lan) for name in ("left", "right")}
    probes = {}
    for seed, (name, host) in enumerate(hosts.items(), 1):
        host.spawn("avahi-publish", "-s", name, "_test._tcp", "1234", stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
        probes[name] = Probe(host)
        probes[name].publish(seed)
    found(probes["left"], 2)
    found(probes["right"], 1)
    assert resolves(hosts["left"], "right")
    assert resolves(hosts["right"], "left")
    probes["left"].quit()
    assert resolves(hosts["right"], "left")


def left_to_choose_it_is_the_embedded_stack():
    lan = Segment()
    chosen, other = Probe(with_daemon(lan), "auto"), Probe(Host(lan), "auto")
    chosen.publish(1)
    other.publish(2)
    found(chosen, 2)
    found(other, 1)
    chosen.wait("state", method=1, published=True)


def a_daemon_that_tolerates_no_other_stack_is_used_itself():
    lan = Segment()
    host = Host(lan)
    host.start_avahi_daemon(exclusive=True)
    chosen, other = Probe(host, "auto"), Probe(Host(lan))
    chosen.publish(1)
    other.publish(2)
    found(chosen, 2, limit=15)
    found(other, 1)
    chosen.wait("state", method=2, published=True, problem="")


if __name__ == "__main__":
    segment.enter()
    segment.run_cases([
        by_daemon_and_embedded_find_each_other,
        two_nodes_with_one_daemon_find_each_other,
        a_daemon_that_comes_later_is_used,
        a_daemon_that_restarts_is_used_again,
        a_bus_that_restarts_is_used_again,
        only_the_chosen_interfaces_are_used,
        the_embedded_stack_leaves_daemons_alone,
        left_to_choose_it_is_the_embedded_stack,
        a_daemon_that_tolerates_no_other_stack_is_used_itself,
    ])
