#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""An older copy of a node's database comes back: both sides notice, the session is renewed, nothing
is silent and messages go on both ways."""

import os
import shutil

import segment
from nodes import Control, Node, pair, wait_until


def copy_of(node):
    """The database of a stopped node, as a person copies a folder."""
    folder = Node.folder()
    for name in os.listdir(node.home):
        if os.path.isfile(node.home + "/" + name):
            shutil.copy2(node.home + "/" + name, folder + "/" + name)
    return folder


def put_back(node, folder):
    for name in os.listdir(node.home):
        if name.startswith("earshot.db"):
            os.remove(node.home + "/" + name)
    for name in os.listdir(folder):
        shutil.copy2(folder + "/" + name, node.home + "/" + name)


def talk(ada, bob, word, n):
    """n messages each way, one after the other, so that the ratchet turns."""
    to_bob, to_ada = Control(ada), Control(bob)
    for i in range(n):
        for control, who in ((to_bob, "Bob"), (to_ada, "Ada")):
            sent = control.call("send", conversation=who, text=f"{word} {i}", wait="delivered",
                                wait_ms=20000)
            assert sent["state"] == "delivered", (word, i, sent)


def renewed(node, listener, who):
    listener.wait("renewed", name=who, limit=60)
    assert node.count("sessions_renewed") >= 1
    contact = node.json("contacts")[0]
    assert contact["renewed_since"] == contact["verified"], contact


def noticed_by_both(at_ada, at_bob, ada, bob):
    renewed(ada, at_ada, "Bob")
    renewed(bob, at_bob, "Ada")
    before = len(ada.texts("Bob")), len(bob.texts("Ada"))
    talk(ada, bob, "after", 5)
    assert len(ada.texts("Bob")) == before[0] + 5 and len(bob.texts("Ada")) == before[1] + 5
    for node, who in ((ada, "Bob"), (bob, "Ada")):
        assert node.texts(who)[-5:] == [f"after {i}" for i in range(5)]
        wait_until(lambda node=node: node.json("status")[0]["queued"] == 0, "every receipt")


def an_older_database_is_noticed_by_both():
    ada, bob, at_ada, _ = pair()
    talk(ada, bob, "before", 5)
    bob.down()
    older = copy_of(bob)
    at_bob = bob.up()
    at_bob.wait("present", name="Ada")
    talk(ada, bob, "lost", 5)
    bob.down()
    put_back(bob, older)
    at_bob = bob.up()
    noticed_by_both(at_ada, at_bob, ada, bob)
    texts = bob.texts("Ada")
    assert texts == [f"before {i}" for i in range(5)] + [f"after {i}" for i in range(5)], texts
    assert len(set(ada.texts("Bob"))) == 15 and len(ada.texts("Bob")) == 15


def what_waits_when_it_comes_back_arrives():
    """Both have queued something meanwhile: the one with the older database and the other."""
    ada, bob, at_ada, _ = pair()
    talk(ada, bob, "before", 3)
    bob.down()
    older = copy_of(bob)
    at_bob = bob.up()
    at_bob.wait("present", name="Ada")
    talk(ada, bob, "lost", 10)
    bob.down()
    ada.run("send", "Bob", "-", text="".join(f"waiting {i}\n" for i in range(50)))
    ada.down()
    put_back(bob, older)
    at_bob = bob.up()
    bob.run("send", "Ada", "-", text="".join(f"early {i}\n" for i in range(50)))
    at_ada = ada.up()
    at_bob.wait("message", count=50, limit=60)
    at_ada.wait("message", count=50, limit=60)
    assert bob.texts("Ada")[-50:] == [f"waiting {i}" for i in range(50)]
    assert ada.texts("Bob")[-50:] == [f"early {i}" for i in range(50)]
    noticed_by_both(at_ada, at_bob, ada, bob)


if __name__ == "__main__":
    segment.enter()
    try:
        segment.run_cases([an_older_database_is_noticed_by_both,
                           what_waits_when_it_comes_back_arrives])
    finally:
        Node.forget_homes()
