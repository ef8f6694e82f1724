#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A second reader of the golden vectors: makes each one again from its fields, by docs/protocol.md
and with nothing of Earshot's own code. Prints TAP."""

import struct
import sys

sys.dont_write_bytecode = True

# pylint: disable=wrong-import-position
import e2ee
import primitives as p
import vectors

# --- Section 2: cryptography ----------------------------------------------------------------------


def make_crypto(v):
    kind = v.word("kind")
    if kind == "hash":
        return {"hash": p.blake2b(v.bytes("m"))}
    if kind == "mac":
        return {"mac": p.blake2b(v.bytes("m"), v.number("bytes"), key=v.bytes("key"))}
    if kind == "kdf":
        return {"blocks": p.kdf(v.bytes("key"), v.bytes("label"), v.bytes("m"), v.number("first"),
                                v.number("count"))}
    if kind == "aead":
        return {"sealed": p.aead_seal(v.bytes("key"), v.bytes("nonce"), v.bytes("ad"),
                                      v.bytes("plain"))}
    if kind == "dh":
        return {"public": p.x25519(v.bytes("secret")),
                "shared": p.x25519(v.bytes("secret"), v.bytes("peer"))}
    if kind == "sign":
        seed = v.bytes("seed")
        return {"public": p.sign_public(seed), "dh_secret": p.dh_secret_of(seed),
                "dh_public": p.dh_public_of(p.sign_public(seed)),
                "signature": p.sign(seed, v.bytes("domain"), v.bytes("m"))}
    raise ValueError(kind)


# --- Section 4: envelopes -------------------------------------------------------------------------


def make_envelope(v):
    size = (512, 2048, 8192, 32768)[v.number("class")]
    head = struct.pack("<BB", 1, v.number("class"))
    tail = v.bytes("tag") + v.bytes("sealed")
    assert len(head) + 2 + len(tail) == size
    return {"header": head + struct.pack("<H", v.number("expiry")) + v.bytes("tag"),
            "id": p.blake2b(head + bytes(2) + tail)}


# --- Section 5: records ---------------------------------------------------------------------------


def message_id(numbers):
    return struct.pack("<IQ", *numbers)


def text_body(v):
    reply_to = v.numbers("reply_to")
    return (message_id(v.numbers("id")) + struct.pack("<QQB", v.number("sent_at_ms"),
                                                      v.number("after"), v.number("reply_to_own"))
            + message_id(reply_to) + v.bytes("text"))


def ack_body(v):
    chains = []
    for i in range(v.number("chains")):
        chain, received, *missing = v.numbers(f"chain{i}")
        ranges = list(zip(missing[::2], missing[1::2]))
        chains.append(struct.pack("<IIB", chain, received, len(ranges)) +
                      b"".join(struct.pack("<IH", *r) for r in ranges))
    return struct.pack("<IIIB", v.number("before"), v.number("lost_chain"),
                       v.number("lost_below"), len(chains)) + b"".join(chains)


def ping_body(v):
    return struct.pack("<Q", v.number("token")) + bytes(v.number("pad"))


RECORDS = {
    "text": (1, text_body),
    "ack": (2, ack_body),
    "window": (3, lambda v: struct.pack("<H", v.number("window"))),
    "profile": (4, lambda v: v.bytes("name")),
    "presence": (5, lambda v: struct.pack("<II", v.number("generation"), v.number("index")) +
                 v.bytes("key") + v.bytes("signer")),
    "read": (6, lambda v: message_id(v.numbers("id"))),
    "link_key": (7, lambda v: struct.pack("<I", v.number("serial")) + v.bytes("key")),
    "ping": (8, ping_body),
    "pong": (9, ping_body),
    "answer": (10, lambda v: b""),
    "link_state": (11, lambda v: v.bytes("session") + struct.pack(
        "<IIQ", v.number("chain"), v.number("next"), v.number("wall_ms"))),
}


def make_record(v):
    number, body = RECORDS[v.word("kind")]
    return {"bytes": struct.pack("<BH", number, len(body(v))) + body(v)}


# --- Section 7: frames ----------------------------------------------------------------------------


def envelopes_content(v):
    return b"".join(bytes([copies]) + v.bytes(f"envelope{i}")
                    for i, copies in enumerate(v.numbers("copies")))


FRAMES = {
    "hello": (1, lambda v: struct.pack("<BBH", v.number("version_min"), v.number("version_max"),
                                       v.number("bucket")) + v.bytes("slots")),
    "link": (2, lambda v: v.bytes("envelope")),
    "envelopes": (3, envelopes_content),
    "ack": (4, lambda v: v.bytes("ids")),
    "moved": (5, lambda v: struct.pack("<H", v.number("port")) + v.bytes("key")),
    "ping": (6, lambda v: struct.pack("<Q", v.number("token"))),
    "pong": (7, lambda v: struct.pack("<Q", v.number("token"))),
    "bye": (8, lambda v: bytes([v.number("reason")])),
}


def make_frame(v):
    number, content = FRAMES[v.word("kind")]
    return {"bytes": bytes([number]) + content(v)}


# --- Section 9: adverts and beacons ---------------------------------------------------------------


def make_advert(v):
    presence, nonce, link_key = v.bytes("presence"), v.bytes("nonce"), v.bytes("link_key")
    covered = nonce + struct.pack("<H", v.number("port")) + link_key
    beacon = p.blake2b(b"beacon" + covered, 16, key=presence)
    pad = p.kdf(presence, b"sig", nonce, blocks=2)
    signature = p.sign(v.bytes("signer"), b"earshot presence", covered)
    signature = bytes(a ^ b for a, b in zip(signature, pad))
    strings = [b"v=1", b"n=" + nonce, b"k=" + link_key, b"b=" + beacon, b"s=" + signature]
    if v.has("introduction"):
        strings.append(b"i=" + v.bytes("introduction"))
        strings.append(b"m=" + v.bytes("name").ljust(64, b"\0"))
    return {"next_presence": p.kdf(presence, b"day", b""), "beacon": beacon,
            "signature": signature, "txt": b"".join(bytes([len(s)]) + s for s in strings)}


FILES = {
    "crypto": make_crypto,
    "envelopes": make_envelope,
    "records": make_record,
    "frames": make_frame,
    "adverts": make_advert,
    "e2ee": e2ee.make,
}


def main():
    number = failures = 0
    for file, make in FILES.items():
        for vector in vectors.load(file):
            number += 1
            wrong = {key: value for key, value in make(vector).items()
                     if vector.bytes(key) != value}
            failures += bool(wrong)
            print(f"{'not ok' if wrong else 'ok'} {number} - {file}: {vector.name}")
            for key, value in wrong.items():
                print(f"# {key} = {value.hex(' ')}")
    print(f"1..{number}")
    return failures > 0


if __name__ == "__main__":
    sys.exit(main())
