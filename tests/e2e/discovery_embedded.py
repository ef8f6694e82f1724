#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The embedded mDNS stack on real segments: who finds whom, and what changes of the network do."""

import segment
from segment import Host, Probe, Segment, key

# What `earshot up` may take in all is 5 s; discovery gets the smaller part.
FOUND_WITHIN = 2.0


def found(probe, seed, since=0, limit=FOUND_WITHIN, **fields):
    return probe.wait("seen", since, limit, key=key(seed), **fields)


def two_nodes_find_each_other_over_both_families():
    lan = Segment()
    old, new = Probe(Host(lan)), Probe(Host(lan))
    old.publish(1, 4001)
    old.wait("state", published=True)
    new.publish(2, 4002)
    for probe, seed, port in ((new, 1, 4001), (old, 2, 4002)):
        probe.wait("seen", key=key(seed), port=port, limit=FOUND_WITHIN)
        probe.wait_for(lambda p=probe, s=seed: {
            "v6" if e["host"].startswith("fe80::") and e["host"].endswith("%eth0") else
            "v4" if e["host"].startswith("10.77.") else e["host"]
            for e in p.matching("seen", key=key(s))} == {"v4", "v6"})


def nobody_sees_themselves():
    lan = Segment()
    alone = Probe(Host(lan))
    alone.publish(1)
    alone.never("seen", during=3)


def two_nodes_on_one_host_find_each_other():
    lan = Segment()
    host = Host(lan)
    one, two, third = Probe(host), Probe(host), Probe(Host(lan))
    one.publish(1, 4001)
    two.publish(2, 4002)
    found(one, 2, port=4002)
    found(two, 1, port=4001)
    found(third, 1)
    found(third, 2)


def two_nodes_on_one_host_without_network_find_each_other():
    host = Host()
    one, two = Probe(host), Probe(host)
    one.publish(1)
    two.publish(2)
    found(one, 2, host="127.0.0.1")
    found(two, 1, host="127.0.0.1")
    one.wait("state", interfaces=0,
             problem="no network: only nodes on this computer can be found")


def a_new_period_replaces_the_old_one():
    lan = Segment()
    turning, watching = Probe(Host(lan)), Probe(Host(lan))
    names = turning.publish(1, 4001)
    found(watching, 1)
    later = turning.publish(2, 4002)
    assert names["instance"] != later["instance"] and names["host"] != later["host"]
    found(watching, 2, port=4002)
    watching.wait("gone", key=key(1), limit=3)
    watching.never("gone", during=1, key=key(2))


def a_visible_advert_brings_its_name():
    lan = Segment()
    visible, watching = Probe(Host(lan)), Probe(Host(lan))
    visible.publish(1, name="Zoë ☂")
    found(watching, 1, visible=True, name="Zoë ☂".encode().hex())
    visible.publish(2)
    found(watching, 2, visible=False, name="")


def withdrawing_and_leaving_say_goodbye():
    lan = Segment()
    leaving, watching = Probe(Host(lan)), Probe(Host(lan))
    leaving.publish(1)
    found(watching, 1)
    leaving.tell("withdraw")
    watching.wait("gone", key=key(1), limit=3)
    leaving.publish(2)
    found(watching, 2)
    leaving.quit()
    watching.wait("gone", key=key(2), limit=3)


def who_browses_without_publishing_is_not_seen():
    lan = Segment()
    silent, watching = Probe(Host(lan)), Probe(Host(lan))
    watching.publish(1)
    found(silent, 1)
    watching.never("seen", during=2)


def an_interface_that_comes_later_is_used():
    lan = Segment()
    late = Host()
    probe, other = Probe(late), Probe(Host(lan))
    probe.publish(1)
    other.publish(2)
    probe.wait("state", interfaces=0)
    late.plug(lan)
    probe.wait("state", interfaces=1, published=True, problem="", limit=5)
    found(probe, 2, limit=5)
    found(other, 1, limit=5)


def an_interface_that_goes_takes_its_neighbours_along():
    lan = Segment()
    host = Host(lan)
    probe, other = Probe(host), Probe(Host(lan))
    other.publish(2)
    probe.publish(1)
    found(probe, 2)
    host.unplug("eth0")
    probe.wait("state", interfaces=0, limit=5)
    probe.wait("gone", key=key(2), limit=5)


