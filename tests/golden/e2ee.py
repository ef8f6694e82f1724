# SPDX-License-Identifier: ISC
"""Identities, handshake, ratchet and LINK envelopes of docs/protocol.md (sections 3, 6.1 to 6.3 and
8.2), from the sealing side, for check.py."""

import struct

import primitives as p

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def base32(data):
    bits = int.from_bytes(data, "big") << -len(data) * 8 % 5
    count = (len(data) * 8 + 4) // 5
    return "".join(ALPHABET[bits >> 5 * (count - 1 - i) & 31] for i in range(count))


def link(data):
    return "earshot:" + base32(data + p.blake2b(data)[:3])


def padded(plain, size):
    assert len(plain) < size
    return plain + b"\x80" + bytes(size - len(plain) - 1)


def blocks(key, label, data, count):
    made = p.kdf(key, label, data, 0, count)
    return [made[at:at + 32] for at in range(0, len(made), 32)]


# --- Section 3: identities ------------------------------------------------------------------------


def make_address(v):
    return {"text": link(p.sign_public(v.bytes("seed"))).encode()}


def make_invite(v):
    endpoint = b""
    if v.has("host"):
        host = v.bytes("host")
        endpoint = (bytes([len(host)]) + host + struct.pack("<H", v.number("port")) +
                    v.bytes("link_key"))
    body = p.sign_public(v.bytes("seed")) + v.bytes("secret") + endpoint
    return {"text": link((b"\2" if endpoint else b"\1") + body).upper().encode()}


def make_safety(v):
    keys = sorted(p.sign_public(v.bytes(seed)) for seed in ("seed_a", "seed_b"))
    made = p.kdf(bytes(32), b"safety", b"".join(keys), 0, 2)
    groups = (int.from_bytes(made[5 * i:5 * i + 5], "big") % 100000 for i in range(12))
    return {"digits": " ".join(f"{group:05}" for group in groups).encode()}


# --- Sections 6.1 and 6.2: handshake --------------------------------------------------------------


class Person:
    def __init__(self, seed, draws):
        self.address = p.sign_public(seed)
        self.secret = p.dh_secret_of(seed)
        self.draws = draws
        self.session = None

    def draw(self, count):
        drawn, self.draws = self.draws[:count], self.draws[count:]
        assert len(drawn) == count
        return drawn


class Request:
    """What asker and asked know when the request has been made."""

    def __init__(self, v, asker, name, key):
        ephemeral, self.one_time = asker.draw(32), asker.draw(32)
        e = p.x25519(ephemeral)
        self.public = p.x25519(self.one_time)
        head = bytes([1, 0])
        ad = head + e + name
        th0 = p.blake2b(b"\1" + asker.address + name + e)
        k1 = p.kdf(p.x25519(ephemeral, key), b"es", e + name + v.bytes("psk"))
        k2 = p.kdf(k1, b"ss", p.x25519(asker.secret, key) + th0)
        texts = b"".join(bytes([len(t)]) + t for t in (v.bytes("name"), v.bytes("greeting")))
        plain = self.public + bytes([v.number("request_kind")]) + texts
        sealed = (p.aead_seal(k1, bytes(24), ad, asker.address) +
                  p.aead_seal(k2, bytes(24), ad, padded(plain, 396)))
        self.th1 = p.blake2b(th0 + sealed)
        self.gs = p.kdf(k2, b"gs", self.th1)
        self.envelope = head + struct.pack("<H", v.number("expiry")) + bytes(16) + e + sealed


def agree(request, asker, asked, introduced):
    """Both sessions, and the link key."""
    f, r = asked.draw(32), asked.draw(32)
    accepting = p.x25519(f)
    th2 = p.blake2b(request.th1 + request.public + accepting +
                    (asked.address if introduced else b""))
    secrets = (p.x25519(asked.secret, request.public) + p.x25519(asker.secret, accepting) +
               p.x25519(request.one_time, accepting))
    root, seed_a, sid, link_key = blocks(request.gs, b"x3dh", secrets + th2, 4)
    seed_b = p.kdf(request.gs, b"accept", b"")
    asker.session = Session(sid, True, root, seed_a, seed_b)
    asked.session = Session(sid, False, root, seed_b, seed_a)
    asker.session.own = request.one_time
    asked.session.peer = request.public
    asked.session.begin_chain(r)
    asked.session.accepting = accepting + asked.address
    return sid, link_key


