# SPDX-License-Identifier: ISC
"""ZMTP as no honest node speaks it: by raw sockets, and through libzmq with keys that fit."""

import ctypes
import os
import random
import resource
import socket
import struct
import threading
import time

_CLONE_NEWNET = 0x40000000
_DEALER = 5
_LINGER, _SNDTIMEO, _IMMEDIATE, _RECONNECT = 17, 28, 39, 18
_PUBLIC, _SECRET, _SERVER = 48, 49, 50
_SNDMORE = 2
HANDSHAKE_MS = 2000
ENVELOPE_BYTES = 512
_EPOCH_MS, _BUCKET_MS = 1735689600000, 21600000
WELCOME = b"\x07WELCOME"


def inside(host, act, *args):
    """Runs act(*args) on a thread within the host's network and returns what it returns."""
    libc = ctypes.CDLL(None, use_errno=True)
    outcome = []

    def enter_and_act():
        try:
            with open(f"/proc/{host.holder.pid}/ns/net", "rb") as net:
                if libc.setns(net.fileno(), _CLONE_NEWNET):
                    raise OSError(ctypes.get_errno(), "setns")
            outcome.append((act(*args), None))
        except BaseException as error:  # pylint: disable=broad-except
            outcome.append((None, error))

    thread = threading.Thread(target=enter_and_act)
    thread.start()
    thread.join()
    result, error = outcome[0]
    if error:
        raise error
    return result


# --- By hand ------------------------------------------------------------------------------------


def greeting(mechanism=b"CURVE", version=b"\3\1"):
    return (b"\xff" + bytes(8) + b"\x7f" + version + mechanism.ljust(20, b"\0") + b"\0" + bytes(31))


def command(name, body):
    content = bytes([len(name)]) + name + body
    return b"\x06" + struct.pack(">Q", len(content)) + content


def hello(client_key, box=None):
    """A HELLO; without a box that opens with no key."""
    return command(b"HELLO", b"\1\0" + bytes(72) + client_key + (box or random.randbytes(8 + 80)))


def hello_box(shared):
    """What opens for whoever agrees on this secret: a box of 64 zeros."""
    sodium = ctypes.CDLL("libsodium.so.23")
    key, box = ctypes.create_string_buffer(32), ctypes.create_string_buffer(80)
    sodium.crypto_core_hsalsa20(key, bytes(16), shared, None)
    nonce = bytes(8)
    sodium.crypto_box_easy_afternm(box, bytes(64), ctypes.c_ulonglong(64),
                                   b"CurveZMQHELLO---" + nonce, key)
    return nonce + box.raw


def agree(target):
    """A client key and what it shares with the server."""
    sodium = ctypes.CDLL("libsodium.so.23")
    secret, public, shared = os.urandom(32), *(ctypes.create_string_buffer(32) for _ in range(2))
    sodium.crypto_scalarmult_base(public, secret)
    assert sodium.crypto_scalarmult(shared, secret, target.key) == 0
    return public.raw, shared.raw


def say(target, *parts):
    """Each part as it is, then the connection is closed. Being refused is what may happen."""
    try:
        with socket.create_connection(target.at, timeout=3) as connection:
            for part in parts:
                connection.sendall(part)
    except OSError:
        pass


def answer(target, *parts):
    """Everything that the other side says until it hangs up."""
    heard = b""
    with socket.create_connection(target.at, timeout=HANDSHAKE_MS / 1000 + 2) as connection:
        for part in parts:
            connection.sendall(part)
        try:
            while WELCOME not in heard and (more := connection.recv(4096)):
                heard += more
        except ConnectionError:
            pass
    return heard


class Silent:
    """Connections that say nothing."""

    def __init__(self, target, count):
        limit = max(2 * count, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
        self.sockets = []
        for _ in range(count):
            self.sockets.append(socket.create_connection(target.at, timeout=30))

    def close(self):
        for connection in self.sockets:
            connection.close()


class Relay:
    """Somebody on the way: hears what a client says to the target, and may turn one bit of it."""

    def __init__(self, target, flip_at=None):
        self.said = b""
        self.flip_at = flip_at
        self.key = target.key
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.at = self.listener.getsockname()
        self.target = socket.create_connection(target.at, timeout=30)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        try:
            client = self.listener.accept()[0]
            threading.Thread(target=self._pass, args=(self.target, client), daemon=True).start()
            self._pass(client, self.target)
        except OSError:
            pass

    def _pass(self, source, sink):
        try:
            while chunk := source.recv(4096):
                if sink is self.target:
                    chunk = self._altered(chunk)
                sink.sendall(chunk)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def _altered(self, chunk):
        at = -1 if self.flip_at is None else self.flip_at - len(self.said)
        self.said += chunk
        if 0 <= at < len(chunk):
            chunk = chunk[:at] + bytes([chunk[at] ^ 1]) + chunk[at + 1:]
        return chunk

    def close(self):
        self.listener.close()
        self.target.close()


# --- By libzmq ----------------------------------------------------------------------------------


class Client:
    """libzmq with a throwaway key, for a server's key. It connects once; what it has taken still goes
    out when it is closed."""

    def __init__(self, target, key=None):
        self.lib = ctypes.CDLL("libzmq.so.5", use_errno=True)
        for name in ("zmq_ctx_new", "zmq_socket"):
            getattr(self.lib, name).restype = ctypes.c_void_p
        self.context = ctypes.c_void_p(self.lib.zmq_ctx_new())
        self.socket = ctypes.c_void_p(self.lib.zmq_socket(self.context, _DEALER))
        public, secret = ctypes.create_string_buffer(41), ctypes.create_string_buffer(41)
        self.lib.zmq_curve_keypair(public, secret)
        for option, number in ((_LINGER, HANDSHAKE_MS), (_SNDTIMEO, HANDSHAKE_MS), (_IMMEDIATE, 1),
                               (_RECONNECT, -1)):
            self._set(option, struct.pack("i", number))
        self._set(_PUBLIC, public.raw)
        self._set(_SECRET, secret.raw)
        self._set(_SERVER, key or target.key)
        host, port = target.at
        assert self.lib.zmq_connect(self.socket, f"tcp://{host}:{port}".encode()) == 0

    def _set(self, option, value):
        assert self.lib.zmq_setsockopt(self.socket, option, value, ctypes.c_size_t(len(value))) == 0

    def send(self, part, more=False):
        """False: no connection came about, or it has ended."""
        return self.lib.zmq_send(self.socket, part, ctypes.c_size_t(len(part)),
                                 _SNDMORE if more else 0) == len(part)

    def greet(self):
        """As any stranger does, protocol section 8.1."""
        assert self.send(b"\1\1\1" + struct.pack("<H", bucket()) + os.urandom(256))
        assert self.send(b"\2" + b"\1\0" + struct.pack("<H", bucket() + 8) +
                         os.urandom(ENVELOPE_BYTES - 4))
        return self

    def offer(self, *envelopes):
        return self.send(b"\3" + b"".join(b"\0" + envelope for envelope in envelopes))

    def close(self):
        self.lib.zmq_close(self.socket)
        self.lib.zmq_ctx_term(self.context)


def bucket():
    """Of now, protocol section 4.2."""
    return (time.time_ns() // 1000000 - _EPOCH_MS) // _BUCKET_MS
