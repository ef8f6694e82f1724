#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Networks without multicast: addresses given by hand, across a router."""

import segment
from nodes import Node, wait_until
from segment import Host, Segment

NO_DISCOVERY = "[discovery]\nmethod = off\n"
LISTENS = NO_DISCOVERY + "[node]\nlisten = tcp://*:42200\n"


def two_networks():
    """A host on each, and a router that passes no multicast."""
    here, there = Segment(), Segment()
    router = Host()
    for lan in (here, there):
        router.plug(lan, f"10.77.{lan.number}.254/24")
    router.run("sysctl", "-qw", "net.ipv4.ip_forward=1")
    hosts = []
    for lan in (here, there):
        host = Host(lan)
        host.run("ip", "route", "add", "default", "via", f"10.77.{lan.number}.254")
        hosts.append(host)
    return hosts


def up_on_two_networks():
    far, near = two_networks()
    ada, bob = Node(far, "Ada", LISTENS), Node(near, "Bob", NO_DISCOVERY)
    return ada, bob, ada.up(), bob.up()


def endpoint_of(node):
    wait_until(lambda: node.json("status")[0]["endpoints"], "the lasting listener to stand")
    return node.json("status")[0]["endpoints"][0]


def talk(ada, bob):
    bob.run("send", "Ada", "hello", "--wait", "delivered", "--timeout", "10s")
    ada.run("send", "Bob", "hello yourself", "--wait", "delivered", "--timeout", "10s")
    assert ada.texts("Bob") == ["hello"] and bob.texts("Ada") == ["hello yourself"]


def direct(node, who):
    return node.json("label", who)[0]["path"] == "direct"


def by_connect_and_address():
    ada, bob, at_ada, at_bob = up_on_two_networks()
    endpoint = endpoint_of(ada)
    assert ":42200/" in endpoint
    bob.run("connect", endpoint)
    bob.run("add", ada.address)
    at_ada.wait("request", name="Bob")
    ada.run("accept", "Bob")
    at_bob.wait("present", name="Ada")
    at_ada.wait("present", name="Bob")
    talk(ada, bob)
    assert direct(ada, "Bob") and direct(bob, "Ada")


def by_an_invite_that_says_where():
    ada, bob, at_ada, at_bob = up_on_two_networks()
    endpoint_of(ada)
    bob.run("add", ada.json("invite")[0]["link"])
    at_bob.wait("present", name="Ada", limit=10)
    at_ada.wait("present", name="Bob")
    talk(ada, bob)
    assert direct(ada, "Bob") and direct(bob, "Ada")


def both_wait_for_each_other():
    """The listener goes and comes back: same address, same key; what waited arrives."""
    ada, bob, _, at_bob = up_on_two_networks()
    endpoint_of(ada)
    bob.run("add", ada.json("invite")[0]["link"])
    at_bob.wait("present", name="Ada")
    ada.down()
    at_bob.wait("gone", name="Ada")
    bob.run("send", "Ada", "back soon?")
    at_ada = ada.up()
    at_bob.wait("present", count=2, name="Ada", limit=45)
    assert at_ada.wait("message")["text"] == "back soon?"


def a_peer_in_the_settings():
    """It is dialled at every start; the first envelope says whose address it is."""
    ada, bob, _, at_bob = up_on_two_networks()
    endpoint = endpoint_of(ada)
    bob.run("add", ada.json("invite")[0]["link"])
    at_bob.wait("present", name="Ada")
    bob.down()
    with open(bob.home + "/earshot.conf", "a", encoding="utf-8") as file:
        file.write(f"peers = {endpoint}\n")
    at_bob = bob.up()
    bob.run("send", "Ada", "here again", "--wait", "delivered", "--timeout", "20s")
    at_bob.wait("present", name="Ada")
    assert direct(bob, "Ada")


if __name__ == "__main__":
    segment.enter()
    try:
        segment.run_cases([by_connect_and_address, by_an_invite_that_says_where,
                           both_wait_for_each_other, a_peer_in_the_settings])
    finally:
        Node.forget_homes()
