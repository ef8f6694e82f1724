# SPDX-License-Identifier: ISC
"""Multicast DNS by hand: packets read out of a capture, and packets that no honest stack sends."""

import socket
import struct

GROUP, PORT = "224.0.0.251", 5353
A, PTR, TXT, AAAA, SRV = 1, 12, 16, 28, 33
SERVICE = "_earshot._tcp.local"


def name(text):
    """A name in wire form; labels are text or bytes, the last dot is implied."""
    labels = text.split(".") if isinstance(text, str) else text
    wire = b""
    for label in labels:
        label = label.encode() if isinstance(label, str) else label
        wire += bytes([len(label)]) + label
    return wire + b"\0"


def record(owner, kind, data, ttl=120, flush=True):
    clazz = 0x8001 if flush else 1
    return (owner if isinstance(owner, bytes) else name(owner)) + struct.pack(
        ">HHIH", kind, clazz, ttl, len(data)) + data


def pointer(instance, ttl=120):
    return record(SERVICE, PTR, name([instance, *SERVICE.split(".")]), ttl, flush=False)


def service(instance, host, port, ttl=120):
    return record(name([instance, *SERVICE.split(".")]), SRV,
                  struct.pack(">HHH", 0, 0, port) + name([host, "local"]), ttl)


def text(instance, data, ttl=120):
    return record(name([instance, *SERVICE.split(".")]), TXT, data, ttl)


def address(host, numeric, ttl=120):
    return record(name([host, "local"]), A, socket.inet_aton(numeric), ttl)


def response(*records):
    return struct.pack(">HHHHHH", 0, 0x8400, 0, len(records), 0, 0) + b"".join(records)


def query(*questions):
    return struct.pack(">HHHHHH", 0, 0, len(questions), 0, 0, 0) + b"".join(
        (owner if isinstance(owner, bytes) else name(owner)) + struct.pack(">HH", kind, 1)
        for owner, kind in questions)


class Sender:
    """Sends to the group from port 5353 of the current network namespace."""

    def __init__(self, own_address):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self.socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
        self.socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF,
                               socket.inet_aton(own_address))
        self.socket.bind((own_address, PORT))

    def send(self, packet):
        self.socket.sendto(packet, (GROUP, PORT))


def _read_name(packet, at):
    labels, jumped_to, jumps = [], None, 0
    while (length := packet[at]) != 0:
        if length >= 0xc0:
            jumped_to = at + 2 if jumped_to is None else jumped_to
            at = struct.unpack_from(">H", packet, at)[0] & 0x3fff
            jumps += 1
            assert jumps < 100
            continue
        labels.append(packet[at + 1:at + 1 + length].decode("latin-1"))
        at += 1 + length
    return ".".join(labels), at + 1 if jumped_to is None else jumped_to


def records_of(packet):
    """(owner, type, ttl, data) of every record in all sections; names in data are spelt out."""
    _, _, n_questions, *counts = struct.unpack_from(">HHHHHH", packet)
    at, found = 12, []
    for _ in range(n_questions):
        at = _read_name(packet, at)[1] + 4
    for _ in range(sum(counts)):
        owner, at = _read_name(packet, at)
        kind, _, ttl, length = struct.unpack_from(">HHIH", packet, at)
        at += 10
        data = packet[at:at + length]
        if kind == PTR:
            data = _read_name(packet, at)[0]
        elif kind == SRV:
            data = (struct.unpack_from(">H", packet, at + 4)[0], _read_name(packet, at + 6)[0])
        found.append((owner, kind, ttl, data))
        at += length
    return found


def packets_of(pcap):
    """The multicast DNS payloads of a capture file of Ethernet frames."""
    order = "<" if pcap[:4] == b"\xd4\xc3\xb2\xa1" else ">"
    at, found = 24, []
    while at + 16 <= len(pcap):
        length = struct.unpack_from(order + "I", pcap, at + 8)[0]
        frame = pcap[at + 16:at + 16 + length]
        at += 16 + length
        kind = struct.unpack_from(">H", frame, 12)[0]
        if kind == 0x0800 and frame[23] == socket.IPPROTO_UDP:
            udp = frame[14 + (frame[14] & 15) * 4:]
        elif kind == 0x86dd and frame[20] == socket.IPPROTO_UDP:
            udp = frame[54:]
        else:
            continue
        if struct.unpack_from(">H", udp, 2)[0] == PORT:
            found.append(udp[8:])
    return found