# --- Section 6.3: ratchet -------------------------------------------------------------------------


class Session:
    """One side; receiving is told what the sender's header says."""

    def __init__(self, sid, initiator, root, seed, peer_seed):
        self.sid, self.initiator, self.root = sid, initiator, root
        self.next_seed, self.peer_next_seed = seed, peer_seed
        self.own = self.peer = None
        self.chain, self.number, self.previous = -1, 0, 0
        self.seed = self.chain_key = None
        self.accepting = b""
        self.turn = False

    def step(self, seed_name):
        made = blocks(self.root, b"rk", p.x25519(self.own, self.peer), 3)
        self.root = made[0]
        seed = getattr(self, seed_name)
        setattr(self, seed_name, made[2])
        return seed, made[1]

    def begin_chain(self, own):
        self.own = own
        self.previous, self.number = self.number, 0
        self.chain += 1
        self.seed, self.chain_key = self.step("next_seed")
        self.turn = False

    def receive(self, key):
        if key != self.peer:
            self.peer = key
            self.step("peer_next_seed")
            self.turn = True

    def seal(self, person, expiry, records):
        if self.turn:
            self.begin_chain(person.draw(32))
        tag, header_key, self.seed = blocks(self.seed, b"tag", b"", 3)
        message_key, self.chain_key = blocks(self.chain_key, b"msg", b"", 2)
        nonce = person.draw(24)
        accepts = not self.initiator and self.chain == 0
        header = bytes([1, 0]) + struct.pack("<H", self.previous) + p.x25519(self.own)
        header += self.accepting if accepts else b""
        place = (bytes([0 if self.initiator else 1]) + bytes([1, 0]) + tag[:16] +
                 struct.pack("<II", self.chain, self.number))
        hd = p.aead_seal(header_key, nonce, (bytes(32) if accepts else self.sid) + place, header)
        room = 512 - 20 - 24 - len(hd) - 16
        bd = p.aead_seal(message_key, nonce, self.sid + place + hd, padded(records, room))
        self.number += 1
        return bytes([1, 0]) + struct.pack("<H", expiry) + tag[:16] + nonce + hd + bd


def make_conversation(v):
    asker = Person(v.bytes("seed_a"), v.bytes("draws_a"))
    asked = Person(v.bytes("seed_b"), v.bytes("draws_b"))
    introduced = v.has("introduction")
    key = p.x25519(v.bytes("introduction")) if introduced else p.dh_public_of(asked.address)
    request = Request(v, asker, key if introduced else asked.address, key)
    sid, link_key = agree(request, asker, asked, introduced)
    made = {"request": request.envelope, "gs": request.gs, "th1": request.th1, "session": sid,
            "link_key": link_key}
    for i, sender in enumerate(v.numbers("senders")):
        person, other = (asker, asked) if sender == 0 else (asked, asker)
        made[f"envelope{i}"] = person.session.seal(person, v.number("expiry"),
                                                   v.bytes(f"records{i}"))
        other.session.receive(p.x25519(person.session.own))
    assert not asker.draws and not asked.draws
    return made


# --- Sections 6.2 and 8.2: envelopes of their own -------------------------------------------------


def oneshot(v, secret, label, data, plain):
    tag, key = blocks(secret, label, data, 2)
    sealed = p.aead_seal(key, v.bytes("nonce"), bytes([1, 0]) + tag[:16], padded(plain, 452))
    head = bytes([1, 0]) + struct.pack("<H", v.number("expiry")) + tag[:16]
    return {"envelope": head + v.bytes("nonce") + sealed}


def make_link(v):
    data = bytes([v.number("role")]) + v.bytes("server") + v.bytes("client")
    return oneshot(v, v.bytes("link_key"), b"link", data, v.bytes("records"))


def make_refusal(v):
    return oneshot(v, v.bytes("gs"), b"refuse", b"", bytes([v.number("reason")]))


MAKERS = {
    "address": make_address,
    "invite": make_invite,
    "safety": make_safety,
    "conversation": make_conversation,
    "link": make_link,
    "refusal": make_refusal,
}


def make(v):
    return MAKERS[v.word("kind")](v)
