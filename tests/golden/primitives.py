# SPDX-License-Identifier: ISC
"""The cryptography of docs/protocol.md, section 2, from its specifications and the standard library
alone. Slow, variable in time, and independent of libsodium: that is its use."""

import hashlib
import struct

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def blake2b(data, size=32, **parameters):
    return hashlib.blake2b(data, digest_size=size, **parameters).digest()


def kdf(key, label, data, first=0, blocks=1):
    """KDF(key, label, data)[first .. first+blocks-1]"""
    return b"".join(blake2b(data, key=key, salt=struct.pack("<I", first + i), person=label)
                    for i in range(blocks))


# --- X25519, RFC 7748 ---------------------------------------------------------------------------


def x25519(secret, point=(9).to_bytes(32, "little")):
    scalar = bytearray(secret)
    scalar[0] &= 248
    scalar[31] = scalar[31] & 127 | 64
    scalar = int.from_bytes(scalar, "little")
    x1 = int.from_bytes(point, "little") % 2**255 % P
    x2, z2, x3, z3 = 1, 0, x1, 1
    for bit in range(254, -1, -1):
        swap = scalar >> bit & 1
        if swap:
            x2, z2, x3, z3 = x3, z3, x2, z2
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        aa, bb, da, cb = a * a % P, b * b % P, d * a % P, c * b % P
        e = aa - bb
        x3, z3 = (da + cb)**2 % P, x1 * (da - cb)**2 % P
        x2, z2 = aa * bb % P, e * (aa + 121665 * e) % P
        if swap:
            x2, z2, x3, z3 = x3, z3, x2, z2
    return (x2 * pow(z2, P - 2, P) % P).to_bytes(32, "little")


# --- Ed25519, RFC 8032; points are affine (x, y) --------------------------------------------------


def add(p, q):
    (x1, y1), (x2, y2) = p, q
    k = D * x1 * x2 * y1 * y2 % P
    return ((x1 * y2 + x2 * y1) * pow(1 + k, P - 2, P) % P,
            (y1 * y2 + x1 * x2) * pow(1 - k, P - 2, P) % P)


def multiply(scalar, point):
    result = (0, 1)
    while scalar:
        if scalar & 1:
            result = add(result, point)
        point = add(point, point)
        scalar >>= 1
    return result


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE_X = 15112221349535400772501151409588531511454012693041857206046113283949847762202
BASE = (BASE_X, BASE_Y)


def compress(point):
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


def expand(seed):
    digest = hashlib.sha512(seed).digest()
    scalar = bytearray(digest[:32])
    scalar[0] &= 248
    scalar[31] = scalar[31] & 127 | 64
    return bytes(scalar), digest[32:]


def sign_public(seed):
    return compress(multiply(int.from_bytes(expand(seed)[0], "little"), BASE))


def sign(seed, domain, message):
    message = domain + b"\0" + message
    secret, prefix = expand(seed)
    public = sign_public(seed)
    r = int.from_bytes(hashlib.sha512(prefix + message).digest(), "little") % L
    point = compress(multiply(r, BASE))
    challenge = hashlib.sha512(point + public + message).digest()
    s = (r + int.from_bytes(challenge, "little") * int.from_bytes(secret, "little")) % L
    return point + s.to_bytes(32, "little")


def dh_secret_of(seed):
    return expand(seed)[0]


def dh_public_of(sign_key):
    y = int.from_bytes(sign_key, "little") % 2**255
    return ((1 + y) * pow(1 - y, P - 2, P) % P).to_bytes(32, "little")


# --- XChaCha20-Poly1305, RFC 8439 and draft-irtf-cfrg-xchacha ----------------------------------------

SIGMA = struct.unpack("<4I", b"expand 32-byte k")


def rounds(state):
    def quarter(a, b, c, d):
        for x, y, z, turn in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            s[x] = (s[x] + s[y]) % 2**32
            s[z] ^= s[x]
            s[z] = (s[z] << turn | s[z] >> 32 - turn) % 2**32

    s = list(state)
    for _ in range(10):
        for i in range(4):
            quarter(i, 4 + i, 8 + i, 12 + i)
        for i in range(4):
            quarter(i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4)
    return s


def chacha20_block(key, counter, nonce):
    state = SIGMA + struct.unpack("<8I", key) + (counter,) + struct.unpack("<3I", nonce)
    return struct.pack("<16I", *((a + b) % 2**32 for a, b in zip(state, rounds(state))))


def hchacha20(key, nonce):
    s = rounds(SIGMA + struct.unpack("<8I", key) + struct.unpack("<4I", nonce))
    return struct.pack("<8I", *s[:4], *s[12:])


def poly1305(key, message):
    r = int.from_bytes(key[:16], "little") & 0x0ffffffc0ffffffc0ffffffc0fffffff
    total = 0
    for at in range(0, len(message), 16):
        total = (total + int.from_bytes(message[at:at + 16] + b"\1", "little")) * r % (2**130 - 5)
    return ((total + int.from_bytes(key[16:], "little")) % 2**128).to_bytes(16, "little")


def aead_seal(key, nonce, ad, plain):
    key, nonce = hchacha20(key, nonce[:16]), bytes(4) + nonce[16:]
    stream = b"".join(chacha20_block(key, 1 + i, nonce) for i in range(len(plain) // 64 + 1))
    sealed = bytes(a ^ b for a, b in zip(plain, stream))
    padded = b"".join(part + bytes(-len(part) % 16) for part in (ad, sealed))
    lengths = struct.pack("<QQ", len(ad), len(sealed))
    return sealed + poly1305(chacha20_block(key, 0, nonce)[:32], padded + lengths)