def a_changed_address_is_advertised_under_fresh_names():
    lan = Segment()
    host = Host(lan)
    probe, other = Probe(host), Probe(Host(lan))
    probe.publish(1)
    found(other, 1)
    before = len(other.events)
    host.run("ip", "addr", "flush", "dev", "eth0", "scope", "global")
    host.run("ip", "addr", "add", f"10.77.{lan.number}.200/24", "dev", "eth0")
    found(other, 1, since=before, limit=5, host=f"10.77.{lan.number}.200")
    other.never("gone", during=3, key=key(1))


def only_the_chosen_interfaces_are_used():
    left, right = Segment(), Segment()
    both = Probe(Host(left, right), interfaces="eth0")
    on_left, on_right = Probe(Host(left)), Probe(Host(right))
    for seed, probe in enumerate((both, on_left, on_right), 1):
        probe.publish(seed)
    found(both, 2)
    found(on_left, 1)
    on_right.never("seen", during=2)
    both.never("seen", during=0, key=key(3))


def a_node_on_two_segments_sees_both_and_joins_neither():
    left, right = Segment(), Segment()
    both = Probe(Host(left, right))
    on_left, on_right = Probe(Host(left)), Probe(Host(right))
    for seed, probe in enumerate((both, on_left, on_right), 1):
        probe.publish(seed)
    found(both, 2)
    found(both, 3)
    found(on_left, 1)
    found(on_right, 1)
    on_left.never("seen", during=2, key=key(3))
    for event in on_left.matching("seen", key=key(1)):
        assert event["host"].startswith(("fe80::", f"10.77.{left.number}.")), event


def an_address_on_a_foreign_network_is_refused():
    lan = Segment()
    foreign = Host()
    foreign.run("sysctl", "-qw", "net.ipv6.conf.default.disable_ipv6=1")
    foreign.plug(lan, "203.0.113.7/24")
    stray, watching = Probe(foreign), Probe(Host(lan))
    stray.publish(1)
    watching.wait("refused", limit=5)
    watching.never("seen", during=1)


def a_clock_that_jumped_starts_afresh_and_loses_nobody():
    lan = Segment()
    sleeper, other = Probe(Host(lan)), Probe(Host(lan))
    sleeper.publish(1)
    other.publish(2)
    found(sleeper, 2)
    found(other, 1)
    before = len(other.events)
    sleeper.tell("jump 3600000")
    found(other, 1, since=before, limit=5)
    sleeper.never("gone", during=2)
    # What left meanwhile is noticed: there is no goodbye in a cache that was emptied.
    other.kill()
    before = len(sleeper.events)
    sleeper.tell("jump 3600000")
    sleeper.wait("gone", before, key=key(2), limit=15)


def thirty_nodes_that_start_together_all_find_each_other():
    lan = Segment()
    probes = [Probe(Host(lan)) for _ in range(30)]
    for seed, probe in enumerate(probes, 1):
        probe.tell(f"publish {seed} {4000 + seed}")
    for probe in probes:
        probe.wait_for(lambda p=probe: len({e["key"] for e in p.matching("seen")}) == 29, limit=20)


if __name__ == "__main__":
    segment.enter()
    segment.run_cases([
        two_nodes_find_each_other_over_both_families,
        nobody_sees_themselves,
        two_nodes_on_one_host_find_each_other,
        two_nodes_on_one_host_without_network_find_each_other,
        a_new_period_replaces_the_old_one,
        a_visible_advert_brings_its_name,
        withdrawing_and_leaving_say_goodbye,
        who_browses_without_publishing_is_not_seen,
        an_interface_that_comes_later_is_used,
        an_interface_that_goes_takes_its_neighbours_along,
        a_changed_address_is_advertised_under_fresh_names,
        only_the_chosen_interfaces_are_used,
        a_node_on_two_segments_sees_both_and_joins_neither,
        an_address_on_a_foreign_network_is_refused,
        a_clock_that_jumped_starts_afresh_and_loses_nobody,
        thirty_nodes_that_start_together_all_find_each_other,
    ])
