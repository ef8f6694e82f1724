# SPDX-License-Identifier: ISC
"""What must not be seen by others, in every encoding that somebody may think of."""

import base64
import random

_RFC4648 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_TO_CROCKFORD = str.maketrans(_RFC4648, _CROCKFORD)
_PRIME = 2 ** 255 - 19
KEY_PREFIX = 8


def _base32(value):
    return base64.b32encode(value).decode().rstrip("=")


def _crockford(value):
    return _base32(value).translate(_TO_CROCKFORD)


# Name: bits a character, encoder from bytes to text.
_BASES = {
    "base32": (5, _base32),
    "base32 lower": (5, lambda value: _base32(value).lower()),
    "crockford": (5, _crockford),
    "crockford lower": (5, lambda value: _crockford(value).lower()),
    "base64": (6, lambda value: base64.b64encode(value).decode().rstrip("=")),
    "base64url": (6, lambda value: base64.urlsafe_b64encode(value).decode().rstrip("=")),
}
_ALIGNMENTS = {5: 5, 6: 3}
_PLAIN = {
    "raw": lambda value: value,
    "reversed": lambda value: value[::-1],
    "hex": lambda value: value.hex().encode(),
    "hex upper": lambda value: value.hex().upper().encode(),
}
_TEXT = {
    "utf-16-le": lambda value: value.decode().encode("utf-16-le"),
    "utf-16-be": lambda value: value.decode().encode("utf-16-be"),
}


class Secret:
    """A value and the byte strings that would betray it. Of a key its first bytes are enough."""

    def __init__(self, name, value, is_text):
        self.name = name
        self.value = value
        self.plain = _PLAIN | (_TEXT if is_text else {})
        self.prefix = value if is_text else value[:KEY_PREFIX]
        if not is_text:
            self.plain["reversed"] = lambda value: value[KEY_PREFIX - 1::-1]
        self.needles = {(name, None): encode(self.prefix) for name, encode in self.plain.items()}
        for base, (bits, encode) in _BASES.items():
            for before in range(_ALIGNMENTS[bits]):
                text = encode(b"\0" * before + self.prefix)
                first = -(-8 * before // bits)
                last = 8 * (before + len(self.prefix)) // bits
                self.needles[base, before] = text[first:last].encode()

    def found_in(self, haystack):
        return [f"{self.name} as {encoding} at {before}"
                for (encoding, before), needle in self.needles.items() if needle in haystack]

    def plants(self):
        """The whole value as others would write it, for each needle: among other bytes."""
        for encoding, before in self.needles:
            if before is None:
                yield (encoding, before), self.plain[encoding](self.value)
            else:
                among = random.randbytes(before) + self.value + random.randbytes(4)
                yield (encoding, before), _BASES[encoding][1](among).encode()

    def check_control(self, haystack):
        """Every needle would be found in this haystack if it were there."""
        for label, planted in self.plants():
            at = random.randrange(len(haystack) + 1)
            assert self.needles[label] in haystack[:at] + planted + haystack[at:], (self.name, label)


def text(name, value):
    return Secret(name, value.encode(), True)


def key_of(address):
    """The identity key that an address spells out."""
    digits = address.removeprefix("earshot:").upper()
    number = 0
    for digit in digits:
        number = number * 32 + _CROCKFORD.index(digit)
    return number.to_bytes(len(digits) * 5 // 8, "big")[:32]


def keys(name, address):
    """An identity key in both of its forms."""
    ed25519 = key_of(address)
    y = int.from_bytes(ed25519, "little") & (2 ** 255 - 1)
    x25519 = ((1 + y) * pow(1 - y, -1, _PRIME) % _PRIME).to_bytes(32, "little")
    return [Secret(f"the identity key of {name}", ed25519, False),
            Secret(f"the X25519 key of {name}", x25519, False)]


def found(secrets, haystack):
    return [label for secret in secrets for label in secret.found_in(haystack)]
